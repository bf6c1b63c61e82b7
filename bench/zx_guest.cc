#include "zx_guest.h"

#include <zircon-kvm/host.h>

namespace bench {
namespace {

void MustOk(zx_status_t status, const char* what) { Must(status == ZX_OK, what); }

}  // namespace

ZxMemory::ZxMemory(Program program) {
  MustOk(zx_vmo_create(kMemorySize, 0, &vmo_), "zx_vmo_create");
  zx_handle_t vmex;
  MustOk(zircon_kvm_vmex_resource(&vmex), "zircon_kvm_vmex_resource");
  MustOk(zx_vmo_replace_as_executable(vmo_, vmex, &vmo_), "zx_vmo_replace_as_executable");
  zx_handle_close(vmex);
  zx_vaddr_t here = 0;
  MustOk(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vmo_, 0,
                     kMemorySize, &here),
         "zx_vmar_map");
  auto* bytes = reinterpret_cast<std::byte*>(here);
  FillGuestMemory(program, {bytes, kMemorySize});
  here_ = bytes;
}

ZxMemory::~ZxMemory() {
  zx_vmar_unmap(zx_vmar_root_self(), reinterpret_cast<zx_vaddr_t>(here_), kMemorySize);
  zx_handle_close(vmo_);
}

ZxGuest::ZxGuest(const ZxMemory& memory) {
  zx_handle_t resource;
  MustOk(zircon_kvm_hypervisor_resource(&resource), "zircon_kvm_hypervisor_resource");
  MustOk(zx_guest_create(resource, 0, &guest_, &space_), "zx_guest_create");
  zx_handle_close(resource);
  zx_vaddr_t address = 0;
  MustOk(
      zx_vmar_map(space_, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC,
                  0, memory.vmo(), 0, kMemorySize, &address),
      "zx_vmar_map");
  MustOk(zx_guest_set_trap(guest_, ZX_GUEST_TRAP_IO, kPort, 1, ZX_HANDLE_INVALID, 1),
         "zx_guest_set_trap");
  MustOk(zx_guest_set_trap(guest_, ZX_GUEST_TRAP_MEM, kTrap, kTrapSize, ZX_HANDLE_INVALID, 2),
         "zx_guest_set_trap");
  MustOk(zx_port_create(0, &port_), "zx_port_create");
  MustOk(zx_guest_set_trap(guest_, ZX_GUEST_TRAP_BELL, kBell, kTrapSize, port_, 3),
         "zx_guest_set_trap");
  MustOk(zx_vcpu_create(guest_, 0, kCode, &vcpu_), "zx_vcpu_create");
}

ZxGuest::~ZxGuest() {
  zx_handle_close(vcpu_);
  zx_handle_close(port_);
  zx_handle_close(space_);
  zx_handle_close(guest_);
}

}  // namespace bench
