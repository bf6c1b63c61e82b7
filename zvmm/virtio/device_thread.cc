#include "virtio/device_thread.h"

#include <bit>
#include <utility>

#include "host/start_thread.h"

namespace zvmm {

absl::StatusOr<std::unique_ptr<DeviceThread>> DeviceThread::Start(std::string name,
                                                                  Handler handler) {
  std::unique_ptr<DeviceThread> thread(new DeviceThread(std::move(handler)));
  auto started = StartThread(std::move(name), [self = thread.get()] { self->Main(); });
  if (!started.ok()) {
    return started.status();
  }
  thread->thread_ = *std::move(started);
  return thread;
}

DeviceThread::~DeviceThread() {
  if (!thread_.joinable()) {
    return;
  }
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  work_.notify_one();
  thread_.join();
}

void DeviceThread::Wake(unsigned index) {
  {
    std::lock_guard lock(mutex_);
    woken_ |= uint32_t{1} << index;
  }
  work_.notify_one();
}

void DeviceThread::Main() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return woken_ != 0 || ending_; });
    if (woken_ == 0) {
      return;
    }
    // Before the look at the queue: who wakes from now on is seen, or wakes anew.
    uint32_t queues = std::exchange(woken_, 0);
    lock.unlock();
    for (; queues != 0; queues &= queues - 1) {
      handler_(static_cast<unsigned>(std::countr_zero(queues)));
    }
    lock.lock();
  }
}

}  // namespace zvmm
