// The local APIC of a VCPU where it is the kernel's: what the library does to it, and asks of it,
// between runs. Interrupts go to it by vcpu/interrupt_link.h.
//
// Errors are errno values. Thread safety: who has the kernel's VCPU.

#pragma once

#include <zircon-kvm/debug.h>

#include "kvm/vcpu_fd.h"

namespace zircon::vcpu::x86 {

// As after reset, but enabled by software (a message that comes before the guest has done so is not
// lost), with LINT0 masked, and the VCPU running. CPUID and the APIC base are there.
[[nodiscard]] int ResetKernelApic(kvm::VcpuFd& fd);

// A halted VCPU goes on behind its HLT.
[[nodiscard]] int EndHalt(kvm::VcpuFd& fd);

// For a debugger: its timer, and what waits for delivery in it.
[[nodiscard]] int TellKernelApic(kvm::VcpuFd& fd, zircon_kvm_apic_registers_t* to);
[[nodiscard]] int TellKernelApic(kvm::VcpuFd& fd, zircon_kvm_events_t* to);

}  // namespace zircon::vcpu::x86
