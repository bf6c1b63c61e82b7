// TscClock: between the time-stamp counter, in which the guest sets its timers (its TSC is the
// host's), and CLOCK_MONOTONIC, in which the host's timers are set.
// Thread safety: immutable.

#pragma once

#include <x86intrin.h>

#include <cstdint>

#include "base/monotonic.h"

namespace zircon::vcpu::x86 {

class TscClock {
 public:
  TscClock() = default;
  explicit TscClock(uint32_t khz) : khz_(khz) {}

  static uint64_t Now() { return __rdtsc(); }

  // The monotonic time, in nanoseconds, at which the counter will be `tsc`; now if that is past.
  int64_t MonotonicAt(uint64_t tsc) const {
    const int64_t now = base::MonotonicNow();
    const uint64_t counter = Now();
    if (tsc <= counter) return now;
    constexpr unsigned __int128 kNanosecondsPerMillisecond = 1'000'000;
    const unsigned __int128 delay = (tsc - counter) * kNanosecondsPerMillisecond / khz_;
    constexpr int64_t kFarAway = INT64_MAX / 2;
    return delay > static_cast<unsigned __int128>(kFarAway) ? kFarAway
                                                            : now + static_cast<int64_t>(delay);
  }

 private:
  uint32_t khz_ = 1'000'000;
};

}  // namespace zircon::vcpu::x86
