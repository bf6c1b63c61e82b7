// The state that a VCPU starts in (contract STATE-INIT rows): id 0 in 64-bit mode with paging on
// and CR3 = 0, the others in real mode at the entry.
//
// Errors are errno values. Thread safety: the thread that creates the VCPU.

#pragma once

#include <cstdint>

#include "guest/x86/host.h"
#include "guest/x86/vm_setup.h"
#include "kvm/vcpu_fd.h"

namespace zircon::vcpu::x86 {

// What a VCPU needs whose kernel VCPU is new, or was another VCPU's before (`used`).
[[nodiscard]] int SetInitialState(kvm::VcpuFd& fd, const guest::x86::Host& host, uint32_t id,
                                  guest::x86::Apics apics, uint64_t entry, bool used);
// Of that what a kernel VCPU gets that waits to be started, with the kernel's local APIC: CPUID,
// and the TSC, since the guest's clock is a good one only while all VCPUs have the same.
[[nodiscard]] int SetWaitingState(kvm::VcpuFd& fd, const guest::x86::Host& host, uint32_t id);

// What RDMSR of the APIC base gives; also what the kernel is told.
uint64_t ApicBase(uint32_t id);

}  // namespace zircon::vcpu::x86
