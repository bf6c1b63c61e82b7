// zx_object_signal, zx_object_signal_peer.

#include <zircon/syscalls.h>

#include "syscalls/syscall.h"
#include "syscalls/waitable_ref.h"

using zircon::syscalls::WaitableRef;

ZIRCON_SYSCALL(zx_status_t, object_signal, (zx_handle_t)handle, (uint32_t)clear_mask,
               (uint32_t)set_mask) {
  WaitableRef object;
  const zx_status_t status = object.Lookup(handle, ZX_RIGHT_SIGNAL);
  if (status != ZX_OK) return status;
  if (((clear_mask | set_mask) & ~object->user_signals()) != 0) return ZX_ERR_INVALID_ARGS;
  object->UpdateSignals(clear_mask, set_mask);
  return ZX_OK;
}

ZIRCON_SYSCALL(zx_status_t, object_signal_peer, (zx_handle_t)handle, (uint32_t)clear_mask,
               (uint32_t)set_mask) {
  WaitableRef object;
  const zx_status_t status = object.Lookup(handle, ZX_RIGHT_SIGNAL_PEER);
  if (status != ZX_OK) return status;
  return object->SignalPeer(clear_mask, set_mask);
}
