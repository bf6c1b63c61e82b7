// zx_vmo_get_stream_size, zx_vmo_set_stream_size. The property is in object_property.cc.

#include <zircon/syscalls.h>

#include "handles/handle_table.h"
#include "objects/vmo.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"

using zircon::handles::TypedRef;
using zircon::objects::Vmo;

ZIRCON_SYSCALL(zx_status_t, vmo_get_stream_size, (zx_handle_t)handle, (uint64_t*)size) {
  TypedRef<Vmo> vmo;
  const zx_status_t status = vmo.Lookup(handle, ZX_RIGHT_NONE);
  if (status != ZX_OK) return status;
  return zircon::user::Put(size, vmo->stream_size());
}

ZIRCON_SYSCALL(zx_status_t, vmo_set_stream_size, (zx_handle_t)handle, (uint64_t)size) {
  TypedRef<Vmo> vmo;
  const zx_status_t status = vmo.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  return vmo->SetStreamSize(size);
}
