#include "guest_memory.h"

#include <lib/zx/resource.h>
#include <zircon-kvm/host.h>

#include <utility>

#include "zx_error.h"

namespace zvmm {

absl::StatusOr<std::unique_ptr<GuestMemory>> GuestMemory::Create(uint64_t size) {
  zx::vmo vmo;
  if (zx_status_t status = zx::vmo::create(size, 0, &vmo); status != ZX_OK) {
    return ZxError("zx_vmo_create for the guest's memory", status);
  }
  zx::resource vmex;
  if (zx_status_t status = zircon_kvm_vmex_resource(vmex.reset_and_get_address());
      status != ZX_OK) {
    return ZxError("zircon_kvm_vmex_resource", status);
  }
  if (zx_status_t status = vmo.replace_as_executable(vmex, &vmo); status != ZX_OK) {
    return ZxError("zx_vmo_replace_as_executable", status);
  }
  zx_vaddr_t base = 0;
  if (zx_status_t status =
          zx::vmar::root_self()->map(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vmo, 0, size, &base);
      status != ZX_OK) {
    return ZxError("zx_vmar_map of the guest's memory into zvmm", status);
  }
  return std::unique_ptr<GuestMemory>(new GuestMemory(std::move(vmo), base, size));
}

GuestMemory::GuestMemory(zx::vmo vmo, zx_vaddr_t base, uint64_t size)
    : vmo_(std::move(vmo)),
      base_(base),
      size_(size),
      view_(reinterpret_cast<uint8_t*>(base), size) {}

GuestMemory::~GuestMemory() { zx::vmar::root_self()->unmap(base_, size_); }

absl::Status GuestMemory::MapInto(const zx::vmar& space) const {
  const MemoryLayout& layout = view_.layout();
  struct Part {
    uint64_t address;
    uint64_t vmo_offset;
    uint64_t size;
  };
  const Part parts[] = {{0, 0, layout.low}, {MemoryLayout::kHoleEnd, layout.low, layout.high}};
  for (const Part& part : parts) {
    if (part.size == 0) {
      continue;
    }
    zx_vaddr_t mapped = 0;
    const zx_status_t status =
        space.map(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC,
                  part.address, vmo_, part.vmo_offset, part.size, &mapped);
    if (status != ZX_OK) {
      return ZxError("zx_vmar_map of the guest's memory into the guest", status);
    }
  }
  return absl::OkStatus();
}

}  // namespace zvmm
