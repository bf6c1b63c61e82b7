// zircon/calls/timer.h: timers.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_TIMER_H_
#define ZIRCON_CALLS_TIMER_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Creates a timer: an object that gets ZX_TIMER_SIGNALED at a time that is set.
//
//   options          ZX_TIMER_SLACK_*, which says what the slack of zx_timer_set() means.
//   clock_id         ZX_CLOCK_MONOTONIC or ZX_CLOCK_BOOT: what its deadlines count.
//   out              receives the timer: DUPLICATE, TRANSFER, WRITE, SIGNAL, WAIT, INSPECT.
//
// Errors:
//   INVALID_ARGS     clock_id; options.
//   NO_RESOURCES     the host gives no thread; only for the first timer.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     out.
//
// 2018: ZX_CLOCK_MONOTONIC only.
//
// On KVM: the first timer starts a thread of the library, which serves all timers. A timer of
// ZX_CLOCK_BOOT that is set while the host suspends fires late by the time that it sleeps.
//
// Contract: TIMER-CREATE, TIMER.
zx_status_t zx_timer_create(uint32_t options, zx_clock_t clock_id, zx_handle_t* out)
    ZX_DETAIL_CALL_2018(timer_create);

// Sets a timer, in place of what was set before, and clears its signal.
//
//   handle           timer; WRITE.
//   deadline         when, in nanoseconds of its clock. One that is past sets the signal before the
//                    call returns; ZX_TIME_INFINITE never comes.
//   slack            how much early or late the timer may be, in nanoseconds; 0 or more.
//
// Errors:
//   OUT_OF_RANGE     slack.
//   Handle errors    of handle.
//
// A timer fires once for each setting. When the call returns no earlier setting can fire any more.
//
// On KVM: slack is not used.
//
// Contract: TIMER-SET, TIMER.
zx_status_t zx_timer_set(zx_handle_t handle, zx_time_t deadline,
                         zx_duration_t slack) ZX_DETAIL_CALL;

// Takes back what was set, if it has not fired, and clears the signal.
//
//   handle           timer; WRITE.
//
// Errors:
//   Handle errors    of handle.
//
// Contract: TIMER-CANCEL, TIMER.
zx_status_t zx_timer_cancel(zx_handle_t handle) ZX_DETAIL_CALL;

// The second names.
ZX_DETAIL_TWIN_2018(timer_create);
ZX_DETAIL_TWIN(timer_set);
ZX_DETAIL_TWIN(timer_cancel);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_TIMER_H_
