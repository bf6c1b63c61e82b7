// zircon/calls/port.h: ports: queues of packets that threads wait for.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_PORT_H_
#define ZIRCON_CALLS_PORT_H_

#include <zircon/syscalls/port.h>
#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Creates a port: a queue of packets that threads wait for.
//
//   options          0 or ZX_PORT_BIND_TO_INTERRUPT.
//   out              receives the port: DUPLICATE, TRANSFER, READ, WRITE, INSPECT.
//
// Errors:
//   INVALID_ARGS     options.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     out.
//
// Contract: PORT-CREATE, PORT.
zx_status_t zx_port_create(uint32_t options, zx_handle_t* out) ZX_DETAIL_CALL;

// Queues a packet.
//
//   handle           port; WRITE.
//   packet           its key, status and user are passed on; its type is made USER.
//
// Errors:
//   Handle errors    of handle.
//   INVALID_ARGS     packet.
//   SHOULD_WAIT      more than 4096 packets from this call are in the port.
//   NO_MEMORY        out of memory.
//
// 2018: SHOULD_WAIT where there are more than 2048.
//
// Contract: PORT-QUEUE, PORT.
zx_status_t zx_port_queue(zx_handle_t handle, const zx_port_packet_t* packet)
    ZX_DETAIL_CALL_2018(port_queue);

// Takes the oldest packet, or waits for one. Each packet goes to one thread.
//
//   handle           port; READ.
//   deadline         as zx_clock_get_monotonic() counts; one in the past does not wait,
//                    ZX_TIME_INFINITE waits for ever.
//   packet           receives it.
//
// Errors:
//   Handle errors    of handle.
//   TIMED_OUT        no packet came.
//   INVALID_ARGS     packet; one was taken, and is lost.
//
// Closing the handle does not wake a thread that waits.
//
// Contract: PORT-WAIT, PORT.
zx_status_t zx_port_wait(zx_handle_t handle, zx_time_t deadline,
                         zx_port_packet_t* packet) ZX_DETAIL_CALL;

// Ends the waits of zx_object_wait_async() that were begun with this port, handle and key, and
// takes their packets out of the port.
//
//   handle           port; WRITE.
//   source           the handle that the waits were begun with; WAIT. Another handle of the same
//                    object does not do.
//   key              of the waits.
//
// Errors:
//   Handle errors    of handle.
//   BAD_HANDLE       source is not live.
//   ACCESS_DENIED    source lacks WAIT.
//   NOT_SUPPORTED    the object of source has no signals.
//   NOT_FOUND        there was neither wait nor packet.
//
// Other packets with the same key stay.
//
// Contract: PORT-CANCEL.
zx_status_t zx_port_cancel(zx_handle_t handle, zx_handle_t source, uint64_t key) ZX_DETAIL_CALL;

// Ends all waits of zx_object_wait_async() with this port and key, and takes all packets with that
// key out of the port, whoever queued them; but not those of interrupts.
//
//   handle           port; WRITE.
//   options          0.
//   key              of the waits and packets.
//
// Errors:
//   INVALID_ARGS     options.
//   Handle errors    of handle.
//   NOT_FOUND        there was neither wait nor packet.
//
// Contract: PORT-CANCEL-KEY.
zx_status_t zx_port_cancel_key(zx_handle_t handle, uint32_t options, uint64_t key) ZX_DETAIL_CALL;

// The second names.
ZX_DETAIL_TWIN(port_create);
ZX_DETAIL_TWIN_2018(port_queue);
ZX_DETAIL_TWIN(port_wait);
ZX_DETAIL_TWIN(port_cancel);
ZX_DETAIL_TWIN(port_cancel_key);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_PORT_H_
