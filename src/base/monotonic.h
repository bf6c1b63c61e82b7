// The host's monotonic time, the one clock of the library's deadlines.
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

}  // namespace zircon::base
