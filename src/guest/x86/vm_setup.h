// How a virtual machine is set up for an x86-64 guest: which MSRs reach us, what KVM may not do by
// itself. No in-kernel interrupt controller: the local APIC is the library's
// (vcpu/x86/local_apic.h).
//
// Errors are errno values. Thread safety: pure but for the VmFd.

#pragma once

#include "guest/x86/host.h"
#include "kvm/vm_fd.h"

namespace zircon::guest::x86 {

// Every MSR but those of Host::direct_msrs exits to user space.
[[nodiscard]] int EnableMsrExits(kvm::VmFd& vm, const Host& host);
[[nodiscard]] int SetUpVm(kvm::VmFd& vm, const Host& host);

}  // namespace zircon::guest::x86
