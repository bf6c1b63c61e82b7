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

// The second names.
ZX_DETAIL_TWIN(clock_get_monotonic);
ZX_DETAIL_TWIN(deadline_after);
ZX_DETAIL_TWIN(nanosleep);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_CLOCK_H_
