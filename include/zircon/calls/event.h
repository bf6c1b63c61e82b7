// zircon/calls/event.h: events.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_EVENT_H_
#define ZIRCON_CALLS_EVENT_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Creates an event: an object whose signals are its program's to set, clear and wait for.
//
//   options          0.
//   out              receives the event: DUPLICATE, TRANSFER, SIGNAL, WAIT, INSPECT.
//
// Errors:
//   INVALID_ARGS     options.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     out.
//
// ZX_EVENT_SIGNALED and ZX_USER_SIGNAL_* can be set; none is at first.
//
// Contract: EVENT-CREATE, EVENT.
zx_status_t zx_event_create(uint32_t options, zx_handle_t* out) ZX_DETAIL_CALL;

// The second names.
ZX_DETAIL_TWIN(event_create);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_EVENT_H_
