#include "phys_mem.h"

#include <utility>

#include "generation.h"

PhysMem::~PhysMem() {
  if (host_ != 0) zx::vmar::root_self()->unmap(host_, size_);
}

zx_status_t PhysMem::Init(size_t size, zx::resource vmex) {
  zx_status_t status = zx::vmo::create(size, kFixedSize, &vmo_);
  if (status != ZX_OK) return status;
  constexpr char kName[] = "guest-physical-memory";
  status = vmo_.set_property(ZX_PROP_NAME, kName, sizeof(kName) - 1);
  if (status != ZX_OK) return status;
  status = MakeExecutable(&vmo_, std::move(vmex));
  if (status != ZX_OK) return status;
  size_ = size;
  return Map(*zx::vmar::root_self(),
             ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_REQUIRE_NON_RESIZABLE, vmo_, size, &host_);
}

zx_status_t PhysMem::MapInto(const zx::vmar& space) const {
  zx_vaddr_t address = 0;
  const zx_status_t status =
      Map(space, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC, vmo_,
          size_, &address);
  ZX_DEBUG_ASSERT(status != ZX_OK || address == 0);
  return status;
}
