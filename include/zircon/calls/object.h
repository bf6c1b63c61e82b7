// zircon/calls/object.h: what every object answers to.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_OBJECT_H_
#define ZIRCON_CALLS_OBJECT_H_

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Tells about an object. <zircon/syscalls/object.h> has the topics and their records.
//
//   handle           HANDLE_VALID, HANDLE_BASIC: any, no right needed.
//                    HANDLE_COUNT: any, all others: an object of that kind; INSPECT.
//   topic            ZX_INFO_*.
//   buffer           receives the record. HANDLE_VALID has none and uses no buffer.
//   buffer_size      in bytes; at least the record.
//   actual           optional; receives the number of records written.
//   avail            optional; receives the number of records there are.
//
// Errors:
//   NOT_SUPPORTED    topic is unknown, whatever the handle.
//   Handle errors    of handle.
//   BUFFER_TOO_SMALL buffer_size. actual receives 0, avail 1.
//   NOT_SUPPORTED, NO_RESOURCES, NO_MEMORY
//                    TASK_STATS: the host does not tell; no file descriptor is left to ask it; it
//                    has no memory.
//   INVALID_ARGS     buffer, actual or avail.
//
// Contract: INFO, TASK, GEN.
zx_status_t zx_object_get_info(zx_handle_t handle, uint32_t topic, void* buffer, size_t buffer_size,
                               size_t* actual, size_t* avail) ZX_DETAIL_CALL_2018(object_get_info);

// Reads a property of an object.
//
//   handle           GET_PROPERTY. NAME: any; SOCKET_RX_THRESHOLD, SOCKET_TX_THRESHOLD: a socket.
//   property         ZX_PROP_NAME: the name, 32 bytes with zeros behind it; empty for an object
//   that
//                    has none. ZX_PROP_SOCKET_*_THRESHOLD: a size_t, in bytes.
//   value            receives it.
//   value_size       in bytes; at least the property's size.
//
// Errors:
//   INVALID_ARGS     value is NULL.
//   BAD_HANDLE       handle is not live.
//   ACCESS_DENIED    handle lacks GET_PROPERTY.
//   NOT_SUPPORTED    property is unknown.
//   BUFFER_TOO_SMALL value_size.
//   WRONG_TYPE       a threshold of what is not a socket.
//   INVALID_ARGS     value.
//
// Contract: PROPERTY.
zx_status_t zx_object_get_property(zx_handle_t handle, uint32_t property, void* value,
                                   size_t value_size) ZX_DETAIL_CALL;

// Changes a property of an object.
//
//   handle           SET_PROPERTY. NAME: a process, thread or VMO; thresholds: a socket.
//   property         as of zx_object_get_property().
//   value            holds it. A name ends at the first NUL, at 31 bytes, or at value_size.
//   value_size       in bytes.
//
// Errors:
//   INVALID_ARGS     value is NULL.
//   BAD_HANDLE       handle is not live.
//   ACCESS_DENIED    handle lacks SET_PROPERTY.
//   NOT_SUPPORTED    property is unknown; a name of what has none.
//   BUFFER_TOO_SMALL a threshold, and value_size is less than a size_t.
//   WRONG_TYPE       a threshold of what is not a socket.
//   INVALID_ARGS     value.
//   PEER_CLOSED      SOCKET_TX_THRESHOLD, and the other end is closed.
//   INVALID_ARGS     a threshold above what a store holds.
//
// Contract: PROPERTY.
zx_status_t zx_object_set_property(zx_handle_t handle, uint32_t property, const void* value,
                                   size_t value_size) ZX_DETAIL_CALL;

// Changes the signals of an object that belong to programs.
//
//   handle           an object that can be waited for; SIGNAL.
//   clear_mask       signals to clear, first.
//   set_mask         signals to set, then. In both: ZX_USER_SIGNAL_*; of an event or event pair
//                    also ZX_EVENT_SIGNALED.
//
// Errors:
//   BAD_HANDLE       handle is not live.
//   ACCESS_DENIED    handle lacks SIGNAL.
//   NOT_SUPPORTED    the object has no signals.
//   INVALID_ARGS     another signal is in one of the masks.
//
// One change, which those who wait see as a whole: a signal that is in both masks and was set stays
// set all the while.
//
// Contract: SIGNAL-SET, SIGNAL.
zx_status_t zx_object_signal(zx_handle_t handle, uint32_t clear_mask,
                             uint32_t set_mask) ZX_DETAIL_CALL;

