#include "objects/parker.h"

#include "base/futex.h"
#include "base/monotonic.h"

namespace zircon::objects {

bool Parker::Park(zx_time_t deadline) {
  for (;;) {
    uint32_t seen = kAwake;
    // acquire: pairs with Unpark(); what the waker wrote before is seen.
    if (!state_.compare_exchange_strong(seen, kAsleep, std::memory_order_acquire) &&
        seen == kUnparked) {
      return true;
    }
    base::FutexWait(state_, kAsleep, deadline);
    // acquire: as above, and for the same reason.
    if (state_.load(std::memory_order_acquire) == kUnparked) return true;
    if (deadline != ZX_TIME_INFINITE && deadline <= base::MonotonicNow()) return false;
  }
}

void Parker::Unpark() {
  std::atomic<uint32_t>& word = state_;
  // release: pairs with Park(). From here on the parker may be gone: only its address is used, and
  // should something else wait on a futex there by now, that is a wake-up which it must expect.
  if (word.exchange(kUnparked, std::memory_order_release) == kAsleep) base::FutexWakeAll(word);
}

}  // namespace zircon::objects
