#include "host/alarm_thread.h"

#include "host/start_thread.h"

namespace zvmm {

absl::Status AlarmThread::Start(const std::string& name) {
  auto thread = StartThread(name, [this] { Main(); });
  if (!thread.ok()) return thread.status();
  thread_ = *std::move(thread);
  return absl::OkStatus();
}

void AlarmThread::Stop() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void AlarmThread::Set(std::chrono::nanoseconds when) {
  {
    const std::lock_guard lock(mutex_);
    if (when == when_) return;
    when_ = when;
  }
  changed_.notify_one();
}

void AlarmThread::Main() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (when_ == kNever) {
      changed_.wait(lock);
    } else if (MonotonicNow() < when_) {
      changed_.wait_until(lock, std::chrono::steady_clock::time_point(when_));
    } else {
      // Once: who is rung for says when the next time is. Without the mutex, for that is Set().
      when_ = kNever;
      lock.unlock();
      ring_();
      lock.lock();
    }
  }
}

}  // namespace zvmm
