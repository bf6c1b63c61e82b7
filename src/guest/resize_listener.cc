#include "guest/resize_listener.h"

#include <zircon/errors.h>

#include "guest/guest_space.h"

namespace zircon::guest {

void ResizeListener::Forget() {
  base::MutexLock lock(mutex_);
  space_ = nullptr;
  gone_.store(true, std::memory_order_relaxed);
}

zx_status_t ResizeListener::OnResize(const objects::VmoPages* pages, uint64_t size) {
  base::MutexLock lock(mutex_);
  return space_ == nullptr ? ZX_OK : space_->OnResize(pages, size);
}

}  // namespace zircon::guest
