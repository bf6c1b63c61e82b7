// Vcpu::EnterPlainly(), inline in its one caller (syscalls/vcpu.cc).

#pragma once

#include "vcpu/processor_enter.h"
#include "vcpu/vcpu.h"

namespace zircon::vcpu {

// Nothing beneath throws, and what is to be done at the end is a call now and then only.
template <typename Place>
inline zx_status_t Vcpu::EnterPlainly(const Place& place, zx_port_packet_t* apart,
                                      bool* is_apart) noexcept {
  if (!tenure_.Begin()) [[unlikely]]
    return ZX_ERR_BAD_HANDLE;
  const zx_status_t status = processor_->EnterPlainly(place, apart, is_apart);
  if (!gate_.LeavePlainly()) [[unlikely]]
    base::KeepingVectors([this] { gate_.FinishLeaving(); });
  if (tenure_.End()) [[unlikely]]
    base::KeepingVectors([this] { GiveBackPlace(); });
  return status;
}

}  // namespace zircon::vcpu
