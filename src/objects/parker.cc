#include "objects/parker.h"

#include <sched.h>
#include <x86intrin.h>

#include "base/futex.h"
#include "base/later_wakes.h"
#include "base/monotonic.h"

namespace zircon::objects {
namespace {

// How long a thread that waits looks before it sleeps, in ticks of the processor's counter: 40 to
// 80 microseconds. Who answers within that time and sees nobody asleep makes no system call either.
// Whoever is waited for may have to be woken first, on a processor that sleeps: two that have once
// begun to sleep would else never look at the same time, and go on sleeping.
constexpr uint64_t kLook = 160'000;

// Whether there is a processor for whoever is waited for.
bool HasTwoProcessors() {
  cpu_set_t usable;
  return sched_getaffinity(0, sizeof(usable), &usable) == 0 && CPU_COUNT(&usable) > 1;
}

// Whether the calling thread's looking has been of use lately. Where it has not, it is tried with
// one sleep of many, so that a thread that mostly waits for long spends next to nothing on it.
class Patience {
 public:
  bool Wanted() {
    // relaxed: the answer is all there is, and the same for all who come first.
    static constinit std::atomic<int8_t> several{-1};
    int8_t known = several.load(std::memory_order_relaxed);
    if (known < 0) [[unlikely]] {
      known = HasTwoProcessors() ? 1 : 0;
      several.store(known, std::memory_order_relaxed);
    }
    if (known == 0) return false;
    if (tries_ == 0 && ++sleeps_ == kSleeps) {
      sleeps_ = 0;
      tries_ = 1;
    }
    return tries_ != 0;
  }
  void Paid() { tries_ = kTries; }
  void WasInVain() { --tries_; }

 private:
  static constexpr uint8_t kTries = 8;
  static constexpr uint8_t kSleeps = 32;
  uint8_t tries_ = 1;
  uint8_t sleeps_ = 0;
};

constinit thread_local Patience t_patience __attribute__((tls_model("initial-exec")));

}  // namespace

bool Parker::Look() const {
  if (!t_patience.Wanted()) return false;
  const uint64_t begin = __rdtsc();
  while (__rdtsc() - begin < kLook) {
    // acquire: pairs with Unpark(); what the waker wrote before is seen.
    if (state_.load(std::memory_order_acquire) == kUnparked) {
      t_patience.Paid();
      return true;
    }
    __builtin_ia32_pause();
  }
  t_patience.WasInVain();
  return false;
}

bool Parker::Park(zx_time_t deadline) {
  // acquire: as below.
  if (state_.load(std::memory_order_acquire) == kUnparked) return true;
  // Who only asks, asks once. A deadline that comes while this looks is seen after it.
  if (deadline > 0 && Look()) return true;
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

bool Parker::MustWake() {
  // release: pairs with Park(). From here on the parker may be gone: only its address is used, and
  // should something else wait on a futex there by now, that is a wake-up which it must expect.
  return state_.exchange(kUnparked, std::memory_order_release) == kAsleep;
}

void Parker::Unpark() {
  std::atomic<uint32_t>& word = state_;
  if (MustWake()) base::FutexWakeAll(word);
}

void Parker::UnparkLater() {
  std::atomic<uint32_t>& word = state_;
  if (MustWake()) base::LaterWakes::Wake(word);
}

}  // namespace zircon::objects
