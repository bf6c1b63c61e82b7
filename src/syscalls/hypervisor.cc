// zx_guest_* and zircon_kvm_guest_*, and of zx_vcpu_* those that are not the owner's at each exit
// (syscalls/vcpu.cc): handles and rights, then arguments, in the documented order.

#include <zircon-kvm/host.h>
#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/hypervisor.h>

#include <cerrno>
#include <utility>

#include "guest/guest.h"
#include "handles/handle_table.h"
#include "objects/port.h"
#include "objects/resource.h"
#include "rights/rights.h"
#include "syscalls/out_handle.h"
#include "syscalls/syscall.h"
#include "vcpu/vcpu.h"

namespace {

using zircon::base::RefPtr;
using zircon::guest::Guest;
using zircon::handles::TypedRef;
using zircon::objects::Port;
using zircon::objects::Resource;
using zircon::objects::Vmar;
using zircon::vcpu::Vcpu;
namespace rights = zircon::rights;
namespace syscalls = zircon::syscalls;

}  // namespace

ZIRCON_SYSCALL(zx_status_t, guest_create, (zx_handle_t)resource, (uint32_t)options,
               (zx_handle_t*)guest_handle, (zx_handle_t*)vmar_handle) {
  TypedRef<Resource> hypervisor;
  // The resource itself is the permission: no right on its handle is asked for.
  zx_status_t status = hypervisor.Lookup(resource, ZX_RIGHT_NONE);
  if (status != ZX_OK) return status;
  status = hypervisor->CheckSystem(ZX_RSRC_SYSTEM_HYPERVISOR_BASE);
  if (status != ZX_OK) return status;
  if (options != 0) return ZX_ERR_INVALID_ARGS;

  RefPtr<Guest> guest;
  RefPtr<Vmar> root;
  status = Guest::Create(&guest, &root);
  if (status != ZX_OK) return status;
  return syscalls::PutHandles(guest_handle, std::move(guest), rights::kGuest, vmar_handle,
                              std::move(root), rights::kRootVmar);
}

ZIRCON_HOST_CALL(zx_status_t, guest_set_interrupts, (zx_handle_t)handle, (int)interrupts,
                 (uint32_t)processors) {
  TypedRef<Guest> guest;
  const zx_status_t status = guest.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  switch (interrupts) {
    case ZIRCON_KVM_INTERRUPTS_LIBRARY:
      return guest->UseLibraryApics();
    case ZIRCON_KVM_INTERRUPTS_KERNEL:
      if (processors == 0 || processors > zircon::guest::VcpuShelf::kMaxVcpus) {
        return ZX_ERR_INVALID_ARGS;
      }
      return guest->UseKernelApics(processors);
    default:
      return ZX_ERR_INVALID_ARGS;
  }
}

ZIRCON_SYSCALL(zx_status_t, guest_set_trap, (zx_handle_t)handle, (uint32_t)kind, (zx_vaddr_t)addr,
               (size_t)size, (zx_handle_t)port_handle, (uint64_t)key) {
  TypedRef<Guest> guest;
  zx_status_t status = guest.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  RefPtr<Port> port;
  if (port_handle != ZX_HANDLE_INVALID) {
    TypedRef<Port> port_ref;
    status = port_ref.Lookup(port_handle, ZX_RIGHT_WRITE);
    if (status != ZX_OK) return status;
    port = port_ref.share();
  }
  return guest->SetTrap(kind, addr, size, std::move(port), key);
}

ZIRCON_SYSCALL(zx_status_t, vcpu_create, (zx_handle_t)guest_handle, (uint32_t)options,
               (zx_vaddr_t)entry, (zx_handle_t*)out) {
  if (options != 0) return ZX_ERR_INVALID_ARGS;
  TypedRef<Guest> guest;
  // WRITE, as the seed page has it; later generations ask for other rights.
  zx_status_t status = guest.Lookup(guest_handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  RefPtr<Vcpu> vcpu;
  status = Vcpu::Create(guest.share(), entry, &vcpu);
  if (status != ZX_OK) return status;
  return syscalls::PutHandle(out, std::move(vcpu), rights::kVcpu);
}

ZIRCON_SYSCALL(zx_status_t, vcpu_kick, (zx_handle_t)handle) {
  TypedRef<Vcpu> vcpu;
  const zx_status_t status = vcpu.Lookup(handle, ZX_RIGHT_EXECUTE);
  if (status != ZX_OK) return status;
  // For signal handlers.
  const int saved_errno = errno;
  vcpu->Kick();
  errno = saved_errno;
  return ZX_OK;
}

ZIRCON_SYSCALL(zx_status_t, vcpu_interrupt, (zx_handle_t)handle, (uint32_t)vector) {
  TypedRef<Vcpu> vcpu;
  const zx_status_t status = vcpu.Lookup(handle, ZX_RIGHT_SIGNAL);
  if (status != ZX_OK) return status;
  return vcpu->Interrupt(vector);
}
