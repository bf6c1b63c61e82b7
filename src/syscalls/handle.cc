// zx_handle_close, zx_handle_close_many, zx_handle_duplicate, zx_handle_replace.

#include <zircon/syscalls.h>

#include <algorithm>

#include "handles/handle_table.h"
#include "syscalls/out_handle.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"

using zircon::handles::HandleTable;

// ZX_HANDLE_INVALID is good in a forked child too; all else the table refuses there by itself.
ZIRCON_PURE_SYSCALL(zx_status_t, handle_close, (zx_handle_t)handle) {
  if (handle == ZX_HANDLE_INVALID) return ZX_OK;
  return HandleTable::Process().Close(handle);
}

// Chunk by chunk: an array that cannot be read to its end has been closed up to the chunk where
// that shows.
ZIRCON_SYSCALL(zx_status_t, handle_close_many, (const zx_handle_t*)handles, (size_t)num_handles) {
  constexpr size_t kChunk = 64;
  zx_handle_t chunk[kChunk];
  zx_status_t result = ZX_OK;
  while (num_handles != 0) {
    const size_t count = std::min(num_handles, kChunk);
    const zx_status_t status = zircon::user::CopyIn(chunk, handles, count * sizeof(zx_handle_t));
    if (status != ZX_OK) return status;
    for (size_t i = 0; i < count; ++i) {
      if (chunk[i] == ZX_HANDLE_INVALID) continue;
      const zx_status_t closed = HandleTable::Process().Close(chunk[i]);
      if (closed != ZX_OK) result = closed;
    }
    handles += count;
    num_handles -= count;
  }
  return result;
}

ZIRCON_SYSCALL(zx_status_t, handle_duplicate, (zx_handle_t)handle, (zx_rights_t)rights,
               (zx_handle_t*)out) {
  zx_handle_t duplicate;
  const zx_status_t status = HandleTable::Process().Duplicate(handle, rights, &duplicate);
  if (status != ZX_OK) return status;
  return zircon::syscalls::PutValue(out, duplicate);
}

ZIRCON_SYSCALL(zx_status_t, handle_replace, (zx_handle_t)handle, (zx_rights_t)rights,
               (zx_handle_t*)out) {
  zx_handle_t replacement;
  const zx_status_t status = HandleTable::Process().Replace(handle, rights, &replacement);
  if (status != ZX_OK) return status;
  return zircon::syscalls::PutValue(out, replacement);
}
