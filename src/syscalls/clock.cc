// zx_clock_*, zx_ticks_*, zx_deadline_after, zx_nanosleep.

#include <errno.h>
#include <time.h>
#include <zircon/syscalls.h>
#include <zircon/time.h>

#include <atomic>

#include "base/monotonic.h"
#include "handles/handle_table.h"
#include "objects/resource.h"
#include "syscalls/layouts_2018.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"

using zircon::handles::TypedRef;
using zircon::objects::Resource;
namespace api_2018 = zircon::syscalls::api_2018;

namespace {

constexpr zx_time_t kNanosecondsPerSecond = 1'000'000'000;

// What the UTC of 2018 adds to the monotonic time, in this process.
std::atomic<int64_t> g_utc_offset{0};

bool ReadClock2018(zx_clock_t clock, zx_time_t* now) {
  switch (clock) {
    case ZX_CLOCK_MONOTONIC:
      *now = zircon::base::MonotonicNow();
      return true;
    case api_2018::kClockUtc:
      // relaxed: nothing else goes with it.
      *now = zx_time_add_duration(zircon::base::MonotonicNow(),
                                  g_utc_offset.load(std::memory_order_relaxed));
      return true;
    case api_2018::kClockThread:
      *now = zircon::base::NowOf(CLOCK_THREAD_CPUTIME_ID);
      return true;
    default:
      return false;
  }
}

}  // namespace

ZIRCON_PURE_SYSCALL(zx_time_t, clock_get_monotonic) { return zircon::base::MonotonicNow(); }

ZIRCON_PURE_SYSCALL(zx_time_t, deadline_after, (zx_duration_t)nanoseconds) {
  return zx_time_add_duration(zircon::base::MonotonicNow(), nanoseconds);
}

// ZX_TIME_INFINITE is 292 years of uptime: the kernel's own "never".
ZIRCON_PURE_SYSCALL(zx_status_t, nanosleep, (zx_time_t)deadline) {
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

ZIRCON_PURE_SYSCALL(zx_instant_boot_t, clock_get_boot) { return zircon::base::BootNow(); }

// A tick is a nanosecond, so that both clocks are one however the processor counts.
ZIRCON_PURE_SYSCALL(zx_ticks_t, ticks_get) { return zircon::base::MonotonicNow(); }

ZIRCON_PURE_SYSCALL(zx_ticks_t, ticks_per_second) { return kNanosecondsPerSecond; }

ZIRCON_PURE_SYSCALL(zx_ticks_t, ticks_get_boot) { return zircon::base::BootNow(); }

ZIRCON_PURE_SYSCALL(zx_time_t, clock_get, (zx_clock_t)clock_id) {
  zx_time_t now = 0;
  return ReadClock2018(clock_id, &now) ? now : 0;
}

ZIRCON_PURE_SYSCALL(zx_status_t, clock_get_new, (zx_clock_t)clock_id, (zx_time_t*)out) {
  zx_time_t now = 0;
  if (!ReadClock2018(clock_id, &now)) return ZX_ERR_INVALID_ARGS;
  return zircon::user::Put(out, now);
}

ZIRCON_SYSCALL(zx_status_t, clock_adjust, (zx_handle_t)handle, (zx_clock_t)clock_id,
               (int64_t)offset) {
  TypedRef<Resource> root;
  const zx_status_t status = root.Lookup(handle, ZX_RIGHT_NONE);
  if (status != ZX_OK) return status;
  if (root->range().kind != ZX_RSRC_KIND_ROOT) return ZX_ERR_WRONG_TYPE;
  if (clock_id == ZX_CLOCK_MONOTONIC) return ZX_ERR_ACCESS_DENIED;
  if (clock_id != api_2018::kClockUtc) return ZX_ERR_INVALID_ARGS;
  g_utc_offset.store(offset, std::memory_order_relaxed);
  return ZX_OK;
}
