#include "objects/parker.h"

#include "base/futex.h"
#include "base/monotonic.h"

namespace zircon::objects {

bool Parker::Park(zx_time_t deadline) {
  // acquire: pairs with Unpark(); what the waker wrote before is seen.
  while (unparked_.load(std::memory_order_acquire) == 0) {
    base::FutexWait(unparked_, 0, deadline);
    // acquire: as above, and for the same reason.
    if (unparked_.load(std::memory_order_acquire) != 0) break;
    if (deadline != ZX_TIME_INFINITE && deadline <= base::MonotonicNow()) return false;
  }
  return true;
}

void Parker::Unpark() {
  std::atomic<uint32_t>& word = unparked_;
  // release: pairs with Park(). From here on the parker may be gone: only its address is used, and
  // should something else wait on a futex there by now, that is a wake-up which it must expect.
  word.store(1, std::memory_order_release);
  base::FutexWakeAll(word);
}

}  // namespace zircon::objects
