// Reads guest memory by the guest's own page tables.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "guest_memory.h"

namespace zvmm {

// How many levels the page tables have. The packet of an access does not tell, so that who reads
// instructions tries 4 first; tables with 5 levels, read as 4, lead nowhere.
enum class PagingLevels { kFour = 4, kFive = 5 };

// A table on the way to an address, and what stands there for it.
struct PageWalkStep {
  int level;  // 1 to 5; 1 has the pages.
  uint64_t table;
  uint64_t index;
  std::optional<uint64_t> entry;  // Nothing if the table is not in RAM.

  bool present() const { return entry && (*entry & 1) != 0; }
};

// The guest-physical address of a linear one; nothing if it is not mapped, or a table is not in
// RAM. Adds the steps to `way`, for who wants to know.
std::optional<uint64_t> TranslateLinear(const MemoryView& memory, uint64_t cr3, uint64_t linear,
                                        PagingLevels levels,
                                        std::vector<PageWalkStep>* way = nullptr);

// Copies the bytes at a linear address, across pages, until one is missing. Gives how many.
size_t FetchLinear(const MemoryView& memory, uint64_t cr3, uint64_t linear, PagingLevels levels,
                   std::span<uint8_t> bytes);

}  // namespace zvmm
