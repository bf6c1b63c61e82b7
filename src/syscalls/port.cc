// zx_port_create, zx_port_queue, zx_port_wait, zx_port_cancel, zx_port_cancel_key.

#include <zircon/syscalls.h>

#include <utility>

#include "handles/handle_table.h"
#include "objects/port.h"
#include "rights/rights.h"
#include "syscalls/layouts_2018.h"
#include "syscalls/out_handle.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"
#include "syscalls/waitable_ref.h"

using zircon::base::RefPtr;
using zircon::handles::TypedRef;
using zircon::objects::Port;
using zircon::syscalls::WaitableRef;

namespace {

inline zx_status_t Queue(Port& port, const zx_port_packet_t* packet, size_t most) {
  if (!zircon::user::CanReadCached(packet, sizeof(*packet))) return ZX_ERR_INVALID_ARGS;
  // Copied before the port is locked, for the page may go at any moment.
  const zx_port_packet_t copy = *packet;
  return port.Queue(copy, most);
}

}  // namespace

ZIRCON_SYSCALL(zx_status_t, port_create, (uint32_t)options, (zx_handle_t*)out) {
  if ((options & ~ZX_PORT_BIND_TO_INTERRUPT) != 0) return ZX_ERR_INVALID_ARGS;
  RefPtr<Port> port = zircon::base::MakeRef<Port>(options);
  if (!port) return ZX_ERR_NO_MEMORY;
  return zircon::syscalls::PutHandle(out, std::move(port), zircon::rights::kPort);
}

ZIRCON_SYSCALL(zx_status_t, port_queue, (zx_handle_t)handle, (const zx_port_packet_t*)packet) {
  TypedRef<Port> port;
  const zx_status_t status = port.Lookup(handle, ZX_RIGHT_WRITE);
  return status == ZX_OK ? Queue(*port, packet, Port::kMaxUserPackets) : status;
}

ZIRCON_SYSCALL(zx_status_t, port_queue_2018, (zx_handle_t)handle, (const zx_port_packet_t*)packet) {
  TypedRef<Port> port;
  zx_status_t status = port.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  status = Queue(*port, packet, Port::kMaxUserPackets2018);
  return zircon::syscalls::api_2018::DeadPortStatus(status);
}

ZIRCON_SYSCALL(zx_status_t, port_wait, (zx_handle_t)handle, (zx_time_t)deadline,
               (zx_port_packet_t*)packet) {
  zx_port_packet_t taken;
  RefPtr<Port> port;
  zx_status_t status;
  {
    TypedRef<Port> ref;
    status = ref.Lookup(handle, ZX_RIGHT_READ);
    if (status != ZX_OK) return status;
    status = ref->Wait(ZX_TIME_INFINITE_PAST, &taken);
    if (status != ZX_OK && deadline > 0) port = ref.share();
  }
  // A wait holds the object but not its handle's slot, which could not be used again so long.
  if (port) status = port->Wait(deadline, &taken);
  if (status != ZX_OK) return status;
  if (!zircon::user::CanWriteCached(packet, sizeof(*packet))) return ZX_ERR_INVALID_ARGS;
  *packet = taken;
  return ZX_OK;
}

ZIRCON_SYSCALL(zx_status_t, port_cancel, (zx_handle_t)handle, (zx_handle_t)source, (uint64_t)key) {
  TypedRef<Port> port;
  zx_status_t status = port.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  WaitableRef object;
  status = object.Lookup(source, ZX_RIGHT_WAIT);
  if (status != ZX_OK) return status;
  // In this order: a wait that is gone queues nothing more.
  const bool waited = object->RemoveWaits(source, port.get(), key);
  const bool queued = port->RemoveQueued(source, key);
  return waited || queued ? ZX_OK : ZX_ERR_NOT_FOUND;
}

ZIRCON_SYSCALL(zx_status_t, port_cancel_key, (zx_handle_t)handle, (uint32_t)options,
               (uint64_t)key) {
  if (options != 0) return ZX_ERR_INVALID_ARGS;
  TypedRef<Port> port;
  const zx_status_t status = port.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  return port->CancelKey(key) ? ZX_OK : ZX_ERR_NOT_FOUND;
}
