// zircon/calls/channel.h: channels: messages of bytes and handles.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_CHANNEL_H_
#define ZIRCON_CALLS_CHANNEL_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Creates a channel: two queues of messages, one for each direction.
//
//   options          0.
//   out0, out1       receive the ends: TRANSFER, READ, WRITE, SIGNAL, SIGNAL_PEER, WAIT, INSPECT.
//                    There is one handle to an end: it cannot be duplicated.
//
// Errors:
//   INVALID_ARGS     options.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     out0 or out1; neither handle is made.
//
// Signals: ZX_CHANNEL_READABLE while there is a message to read; ZX_CHANNEL_WRITABLE until the
// other end is closed, then ZX_CHANNEL_PEER_CLOSED.
//
// Contract: CHANNEL-CREATE, CHANNEL.
zx_status_t zx_channel_create(uint32_t options, zx_handle_t* out0,
                              zx_handle_t* out1) ZX_DETAIL_CALL;

// Takes the oldest message.
//
//   handle           channel; READ.
//   options          0, or ZX_CHANNEL_READ_MAY_DISCARD to lose a message that does not fit.
//   bytes            receives its bytes.
//   handles          receives its handles, under new values.
//   num_bytes        room in bytes, in bytes.
//   num_handles      room in handles, in handles.
//   actual_bytes     optional; receives the number of bytes that the message has.
//   actual_handles   optional; receives the number of handles that it has.
//
// Errors:
//   Handle errors    of handle.
//   NOT_SUPPORTED    options.
//   PEER_CLOSED      there is no message, and the other end is closed.
//   SHOULD_WAIT      there is no message.
//   BUFFER_TOO_SMALL it does not fit. actual_bytes and actual_handles are written; the message
//   stays,
//                    unless MAY_DISCARD was given.
//   INVALID_ARGS     bytes, actual_bytes, actual_handles or handles; the message is lost, and its
//                    handles are closed.
//   NO_MEMORY        the handle table is full; the message is lost, and its handles are closed.
//
// Receiving a handle ends the waits that its sender began with it.
//
// Contract: CHANNEL-READ, CHANNEL.
zx_status_t zx_channel_read(zx_handle_t handle, uint32_t options, void* bytes, zx_handle_t* handles,
                            uint32_t num_bytes, uint32_t num_handles, uint32_t* actual_bytes,
                            uint32_t* actual_handles) ZX_DETAIL_CALL;

// The same as zx_channel_read(), and tells the type and the rights of each handle.
//
//   handle           channel; READ.
//   options          as of zx_channel_read().
//   bytes            receives its bytes.
//   handles          receives its handles, under new values, and what they are.
//   num_bytes        room in bytes, in bytes.
//   num_handles      room in handles, in handles.
//   actual_bytes     optional; receives the number of bytes that the message has.
//   actual_handles   optional; receives the number of handles that it has.
//
// Errors:
//   Those of zx_channel_read().
//
// Contract: CHANNEL-READ, CHANNEL.
zx_status_t zx_channel_read_etc(zx_handle_t handle, uint32_t options, void* bytes,
                                zx_handle_info_t* handles, uint32_t num_bytes, uint32_t num_handles,
                                uint32_t* actual_bytes, uint32_t* actual_handles) ZX_DETAIL_CALL;

// Sends a message to the other end.
//
//   handle           channel; WRITE.
//   options          0, or ZX_CHANNEL_WRITE_USE_IOVEC: bytes is an array of zx_channel_iovec_t.
//   bytes            what it says.
//   num_bytes        how many, in bytes, at most ZX_CHANNEL_MAX_MSG_BYTES; with USE_IOVEC how many
//                    pieces, at most ZX_CHANNEL_MAX_MSG_IOVECS.
//   handles          handles to send; TRANSFER. All are closed here, also if the call fails.
//   num_handles      how many, at most ZX_CHANNEL_MAX_MSG_HANDLES.
//
// Errors:
//   INVALID_ARGS     options.
//   Handle errors    of handle.
//   OUT_OF_RANGE     num_handles; num_bytes, or the sum of the pieces' capacities.
//   INVALID_ARGS     bytes, or a buffer of a piece, or a piece's reserved is not 0.
//   NO_MEMORY        out of memory.
//   INVALID_ARGS     handles cannot be read.
//   BAD_HANDLE       one of handles is not live, or stands there twice.
//   ACCESS_DENIED    one of handles lacks TRANSFER.
//   NOT_SUPPORTED    one of handles is this end of the channel itself.
//   PEER_CLOSED      the other end is closed.
//
// Of several errors of handles the first in the array's order is given.
//
// Contract: CHANNEL-WRITE, CHANNEL-HANDLES, CHANNEL.
zx_status_t zx_channel_write(zx_handle_t handle, uint32_t options, const void* bytes,
                             uint32_t num_bytes, const zx_handle_t* handles,
                             uint32_t num_handles) ZX_DETAIL_CALL;

