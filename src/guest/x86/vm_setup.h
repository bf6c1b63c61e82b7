// How a virtual machine is set up for an x86-64 guest: which MSRs reach us, what KVM may not do by
// itself. There is no in-kernel interrupt controller unless the program has asked for one: the
// local APIC is the library's (vcpu/x86/local_apic.h).
//
// Errors are errno values. Thread safety: pure but for the VmFd.

#pragma once

#include <cstdint>
#include <vector>

#include "guest/x86/host.h"
#include "kvm/vm_fd.h"

namespace zircon::guest::x86 {

// Whose the local APICs of a guest's VCPUs are (docs/decisions/0018-accelerated-interrupts.md).
enum class Apics : uint8_t { kLibrary, kKernel };

// What the guest may use without an exit: of the kernel's APIC also its deadline timer and what
// KVM's own features write.
[[nodiscard]] std::vector<kvm::MsrRange> DirectMsrsOf(const Host& host, Apics apics);

// Every MSR but those of DirectMsrsOf() exits to user space.
[[nodiscard]] int EnableMsrExits(kvm::VmFd& vm, const Host& host);
[[nodiscard]] int SetUpVm(kvm::VmFd& vm, const Host& host);

// Gives the machine, which has no VCPU yet, local APICs of the kernel's, for good. EINVAL where the
// kernel cannot.
[[nodiscard]] int UseKernelApics(kvm::VmFd& vm);
// Has KVM_VCPUEVENT_VALID_TRIPLE_FAULT mean something. EINVAL where the kernel cannot.
[[nodiscard]] int EnableTripleFaultEvents(kvm::VmFd& vm);
// Before the first VCPU of such a machine.
[[nodiscard]] int OpenKernelApicMsrs(kvm::VmFd& vm, const Host& host);

}  // namespace zircon::guest::x86
