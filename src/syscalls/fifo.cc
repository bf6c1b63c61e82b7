// zx_fifo_create, zx_fifo_read, zx_fifo_write.

#include "objects/fifo.h"

#include <zircon/syscalls.h>

#include <bit>
#include <utility>

#include "handles/handle_table.h"
#include "rights/rights.h"
#include "syscalls/out_handle.h"
#include "syscalls/syscall.h"
#include "syscalls/user_copies.h"

using zircon::base::RefPtr;
using zircon::handles::TypedRef;
using zircon::objects::Fifo;
namespace rights = zircon::rights;
namespace syscalls = zircon::syscalls;
namespace user = zircon::user;

namespace {

zx_status_t Create(size_t elem_count, size_t elem_size, zx_handle_t* out0, zx_handle_t* out1) {
  RefPtr<Fifo> end0;
  RefPtr<Fifo> end1;
  const zx_status_t status = Fifo::Create(elem_count, elem_size, &end0, &end1);
  if (status != ZX_OK) return status;
  return syscalls::PutHandles(out0, std::move(end0), rights::kFifo, out1, std::move(end1),
                              rights::kFifo);
}

}  // namespace

ZIRCON_SYSCALL(zx_status_t, fifo_create, (size_t)elem_count, (size_t)elem_size, (uint32_t)options,
               (zx_handle_t*)out0, (zx_handle_t*)out1) {
  if (options != 0) return ZX_ERR_INVALID_ARGS;
  return Create(elem_count, elem_size, out0, out1);
}

ZIRCON_SYSCALL(zx_status_t, fifo_create_2018, (size_t)elem_count, (size_t)elem_size,
               (uint32_t)options, (zx_handle_t*)out0, (zx_handle_t*)out1) {
  static_cast<void>(options);  // nobody looked at them
  if (!std::has_single_bit(elem_count)) return ZX_ERR_OUT_OF_RANGE;
  return Create(elem_count, elem_size, out0, out1);
}

ZIRCON_SYSCALL(zx_status_t, fifo_read, (zx_handle_t)handle, (size_t)elem_size, (void*)data,
               (size_t)count, (size_t*)actual_count) {
  TypedRef<Fifo> fifo;
  zx_status_t status = fifo.Lookup(handle, ZX_RIGHT_READ);
  if (status != ZX_OK) return status;
  size_t actual = 0;
  status = fifo->Read(elem_size, count, syscalls::CopierTo(data), &actual);
  if (status != ZX_OK || actual_count == nullptr) return status;
  return user::Put(actual_count, actual);
}

ZIRCON_SYSCALL(zx_status_t, fifo_write, (zx_handle_t)handle, (size_t)elem_size, (const void*)data,
               (size_t)count, (size_t*)actual_count) {
  TypedRef<Fifo> fifo;
  zx_status_t status = fifo.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  size_t actual = 0;
  status = fifo->Write(elem_size, count, syscalls::CopierFrom(data), &actual);
  if (status != ZX_OK || actual_count == nullptr) return status;
  return user::Put(actual_count, actual);
}
