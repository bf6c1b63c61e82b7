// The host's monotonic time, the one clock of the library's deadlines, and the clock that also runs
// while the host is suspended.
// Thread safety: any thread.

#pragma once

#include <cstdint>
#include <ctime>

namespace zircon::base {

// Nanoseconds of one of the host's clocks that every process has.
inline int64_t NowOf(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

// Nanoseconds of CLOCK_MONOTONIC.
inline int64_t MonotonicNow() { return NowOf(CLOCK_MONOTONIC); }

// Nanoseconds of CLOCK_BOOTTIME.
inline int64_t BootNow() { return NowOf(CLOCK_BOOTTIME); }

}  // namespace zircon::base
