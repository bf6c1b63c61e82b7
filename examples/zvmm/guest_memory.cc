#include "guest_memory.h"

#include <zircon-kvm/host.h>

#include <utility>

namespace zvmm {

absl::StatusOr<std::unique_ptr<GuestMemory>> GuestMemory::Create(uint64_t size) {
  Handle data;
  if (zx_status_t status = zx_vmo_create(size, 0, data.Receive()); status != ZX_OK) {
    return ZxError("zx_vmo_create for the guest's memory", status);
  }
  Handle vmex;
  if (zx_status_t status = zircon_kvm_vmex_resource(vmex.Receive()); status != ZX_OK) {
    return ZxError("zircon_kvm_vmex_resource", status);
  }
  Handle vmo;
  if (zx_status_t status = zx_vmo_replace_as_executable(data.Release(), vmex.get(), vmo.Receive());
      status != ZX_OK) {
    return ZxError("zx_vmo_replace_as_executable", status);
  }
  zx_vaddr_t base = 0;
  if (zx_status_t status = zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0,
                                       vmo.get(), 0, size, &base);
      status != ZX_OK) {
    return ZxError("zx_vmar_map of the guest's memory into zvmm", status);
  }
  return std::unique_ptr<GuestMemory>(new GuestMemory(std::move(vmo), base, size));
}

GuestMemory::GuestMemory(Handle vmo, zx_vaddr_t base, uint64_t size)
    : vmo_(std::move(vmo)),
      base_(base),
      size_(size),
      view_(reinterpret_cast<uint8_t*>(base), size) {}

GuestMemory::~GuestMemory() { zx_vmar_unmap(zx_vmar_root_self(), base_, size_); }

absl::Status GuestMemory::MapInto(zx_handle_t guest_vmar) const {
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
    const zx_status_t status = zx_vmar_map(
        guest_vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC,
        part.address, vmo_.get(), part.vmo_offset, part.size, &mapped);
    if (status != ZX_OK) {
      return ZxError("zx_vmar_map of the guest's memory into the guest", status);
    }
  }
  return absl::OkStatus();
}

}  // namespace zvmm
