// Where a VCPU's linear addresses lead, by all its registers: for who looks at a guest from
// outside.

#pragma once

#include <zircon-kvm/debug.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "guest_memory.h"
#include "mmio/page_walk.h"

namespace zvmm {

enum class Paging : uint8_t {
  kOff,
  k32Bit,  // Which is not followed: no kernel that this program boots uses such tables.
  kFourLevels,
  kFiveLevels
};
Paging PagingOf(const zircon_kvm_system_registers_t& system);

// Where a linear address leads by the tables that `system` names; the tables' accessed bits stay.
// Adds the steps to `way`, for who wants to know.
std::optional<uint64_t> TranslateFor(const MemoryView& memory,
                                     const zircon_kvm_system_registers_t& system, uint64_t linear,
                                     std::vector<PageWalkStep>* way = nullptr);

}  // namespace zvmm
