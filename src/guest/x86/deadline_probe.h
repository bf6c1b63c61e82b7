// Whether a guest's WRMSR to the TSC-deadline register (0x6E0) exits to us.
//
// KVM handles that write on a fast path which runs before the MSR filter; without an in-kernel
// local APIC some hosts then drop it: the guest boots, and its first sleep never ends. No
// capability tells, so a real guest of a few instructions does.

#pragma once

#include <span>

#include "kvm/kvm_abi.h"
#include "kvm/system_fd.h"

namespace zircon::guest::x86 {

// The probe's guest: mov $0x6E0, %ecx; wrmsr; hlt.
inline constexpr unsigned char kDeadlineProbeCode[] = {0xB9, 0xE0, 0x06, 0x00,
                                                       0x00, 0x0F, 0x30, 0xF4};

// False also when the probe itself fails: the timer that always works is chosen then.
bool DeadlineWritesReachUs(kvm::SystemFd& system, std::span<const kvm_cpuid_entry2> cpuid);

}  // namespace zircon::guest::x86
