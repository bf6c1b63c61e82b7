// zx_clock_get_monotonic, zx_deadline_after, zx_nanosleep.

#include <errno.h>
#include <time.h>
#include <zircon/syscalls.h>
#include <zircon/time.h>

#include "base/monotonic.h"
#include "syscalls/syscall.h"

namespace {

constexpr zx_time_t kNanosecondsPerSecond = 1'000'000'000;

}  // namespace

ZIRCON_SYSCALL(zx_time_t, clock_get_monotonic, void) { return zircon::base::MonotonicNow(); }

ZIRCON_SYSCALL(zx_time_t, deadline_after, zx_duration_t nanoseconds) {
  return zx_time_add_duration(zircon::base::MonotonicNow(), nanoseconds);
}

// ZX_TIME_INFINITE is 292 years of uptime: the kernel's own "never".
ZIRCON_SYSCALL(zx_status_t, nanosleep, zx_time_t deadline) {
  if (deadline <= 0) return ZX_OK;
  timespec until{};
  until.tv_sec = deadline / kNanosecondsPerSecond;
  until.tv_nsec = deadline % kNanosecondsPerSecond;
  // Absolute, so that a signal handler takes nothing from the rest and a past deadline returns at
  // once.
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
  return ZX_OK;
}
