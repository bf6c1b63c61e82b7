// Which device answers which guest-physical addresses.
//
// The key of each trap is the device itself, so that an access needs no look-up: MmioDeviceOf(key).

#pragma once

#include <lib/zx/guest.h>
#include <lib/zx/vmar.h>

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "devices/device.h"
#include "guest_memory.h"

namespace zvmm {

// A range of whole pages. A value.
struct AddressRange {
  uint64_t start;
  uint64_t size;
};

// Has `device`, which must live longer than the guest, answer a range of whole pages.
absl::Status SetMmioTrap(const zx::guest& guest, uint64_t address, uint64_t size,
                         MmioDevice& device);

// Has `device` answer all of the guest's space that is neither RAM nor in `taken`, whose ranges are
// in ascending order.
absl::Status SetMmioTrapAround(const std::vector<AddressRange>& taken, const MemoryLayout& ram,
                               const zx::guest& guest, const zx::vmar& space, MmioDevice& device);

// The ranges of [0, end) that are in none of `taken`, which are in ascending order and may be
// empty.
std::vector<AddressRange> RangesAround(const std::vector<AddressRange>& taken, uint64_t end);

inline MmioDevice& MmioDeviceOf(uint64_t key) { return *reinterpret_cast<MmioDevice*>(key); }

}  // namespace zvmm
