// zircon/calls/clock.h: time.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_CLOCK_H_
#define ZIRCON_CALLS_CLOCK_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Gives the time in nanoseconds since the host started; never fails. All deadlines use this clock.
//
// On KVM: it is CLOCK_MONOTONIC.
//
// Contract: TIME.
zx_time_t zx_clock_get_monotonic(void) ZX_DETAIL_CALL;

// Gives the point in time that many nanoseconds from now, saturated; never fails.
//
// Contract: TIME.
zx_time_t zx_deadline_after(zx_duration_t nanoseconds) ZX_DETAIL_CALL;

// Sleeps until a deadline; one in the past returns at once. Gives ZX_OK, signals or not.
//
// Contract: TIME.
zx_status_t zx_nanosleep(zx_time_t deadline) ZX_DETAIL_CALL;

// Gives the ticks of a clock that runs with zx_clock_get_monotonic(); never fails.
//
// On KVM: a tick is a nanosecond of it.
//
// Contract: TIME.
zx_ticks_t zx_ticks_get(void) ZX_DETAIL_CALL;

// Gives how many ticks a second has; constant.
//
// Contract: TIME.
zx_ticks_t zx_ticks_per_second(void) ZX_DETAIL_CALL;

#if ZX_DETAIL_API_2018
// Gives the time of a clock in nanoseconds: ZX_CLOCK_MONOTONIC; ZX_CLOCK_UTC, the same and what
// zx_clock_adjust() has added; ZX_CLOCK_THREAD, the processor time of the calling thread. 0 for any
// other clock.
//
// 2018: only there.
//
// Contract: TIME, GEN.
zx_time_t zx_clock_get(zx_clock_t clock_id) ZX_DETAIL_CALL;
ZX_DETAIL_TWIN(clock_get);

// The same, and tells when there is no such clock.
//
//   clock_id         as of zx_clock_get().
//   out              receives the time, in nanoseconds.
//
// Errors:
//   INVALID_ARGS     clock_id; out.
//
// 2018: only there.
//
// Contract: TIME, GEN.
zx_status_t zx_clock_get_new(zx_clock_t clock_id, zx_time_t* out) ZX_DETAIL_CALL;
ZX_DETAIL_TWIN(clock_get_new);

// Sets what ZX_CLOCK_UTC adds to the monotonic time, in this process.
//
//   handle           resource of kind ROOT; no right needed.
//   clock_id         ZX_CLOCK_UTC.
//   offset           in nanoseconds.
//
// Errors:
//   Handle errors    of handle.
//   WRONG_TYPE       handle is a resource of another kind.
//   ACCESS_DENIED    ZX_CLOCK_MONOTONIC.
//   INVALID_ARGS     any other clock.
//
// 2018: only there.
//
// Contract: TIME, GEN.
zx_status_t zx_clock_adjust(zx_handle_t handle, zx_clock_t clock_id, int64_t offset) ZX_DETAIL_CALL;
ZX_DETAIL_TWIN(clock_adjust);
#else
// Gives the time in nanoseconds since the host started, with the time that it was suspended; never
// fails.
//
// On KVM: it is CLOCK_BOOTTIME.
//
// Contract: TIME.
zx_instant_boot_t zx_clock_get_boot(void) ZX_DETAIL_CALL;
ZX_DETAIL_TWIN(clock_get_boot);

// Gives the ticks of a clock that runs with zx_clock_get_boot(), as many a second as zx_ticks_get()
// has; never fails.
//
// Contract: TIME.
zx_ticks_t zx_ticks_get_boot(void) ZX_DETAIL_CALL;
ZX_DETAIL_TWIN(ticks_get_boot);
#endif

// The second names.
ZX_DETAIL_TWIN(clock_get_monotonic);
ZX_DETAIL_TWIN(deadline_after);
ZX_DETAIL_TWIN(nanosleep);
ZX_DETAIL_TWIN(ticks_get);
ZX_DETAIL_TWIN(ticks_per_second);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_CLOCK_H_
