// The state that a boot protocol starts the first VCPU in.

#pragma once

#include <cstdint>

namespace zvmm {

// The registers that a VCPU starts with; all others are zero. A value.
struct CpuEntry {
  uint64_t rip = 0;
  uint64_t rsi = 0;  // Where the boot protocol's description of the machine is.
};

}  // namespace zvmm
