// zircon/calls/fifo.h: pairs of rings of small elements.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_FIFO_H_
#define ZIRCON_CALLS_FIFO_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Creates a FIFO: two rings of elements of one size, one for each direction.
//
//   elem_count       elements in each ring, 1 or more.
//   elem_size        of an element, in bytes, 1 or more.
//   options          0.
//   out0, out1       receive the ends: DUPLICATE, TRANSFER, READ, WRITE, SIGNAL, SIGNAL_PEER, WAIT,
//                    INSPECT.
//
// Errors:
//   INVALID_ARGS     options.
//   OUT_OF_RANGE     elem_count or elem_size is 0, or elem_count * elem_size is above
//                    ZX_FIFO_MAX_SIZE_BYTES.
//   NO_MEMORY        out of memory, or the handle table is full.
//   INVALID_ARGS     out0 or out1; neither handle is made.
//
// 2018: options are not looked at; OUT_OF_RANGE where elem_count is not a power of two.
//
// Signals: ZX_FIFO_READABLE while there is an element to read; ZX_FIFO_WRITABLE while there is room
// for one; ZX_FIFO_PEER_CLOSED, without WRITABLE, when the other end is closed.
//
// Contract: FIFO-CREATE, FIFO.
zx_status_t zx_fifo_create(size_t elem_count, size_t elem_size, uint32_t options, zx_handle_t* out0,
                           zx_handle_t* out1) ZX_DETAIL_CALL_2018(fifo_create);

// Takes elements, as many as there are.
//
//   handle           FIFO; READ.
//   elem_size        that of zx_fifo_create(), in bytes.
//   data             receives them.
//   count            how many there is room for, in elements, 1 or more.
//   actual_count     optional; receives how many were taken, in elements.
//
// Errors:
//   Handle errors    of handle.
//   OUT_OF_RANGE     elem_size is another, or count is 0.
//   PEER_CLOSED      there is none, and the other end is closed.
//   SHOULD_WAIT      there is none.
//   INVALID_ARGS     data; nothing is taken.
//   INVALID_ARGS     actual_count; the elements are taken.
//
// Contract: FIFO-READ, FIFO.
zx_status_t zx_fifo_read(zx_handle_t handle, size_t elem_size, void* data, size_t count,
                         size_t* actual_count) ZX_DETAIL_CALL;

// Sends elements to the other end, as many as there is room for.
//
//   handle           FIFO; WRITE.
//   elem_size        that of zx_fifo_create(), in bytes.
//   data             holds them.
//   count            how many, in elements, 1 or more.
//   actual_count     optional; receives how many were sent, in elements.
//
// Errors:
//   Handle errors    of handle.
//   PEER_CLOSED      the other end is closed.
//   OUT_OF_RANGE     elem_size is another, or count is 0.
//   SHOULD_WAIT      there is no room.
//   NO_MEMORY        out of memory; nothing is sent.
//   INVALID_ARGS     data; nothing is sent.
//   INVALID_ARGS     actual_count; the elements are sent.
//
// Contract: FIFO-WRITE, FIFO.
zx_status_t zx_fifo_write(zx_handle_t handle, size_t elem_size, const void* data, size_t count,
                          size_t* actual_count) ZX_DETAIL_CALL;

// The second names.
ZX_DETAIL_TWIN_2018(fifo_create);
ZX_DETAIL_TWIN(fifo_read);
ZX_DETAIL_TWIN(fifo_write);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_FIFO_H_
