// The other calls of a VCPU's owner, inline: a VMM makes some at each exit
// (syscalls/vcpu_state.cc).

#pragma once

#include <zircon/errors.h>

#include "vcpu/vcpu.h"
#include "vcpu/x86/core_state.h"

namespace zircon::vcpu {

inline zx_status_t Vcpu::ReadState(zx_vcpu_state_t* state) noexcept {
  if (!tenure_.Begin()) [[unlikely]]
    return ZX_ERR_BAD_HANDLE;
  const OwnersCall call(this);
  processor_->core().ReadState(state);
  return ZX_OK;
}

inline zx_status_t Vcpu::WriteState(const zx_vcpu_state_t& state) noexcept {
  if (!tenure_.Begin()) [[unlikely]]
    return ZX_ERR_BAD_HANDLE;
  const OwnersCall call(this);
  processor_->core().WriteState(state);
  return ZX_OK;
}

inline zx_status_t Vcpu::WriteIo(const zx_vcpu_io_t& io) noexcept {
  if (!tenure_.Begin()) [[unlikely]]
    return ZX_ERR_BAD_HANDLE;
  const OwnersCall call(this);
  processor_->core().WriteIo(io);
  return ZX_OK;
}

}  // namespace zircon::vcpu
