#include "boot/memory_map.h"

namespace zvmm {

std::vector<MemoryRange> MemoryMap(const MemoryLayout& layout) {
  constexpr uint64_t kAdapters = 0xA0000;
  std::vector<MemoryRange> map = {
      {.start = 0, .size = kLowRamEnd, .ram = true},
      {.start = kLowRamEnd, .size = kAdapters - kLowRamEnd, .ram = false},
      {.start = kBiosStart, .size = kHighRamStart - kBiosStart, .ram = false},
      {.start = kHighRamStart, .size = layout.low - kHighRamStart, .ram = true},
  };
  if (layout.high > 0) {
    map.push_back({.start = MemoryLayout::kHoleEnd, .size = layout.high, .ram = true});
  }
  return map;
}

}  // namespace zvmm
