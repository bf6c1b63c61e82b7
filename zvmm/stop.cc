#include "stop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace zvmm {

StopLatch::StopLatch() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

StopLatch::~StopLatch() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

void StopLatch::Request(StopRequest request) {
  {
    std::lock_guard lock(mutex_);
    if (requested_.load(std::memory_order_relaxed)) {
      return;
    }
    request_ = std::move(request);
    requested_.store(true, std::memory_order_seq_cst);
  }
  const uint64_t one = 1;
  // Cannot fail: the counter is far from its limit and the descriptor is ours.
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof(one));
}

StopRequest StopLatch::request() const {
  std::lock_guard lock(mutex_);
  return request_;
}

}  // namespace zvmm
