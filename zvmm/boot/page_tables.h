// The page tables that the first VCPU starts with: an identity map of the lowest 4 GiB, which a
// kernel uses until it has made its own.

#pragma once

#include <cstdint>

#include "guest_memory.h"

namespace zvmm {

// Bytes that WriteIdentityPageTables() uses, from address 0.
inline constexpr uint64_t kIdentityPageTablesSize = 6 * 0x1000;

// Writes them at address 0, where CR3 = 0 finds them. The memory must be large enough.
void WriteIdentityPageTables(const MemoryView& memory);

}  // namespace zvmm
