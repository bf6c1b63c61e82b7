// The para-virtual clock (contract PVCLOCK rows). The records have KVM's layout and KVM keeps them:
// the guest's write reaches us first, is checked against the contract's address rules, and then
// goes to KVM.
//
// Thread safety: the owner thread.

#pragma once

#include <cstdint>

#include "guest/guest_space.h"
#include "kvm/vcpu_fd.h"
#include "vcpu/x86/msr_result.h"

namespace zircon::vcpu::x86 {

bool IsClockMsr(uint32_t msr);
// The registers cannot be read (#GP).
MsrResult WriteClockMsr(kvm::VcpuFd& fd, const guest::GuestSpace& space, uint32_t msr,
                        uint64_t value);

}  // namespace zircon::vcpu::x86
