// The MSRs that neither the processor nor the local APIC answers (contract MSR rows).
// Thread safety: pure.

#pragma once

#include <cstdint>

#include "vcpu/x86/msr_result.h"

namespace zircon::vcpu::x86 {

MsrResult ReadMsr(uint32_t msr, uint32_t vcpu_id, uint64_t* value);
MsrResult WriteMsr(uint32_t msr, uint32_t vcpu_id, uint64_t value);

}  // namespace zircon::vcpu::x86
