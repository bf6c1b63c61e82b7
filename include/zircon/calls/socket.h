// zircon/calls/socket.h: pairs of byte streams or of datagram queues.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_SOCKET_H_
#define ZIRCON_CALLS_SOCKET_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Creates a socket: two stores of bytes, each for what the other end has written.
//
//   options          ZX_SOCKET_STREAM or ZX_SOCKET_DATAGRAM.
//   out0, out1       receive the ends: DUPLICATE, TRANSFER, READ, WRITE, GET_PROPERTY,
//   SET_PROPERTY,
//                    SIGNAL, SIGNAL_PEER, WAIT, INSPECT, MANAGE_SOCKET.
//
// Errors:
//   INVALID_ARGS     options.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     out0 or out1; neither handle is made.
//
// A store holds 258048 bytes. Signals: ZX_SOCKET_READABLE while there is something to read,
// ZX_SOCKET_WRITABLE while there is room in the other end's store and writing is not disabled;
// ZX_SOCKET_READ_THRESHOLD, ZX_SOCKET_WRITE_THRESHOLD as the properties of these names say;
// ZX_SOCKET_WRITE_DISABLED, ZX_SOCKET_PEER_WRITE_DISABLED after zx_socket_set_disposition();
// ZX_SOCKET_PEER_CLOSED, without WRITABLE, when the other end is closed.
//
// 2018: sockets with a control plane, and those that accept others, do not exist.
//
// Contract: SOCKET-CREATE, SOCKET.
zx_status_t zx_socket_create(uint32_t options, zx_handle_t* out0, zx_handle_t* out1) ZX_DETAIL_CALL;

// Writes bytes into the other end's store.
//
//   handle           socket; WRITE.
//   options          0.
//   buffer           holds them.
//   buffer_size      how many, in bytes; 0 writes nothing.
//   actual           optional; receives how many were written, in bytes.
//
// Errors:
//   INVALID_ARGS     buffer is NULL and buffer_size is not 0; options.
//   Handle errors    of handle.
//   PEER_CLOSED      the other end is closed.
//   BAD_STATE        writing is disabled.
//   INVALID_ARGS     buffer_size is above 2^32 - 1.
//   SHOULD_WAIT      the store is full; datagram: it has not enough room.
//   OUT_OF_RANGE     datagram: buffer_size is more than a store holds. (Before SHOULD_WAIT, unless
//                    the store is full.)
//   NO_MEMORY        out of memory.
//   INVALID_ARGS     buffer; nothing is written.
//   INVALID_ARGS     actual; the bytes are written.
//
// A stream takes as much as there is room for, a datagram is written as a whole.
//
// Contract: SOCKET-WRITE, SOCKET.
zx_status_t zx_socket_write(zx_handle_t handle, uint32_t options, const void* buffer,
                            size_t buffer_size, size_t* actual) ZX_DETAIL_CALL;

// Reads bytes out of this end's store.
//
//   handle           socket; READ.
//   options          0, or ZX_SOCKET_PEEK to leave in the store what is read.
//   buffer           receives them.
//   buffer_size      how many there is room for, in bytes; with 0 nothing is taken.
//   actual           optional; receives how many were read, in bytes.
//
// Errors:
//   INVALID_ARGS     buffer is NULL and buffer_size is not 0; options.
//   Handle errors    of handle.
//   INVALID_ARGS     buffer_size is above 2^32 - 1.
//   PEER_CLOSED      the store is empty, and the other end is closed.
//   BAD_STATE        the store is empty, and the other end's writing is disabled.
//   SHOULD_WAIT      the store is empty.
//   INVALID_ARGS     buffer; nothing is taken.
//   INVALID_ARGS     actual; the bytes are taken.
//
// Of a datagram what does not fit into buffer is lost.
//
// Contract: SOCKET-READ, SOCKET.
zx_status_t zx_socket_read(zx_handle_t handle, uint32_t options, void* buffer, size_t buffer_size,
                           size_t* actual) ZX_DETAIL_CALL;

#if ZX_DETAIL_API_2018
// Disables this end's writing, or the other's, for good.
//
//   handle           socket; WRITE.
//   options          a set of ZX_SOCKET_SHUTDOWN_WRITE (this end writes no more) and
//                    ZX_SOCKET_SHUTDOWN_READ (the other does not); 0 does nothing.
//
// Errors:
//   INVALID_ARGS     options.
//   Handle errors    of handle.
//
// What is in the stores can still be read.
//
// 2018: only there.
//
// Contract: SOCKET-SHUTDOWN, SOCKET, GEN.
zx_status_t zx_socket_shutdown(zx_handle_t handle, uint32_t options) ZX_DETAIL_CALL;
ZX_DETAIL_TWIN(socket_shutdown);
#else
// Disables or enables the writing of either end.
//
//   handle           socket; MANAGE_SOCKET.
//   disposition      for this end: 0 leaves it as it is, ZX_SOCKET_DISPOSITION_WRITE_DISABLED,
//                    ZX_SOCKET_DISPOSITION_WRITE_ENABLED.
//   disposition_peer for the other end.
//
// Errors:
//   INVALID_ARGS     disposition or disposition_peer.
//   Handle errors    of handle.
//   BAD_STATE        writing is to be enabled while the store it goes to still has what was written
//                    before it was disabled.
//
// An end whose writing is disabled has ZX_SOCKET_WRITE_DISABLED and not WRITABLE; the other has
// ZX_SOCKET_PEER_WRITE_DISABLED, and once its store is empty its reads give BAD_STATE.
//
// Contract: SOCKET-DISPOSITION, SOCKET.
zx_status_t zx_socket_set_disposition(zx_handle_t handle, uint32_t disposition,
                                      uint32_t disposition_peer) ZX_DETAIL_CALL;
ZX_DETAIL_TWIN(socket_set_disposition);
#endif

// The second names.
ZX_DETAIL_TWIN(socket_create);
ZX_DETAIL_TWIN(socket_write);
ZX_DETAIL_TWIN(socket_read);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_SOCKET_H_
