// The host's monotonic time, the one clock of the library's deadlines, and the clock that also runs
// while the host is suspended.
// Thread safety: any thread.

#pragma once

#include <cstdint>
#include <ctime>

namespace zircon::base {

// Nanoseconds of CLOCK_MONOTONIC.
inline int64_t MonotonicNow() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

// Nanoseconds of CLOCK_BOOTTIME.
inline int64_t BootNow() {
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

}  // namespace zircon::base
