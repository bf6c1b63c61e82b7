// Which device answers which guest-physical addresses.
//
// The key of each trap is the device itself, so that an access needs no look-up: MmioDeviceOf(key).

#pragma once

#include <lib/zx/guest.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "devices/device.h"
#include "zx_error.h"

namespace zvmm {

// Has `device`, which must live longer than the guest, answer a range of whole pages.
inline absl::Status SetMmioTrap(const zx::guest& guest, uint64_t address, uint64_t size,
                                MmioDevice& device) {
  const zx_status_t status = guest.set_trap(ZX_GUEST_TRAP_MEM, address, size, zx::port(),
                                            reinterpret_cast<uint64_t>(&device));
  return status == ZX_OK
             ? absl::OkStatus()
             : ZxError(absl::StrFormat("zx_guest_set_trap for the device at %#x", address), status);
}

inline MmioDevice& MmioDeviceOf(uint64_t key) { return *reinterpret_cast<MmioDevice*>(key); }

}  // namespace zvmm
