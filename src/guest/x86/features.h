// Which features of its processor a guest may be shown, and the MSRs that come with each. One table
// stands behind what CPUID shows (vcpu/x86/cpuid.h), which MSRs take no exit (vm_setup.h) and what
// a VCPU that is used again finds in them (vcpu/x86/initial_state.h), so that the three cannot
// disagree: what is shown has its MSRs, and what has no MSRs, or state that XCR0 does not hold, is
// not shown. A bit that the table does not know is not shown either: whoever defines it next may
// give it an MSR.
//
// Thread safety: pure.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kvm/kvm_abi.h"
#include "kvm/vm_fd.h"

namespace zircon::guest::x86 {

enum class CpuidRegister : uint8_t { kEax, kEbx, kEcx, kEdx };

// The bits that a guest may be shown in a register of CPUID that holds features (0 for any other).
uint32_t ShownFeatures(uint32_t leaf, uint32_t subleaf, CpuidRegister reg);

// The MSRs that the processor itself keeps for the guests of a host that has these leaves.
std::vector<kvm::MsrRange> DirectMsrs(std::span<const kvm_cpuid_entry2> host);

}  // namespace zircon::guest::x86
