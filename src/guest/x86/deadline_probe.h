// Whether a guest's WRMSR to the TSC-deadline register (0x6E0) exits to us.
//
// KVM handles that write on a fast path which runs before the MSR filter; without an in-kernel
// local APIC some hosts then drop it: the guest boots, and its first sleep never ends. No
// capability tells, so a real guest of a few instructions does.

#pragma once

#include "guest/x86/host.h"
#include "kvm/system_fd.h"

namespace zircon::guest::x86 {

// The probe's guest: mov $0x6E0, %ecx; wrmsr; hlt.
inline constexpr unsigned char kDeadlineProbeCode[] = {0xB9, 0xE0, 0x06, 0x00,
                                                       0x00, 0x0F, 0x30, 0xF4};

// Of `host` its CPUID and its MSRs are known. An errno when the probe cannot be made, which says
// nothing of the host: EIO when its guest does anything but what its code says.
[[nodiscard]] int ProbeDeadlineWrites(kvm::SystemFd& system, const Host& host, bool* reach_us);

}  // namespace zircon::guest::x86
