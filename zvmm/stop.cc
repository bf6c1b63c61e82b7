#include "stop.h"

#include <utility>

namespace zvmm {

bool StopLatch::Request(StopRequest request) {
  {
    std::lock_guard lock(mutex_);
    if (requested_.load(std::memory_order_relaxed)) {
      return false;
    }
    request_ = std::move(request);
    if (panic_end_ && (request_.reason == StopRequest::Reason::kPowerOff ||
                       request_.reason == StopRequest::Reason::kReset)) {
      request_.reason = StopRequest::Reason::kPanic;
    }
    requested_.store(true, std::memory_order_seq_cst);
  }
  changed_.notify_all();
  return true;
}

void StopLatch::Panic() {
  {
    std::lock_guard lock(mutex_);
    if (panic_end_) {
      return;
    }
    panic_end_ = std::chrono::steady_clock::now() + panic_time_;
  }
  changed_.notify_all();
}

StopRequest StopLatch::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return requested() || panic_end_.has_value(); });
  if (!requested() && !changed_.wait_until(lock, *panic_end_, [this] { return requested(); })) {
    request_ = {.reason = StopRequest::Reason::kPanic};
    requested_.store(true, std::memory_order_seq_cst);
  }
  return request_;
}

}  // namespace zvmm
