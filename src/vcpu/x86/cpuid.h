// What CPUID shows the guest (contract CPUID rows): what KVM can show, with the changes that the
// hypervisor makes. Thread safety: pure.

#pragma once

#include <cstdint>
#include <vector>

#include "guest/x86/host.h"
#include "guest/x86/vm_setup.h"
#include "kvm/kvm_abi.h"

namespace zircon::vcpu::x86 {

std::vector<kvm_cpuid_entry2> GuestCpuid(const guest::x86::Host& host, uint32_t vcpu_id,
                                         guest::x86::Apics apics);

// Bits of the extra CR4 flags and XCR0 components that the initial state has where the host does.
struct ProcessorFeatures {
  bool xsave = false;
  bool avx = false;
  bool fsgsbase = false;
};
ProcessorFeatures FeaturesOf(const std::vector<kvm_cpuid_entry2>& cpuid);

}  // namespace zircon::vcpu::x86