// The same as zx_channel_write(), and says of each handle whether it moves or is duplicated, what
// it must be, and the rights that the receiver gets.
//
//   handle           channel; WRITE.
//   options          as of zx_channel_write().
//   bytes            what it says.
//   num_bytes        as of zx_channel_write().
//   handles          ZX_HANDLE_OP_MOVE: TRANSFER, and closed here, also if the call fails.
//                    ZX_HANDLE_OP_DUPLICATE: TRANSFER and DUPLICATE, and kept.
//   num_handles      how many, at most ZX_CHANNEL_MAX_MSG_HANDLES.
//
// Errors:
//   Those of zx_channel_write(), but for each of handles:
//   BAD_HANDLE       not live.
//   INVALID_ARGS     operation is unknown; the handle is closed.
//   ACCESS_DENIED    it lacks TRANSFER.
//   NOT_SUPPORTED    it is this end of the channel itself.
//   WRONG_TYPE       type is not ZX_OBJ_TYPE_NONE, and another.
//   INVALID_ARGS     rights is not a subset, nor ZX_RIGHT_SAME_RIGHTS.
//   ACCESS_DENIED    DUPLICATE, and it lacks that right.
//
// If one of handles is wrong, result of each that is wrong receives its error. All else of the
// array stays as it was, which is all of it if the call succeeds.
//
// Contract: CHANNEL-ETC, CHANNEL-WRITE, CHANNEL-HANDLES, CHANNEL.
zx_status_t zx_channel_write_etc(zx_handle_t handle, uint32_t options, const void* bytes,
                                 uint32_t num_bytes, zx_handle_disposition_t* handles,
                                 uint32_t num_handles) ZX_DETAIL_CALL;

// Sends a message and waits for the reply to it.
//
//   handle           channel; READ and WRITE.
//   options          0 or ZX_CHANNEL_WRITE_USE_IOVEC.
//   deadline         for the reply, as zx_clock_get_monotonic() counts. One in the past sends the
//                    message too.
//   args             the message, at least 4 bytes, as of zx_channel_write(), and the room for the
//                    reply, as of zx_channel_read().
//   actual_bytes     receives the number of bytes that the reply has.
//   actual_handles   receives the number of handles that it has.
//
// Errors:
//   INVALID_ARGS     args cannot be read; no handle is closed.
//   INVALID_ARGS     options. From here on the handles to send are closed.
//   Handle errors    of handle.
//   those of zx_channel_write() about bytes and handles; INVALID_ARGS for less than 4 bytes, before
//                    those about handles.
//   PEER_CLOSED      the other end is closed, or is closed before a reply comes.
//   CANCELED         this end is closed meanwhile.
//   TIMED_OUT        no reply came. One that comes later is queued like any message.
//   BUFFER_TOO_SMALL the reply does not fit; it is lost, its handles are closed, and nothing is
//                    written.
//   INVALID_ARGS     rd_bytes, rd_handles, actual_bytes or actual_handles; the reply is lost.
//   NO_MEMORY        the handle table is full; the reply is lost.
//
// The first 4 bytes of the message are replaced by a number of 0x80000000 or more that no other
// call in progress on this end has. The message that begins with it is the reply: it does not go
// into the queue, and does not make the channel readable. Several threads may call at once.
//
// Contract: CHANNEL-CALL, CHANNEL-HANDLES, CHANNEL.
zx_status_t zx_channel_call(zx_handle_t handle, uint32_t options, zx_time_t deadline,
                            const zx_channel_call_args_t* args, uint32_t* actual_bytes,
                            uint32_t* actual_handles) ZX_DETAIL_CALL;

// The same as zx_channel_call(): no thread is suspended here, so that nothing is ever to be tried
// again.
//
//   handle           channel; READ and WRITE.
//   options          as of zx_channel_call().
//   deadline         as of zx_channel_call().
//   args             as of zx_channel_call().
//   actual_bytes     receives the number of bytes that the reply has.
//   actual_handles   receives the number of handles that it has.
//
// Errors:
//   Those of zx_channel_call().
//
// Contract: CHANNEL-CALL, CHANNEL-HANDLES, CHANNEL.
zx_status_t zx_channel_call_noretry(zx_handle_t handle, uint32_t options, zx_time_t deadline,
                                    const zx_channel_call_args_t* args, uint32_t* actual_bytes,
                                    uint32_t* actual_handles) ZX_DETAIL_CALL;

// The same as zx_channel_call(), with handles as of zx_channel_write_etc() and
// zx_channel_read_etc().
//
//   handle           channel; READ and WRITE.
//   options          0 or ZX_CHANNEL_WRITE_USE_IOVEC.
//   deadline         as of zx_channel_call().
//   args             as of zx_channel_call(); result of the handles is written as of
//                    zx_channel_write_etc().
//   actual_bytes     receives the number of bytes that the reply has.
//   actual_handles   receives the number of handles that it has.
//
// Errors:
//   Those of zx_channel_call(), with those of zx_channel_write_etc() about handles.
//
// Contract: CHANNEL-CALL, CHANNEL-ETC, CHANNEL-HANDLES, CHANNEL.
zx_status_t zx_channel_call_etc(zx_handle_t handle, uint32_t options, zx_time_t deadline,
                                zx_channel_call_etc_args_t* args, uint32_t* actual_bytes,
                                uint32_t* actual_handles) ZX_DETAIL_CALL;

// The second names.
ZX_DETAIL_TWIN(channel_create);
ZX_DETAIL_TWIN(channel_read);
ZX_DETAIL_TWIN(channel_read_etc);
ZX_DETAIL_TWIN(channel_write);
ZX_DETAIL_TWIN(channel_write_etc);
ZX_DETAIL_TWIN(channel_call);
ZX_DETAIL_TWIN(channel_call_noretry);
ZX_DETAIL_TWIN(channel_call_etc);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_CHANNEL_H_
