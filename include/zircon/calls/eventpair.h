// zircon/calls/eventpair.h: pairs of events.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_EVENTPAIR_H_
#define ZIRCON_CALLS_EVENTPAIR_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Creates an event pair: two events, each of which can be signalled through the other too.
//
//   options          0.
//   out0, out1       receive the ends: DUPLICATE, TRANSFER, SIGNAL, SIGNAL_PEER, WAIT, INSPECT.
//
// Errors:
//   NOT_SUPPORTED    options.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     out0 or out1; neither handle is made.
//
// ZX_EVENTPAIR_SIGNALED and ZX_USER_SIGNAL_* can be set on either end (zx_object_signal(),
// zx_object_signal_peer()). When the last handle of an end is closed the other has
// ZX_EVENTPAIR_PEER_CLOSED; nothing else changes there.
//
// Contract: EVENTPAIR-CREATE, EVENTPAIR.
zx_status_t zx_eventpair_create(uint32_t options, zx_handle_t* out0,
                                zx_handle_t* out1) ZX_DETAIL_CALL;

// The second names.
ZX_DETAIL_TWIN(eventpair_create);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_EVENTPAIR_H_
