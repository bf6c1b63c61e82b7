#include "mmio/mmio_trap.h"

#include <zircon/syscalls/object.h>

#include <algorithm>

#include "absl/strings/str_format.h"
#include "zx_error.h"

namespace zvmm {

absl::Status SetMmioTrap(const zx::guest& guest, uint64_t address, uint64_t size,
                         MmioDevice& device) {
  const zx_status_t status = guest.set_trap(ZX_GUEST_TRAP_MEM, address, size, zx::port(),
                                            reinterpret_cast<uint64_t>(&device));
  return status == ZX_OK
             ? absl::OkStatus()
             : ZxError(absl::StrFormat("zx_guest_set_trap for the device at %#x", address), status);
}

std::vector<AddressRange> RangesAround(const std::vector<AddressRange>& taken, uint64_t end) {
  std::vector<AddressRange> ranges;
  uint64_t start = 0;
  for (const AddressRange& range : taken) {
    if (start < range.start) {
      ranges.push_back({.start = start, .size = range.start - start});
    }
    start = std::max(start, range.start + range.size);
  }
  if (start < end) {
    ranges.push_back({.start = start, .size = end - start});
  }
  return ranges;
}

absl::Status SetMmioTrapAround(const std::vector<AddressRange>& taken, const MemoryLayout& ram,
                               const zx::guest& guest, const zx::vmar& space, MmioDevice& device) {
  zx_info_vmar_t info = {};
  if (zx_status_t status = space.get_info(ZX_INFO_VMAR, &info, sizeof(info), nullptr, nullptr);
      status != ZX_OK) {
    return ZxError("zx_object_get_info of the guest's space", status);
  }
  std::vector<AddressRange> all = {{.start = 0, .size = ram.low}};
  all.insert(all.end(), taken.begin(), taken.end());
  all.push_back({.start = MemoryLayout::kHoleEnd, .size = ram.high});
  for (const AddressRange& range : RangesAround(all, info.base + info.len)) {
    if (absl::Status status = SetMmioTrap(guest, range.start, range.size, device); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace zvmm
