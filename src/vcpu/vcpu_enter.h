// The calls of a VCPU's owner, inline: each is made at every exit, and from one place
// (syscalls/vcpu.cc).

#pragma once

#include "vcpu/processor_enter.h"
#include "vcpu/vcpu.h"

namespace zircon::vcpu {

inline zx_status_t Vcpu::Enter(zx_port_packet_t* packet, x86::InstructionBytes* code) noexcept {
  if (!tenure_.Begin()) [[unlikely]]
    return ZX_ERR_BAD_HANDLE;
  const OwnersCall call(this);
  const RunScope scope(gate_);
  return processor_->Enter(packet, code);
}

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
