// zircon_kvm_hypervisor_resource, zircon_kvm_vmex_resource.

#include "objects/resource.h"

#include <zircon-kvm/host.h>

#include <utility>

#include "rights/rights.h"
#include "syscalls/out_handle.h"

namespace {

zx_status_t PutSystemResource(uint64_t base, zx_handle_t* out) {
  auto resource =
      zircon::base::MakeRef<zircon::objects::Resource>(ZX_RSRC_KIND_SYSTEM, base, uint64_t{1});
  if (!resource) return ZX_ERR_NO_MEMORY;
  return zircon::syscalls::PutHandle(out, std::move(resource), zircon::rights::kResource);
}

}  // namespace

extern "C" ZX_DETAIL_CALL zx_status_t zircon_kvm_hypervisor_resource(zx_handle_t* out) {
  return PutSystemResource(ZX_RSRC_SYSTEM_HYPERVISOR_BASE, out);
}

extern "C" ZX_DETAIL_CALL zx_status_t zircon_kvm_vmex_resource(zx_handle_t* out) {
  return PutSystemResource(ZX_RSRC_SYSTEM_VMEX_BASE, out);
}
