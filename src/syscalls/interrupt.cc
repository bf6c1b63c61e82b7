// zx_interrupt_*.

#include "objects/interrupt.h"

#include <zircon/syscalls.h>

#include <utility>

#include "handles/handle_table.h"
#include "objects/resource.h"
#include "rights/rights.h"
#include "syscalls/out_handle.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"
#include "vcpu/vcpu.h"

using zircon::base::RefPtr;
using zircon::handles::TypedRef;
using zircon::objects::Interrupt;
using zircon::objects::Port;
using zircon::objects::Resource;
using zircon::vcpu::Vcpu;

ZIRCON_SYSCALL(zx_status_t, interrupt_create, (zx_handle_t)src_obj, (uint32_t)src_num,
               (uint32_t)options, (zx_handle_t*)out_handle) {
  if ((options & ZX_INTERRUPT_VIRTUAL) == 0) {
    TypedRef<Resource> resource;
    zx_status_t status = resource.Lookup(src_obj, ZX_RIGHT_NONE);
    if (status == ZX_OK) status = resource->Check(ZX_RSRC_KIND_IRQ, src_num);
    // The host's interrupts are the host kernel's.
    return status != ZX_OK ? status : ZX_ERR_NOT_SUPPORTED;
  }
  if ((options & ~(ZX_INTERRUPT_VIRTUAL | ZX_INTERRUPT_TIMESTAMP_MONO)) != 0) {
    return ZX_ERR_INVALID_ARGS;
  }
  auto interrupt = zircon::base::MakeRef<Interrupt>();
  if (!interrupt) return ZX_ERR_NO_MEMORY;
  return zircon::syscalls::PutHandle(out_handle, std::move(interrupt), zircon::rights::kInterrupt);
}

ZIRCON_SYSCALL(zx_status_t, interrupt_bind, (zx_handle_t)handle, (zx_handle_t)port_handle,
               (uint64_t)key, (uint32_t)options) {
  if (options > ZX_INTERRUPT_UNBIND) return ZX_ERR_INVALID_ARGS;
  TypedRef<Interrupt> interrupt;
  zx_status_t status = interrupt.Lookup(handle, ZX_RIGHT_READ);
  if (status != ZX_OK) return status;
  TypedRef<Port> port;
  status = port.Lookup(port_handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  if ((port->options() & ZX_PORT_BIND_TO_INTERRUPT) == 0) return ZX_ERR_WRONG_TYPE;
  if (options == ZX_INTERRUPT_UNBIND) return interrupt->Unbind(port.get());
  return interrupt->Bind(port.share(), key);
}

ZIRCON_SYSCALL(zx_status_t, interrupt_bind_vcpu, (zx_handle_t)handle, (zx_handle_t)vcpu,
               (uint32_t)options) {
  TypedRef<Interrupt> interrupt;
  zx_status_t status = interrupt.Lookup(handle, ZX_RIGHT_READ);
  if (status != ZX_OK) return status;
  TypedRef<Vcpu> bound;
  status = bound.Lookup(vcpu, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  // For those of hardware only, and there are none.
  return ZX_ERR_NOT_SUPPORTED;
}

ZIRCON_SYSCALL(zx_status_t, interrupt_wait, (zx_handle_t)handle, (zx_time_t*)out_timestamp) {
  RefPtr<Interrupt> interrupt;
  {
    TypedRef<Interrupt> ref;
    const zx_status_t status = ref.Lookup(handle, ZX_RIGHT_WAIT);
    if (status != ZX_OK) return status;
    interrupt = ref.share();
  }
  zx_time_t timestamp = 0;
  const zx_status_t status = interrupt->Wait(&timestamp);
  if (status != ZX_OK || out_timestamp == nullptr) return status;
  return zircon::user::Put(out_timestamp, timestamp);
}

ZIRCON_SYSCALL(zx_status_t, interrupt_ack, (zx_handle_t)handle) {
  TypedRef<Interrupt> interrupt;
  const zx_status_t status = interrupt.Lookup(handle, ZX_RIGHT_WRITE);
  return status != ZX_OK ? status : interrupt->Ack();
}

ZIRCON_SYSCALL(zx_status_t, interrupt_destroy, (zx_handle_t)handle) {
  TypedRef<Interrupt> interrupt;
  const zx_status_t status = interrupt.Lookup(handle, ZX_RIGHT_NONE);
  return status != ZX_OK ? status : interrupt->Destroy();
}

ZIRCON_SYSCALL(zx_status_t, interrupt_trigger, (zx_handle_t)handle, (uint32_t)options,
               (zx_time_t)timestamp) {
  if (options != 0) return ZX_ERR_INVALID_ARGS;
  TypedRef<Interrupt> interrupt;
  const zx_status_t status = interrupt.Lookup(handle, ZX_RIGHT_SIGNAL);
  return status != ZX_OK ? status : interrupt->Trigger(timestamp);
}