// Changes the signals of the other end of a pair, as zx_object_signal() does.
//
//   handle           an end of an event pair, a channel, a socket or a FIFO; SIGNAL_PEER.
//   clear_mask       signals to clear, first.
//   set_mask         signals to set, then.
//
// Errors:
//   BAD_HANDLE       handle is not live.
//   ACCESS_DENIED    handle lacks SIGNAL_PEER.
//   NOT_SUPPORTED    the object is not an end of a pair.
//   INVALID_ARGS     a signal that is not the program's is in one of the masks.
//   PEER_CLOSED      the other end is closed.
//
// Contract: SIGNAL-PEER, SIGNAL.
zx_status_t zx_object_signal_peer(zx_handle_t handle, uint32_t clear_mask,
                                  uint32_t set_mask) ZX_DETAIL_CALL;

// Waits until an object has one of some signals.
//
//   handle           an object that can be waited for; WAIT.
//   signals          any of them ends the wait; 0 waits for the deadline alone.
//   deadline         as zx_clock_get_monotonic() counts; one in the past does not wait,
//                    ZX_TIME_INFINITE waits for ever.
//   observed         optional; receives the signals that were active when the wait ended.
//
// Errors:
//   BAD_HANDLE       handle is not live.
//   ACCESS_DENIED    handle lacks WAIT.
//   NOT_SUPPORTED    the object has no signals.
//   TIMED_OUT        none of them came.
//   CANCELED         handle was closed meanwhile; observed has ZX_SIGNAL_HANDLE_CLOSED too.
//   INVALID_ARGS     observed.
//
// A signal that is active already gives ZX_OK, whatever the deadline. A wait belongs to the handle:
// it ends when that is closed, whatever other handles the object has.
//
// Contract: WAIT-ONE, WAIT.
zx_status_t zx_object_wait_one(zx_handle_t handle, zx_signals_t signals, zx_time_t deadline,
                               zx_signals_t* observed) ZX_DETAIL_CALL;

// Waits until one of several objects has one of some signals.
//
//   items            what to wait for: handle (WAIT) and waitfor of each; receives in pending the
//                    signals that were active when the wait ended.
//   num_items        at most ZX_WAIT_MANY_MAX_ITEMS. 0 waits for the deadline.
//   deadline         as of zx_object_wait_one().
//
// Errors:
//   OUT_OF_RANGE     num_items.
//   INVALID_ARGS     items cannot be read.
//   BAD_HANDLE, ACCESS_DENIED, NOT_SUPPORTED  of the first item that has one, as of
//                    zx_object_wait_one().
//   TIMED_OUT        none of the signals came. items are written.
//   CANCELED         a handle was closed meanwhile; its pending has ZX_SIGNAL_HANDLE_CLOSED. items
//                    are written.
//   INVALID_ARGS     items cannot be written.
//
// 2018: at most 16 items.
//
// Contract: WAIT-MANY, WAIT, GEN.
zx_status_t zx_object_wait_many(zx_wait_item_t* items, size_t num_items, zx_time_t deadline)
    ZX_DETAIL_CALL_2018(object_wait_many);

// Waits in the background: when an object has one of some signals, a packet goes to a port.
//
//   handle           an object that can be waited for; WAIT.
//   port             port; WRITE.
//   key              put into the packet; any value.
//   signals          any of them ends the wait.
//   options          ZX_WAIT_ASYNC_ONCE         one packet; signals that are active already count.
//                    ZX_WAIT_ASYNC_EDGE         only a signal that becomes active counts.
//                    ZX_WAIT_ASYNC_TIMESTAMP, _BOOT_TIMESTAMP
//                                               the packet tells when, by either clock; not both.
//
// Errors:
//   INVALID_ARGS     options.
//   Handle errors    of port.
//   BAD_HANDLE       handle is not live.
//   ACCESS_DENIED    handle lacks WAIT.
//   NOT_SUPPORTED    the object has no signals.
//   NO_MEMORY        out of memory.
//
// The packet is of type SIGNAL_ONE. Closing handle ends the wait without one, and leaves a packet
// that is queued. zx_port_cancel() ends the wait.
//
// 2018: the options are ZX_WAIT_ASYNC_ONCE and ZX_WAIT_ASYNC_REPEATING: a packet of type SIGNAL_REP
// at each change of the object's signals that leaves one of the asked ones active, until the wait
// is cancelled; while the packet before is still queued, that one's observed takes in the new ones.
//
// Contract: WAIT-ASYNC, WAIT, GEN.
zx_status_t zx_object_wait_async(zx_handle_t handle, zx_handle_t port, uint64_t key,
                                 zx_signals_t signals, uint32_t options)
    ZX_DETAIL_CALL_2018(object_wait_async);

// The second names.
ZX_DETAIL_TWIN_2018(object_get_info);
ZX_DETAIL_TWIN(object_get_property);
ZX_DETAIL_TWIN(object_set_property);
ZX_DETAIL_TWIN(object_signal);
ZX_DETAIL_TWIN(object_signal_peer);
ZX_DETAIL_TWIN(object_wait_one);
ZX_DETAIL_TWIN_2018(object_wait_many);
ZX_DETAIL_TWIN_2018(object_wait_async);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_OBJECT_H_
