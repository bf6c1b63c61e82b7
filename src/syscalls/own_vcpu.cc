#include "syscalls/own_vcpu.h"

#include "handles/handle_table.h"

namespace zircon::syscalls {

zx_status_t LookUpVcpu(zx_handle_t handle, zx_rights_t rights, vcpu::Vcpu** vcpu) {
  handles::TypedRef<vcpu::Vcpu> found;
  const zx_status_t status = found.Lookup(handle, rights);
  if (status != ZX_OK) return status;
  *vcpu = nullptr;
  if (!found->OnOwnerThread()) return ZX_OK;
  vcpu::ThreadOwner::RememberVcpu(handle, found.ref());
  *vcpu = found.get();
  return ZX_OK;
}

}  // namespace zircon::syscalls
