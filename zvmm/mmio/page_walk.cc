#include "mmio/page_walk.h"

#include <algorithm>
#include <cstring>

#include "boot/memory_map.h"

namespace zvmm {
namespace {

constexpr uint64_t kLarge = 1 << 7;
constexpr uint64_t kAddressMask = 0x000F'FFFF'FFFF'F000;
constexpr unsigned kPageShift = 12;
constexpr unsigned kIndexBits = 9;
constexpr unsigned kIndexMask = (1 << kIndexBits) - 1;
constexpr int kLargestLeafLevel = 3;  // A page of 1 GiB.

}  // namespace

std::optional<uint64_t> TranslateLinear(const MemoryView& memory, uint64_t cr3, uint64_t linear,
                                        PagingLevels levels, std::vector<PageWalkStep>* way) {
  uint64_t table = cr3 & kAddressMask;
  for (int level = static_cast<int>(levels); level > 0; --level) {
    const unsigned shift = kPageShift + kIndexBits * static_cast<unsigned>(level - 1);
    PageWalkStep step = {
        .level = level, .table = table, .index = (linear >> shift) & kIndexMask, .entry = {}};
    uint64_t entry = 0;
    const std::span<const uint8_t> bytes =
        memory.Range(table + step.index * sizeof(entry), sizeof(entry));
    if (!bytes.empty()) {
      std::memcpy(&entry, bytes.data(), sizeof(entry));
      step.entry = entry;
    }
    if (way != nullptr) {
      way->push_back(step);
    }
    if (!step.present()) {
      return std::nullopt;
    }
    const bool leaf = level == 1 || (level <= kLargestLeafLevel && (entry & kLarge) != 0);
    if (leaf) {
      // Below the page's address a large leaf has flag bits.
      const uint64_t offset_mask = (uint64_t{1} << shift) - 1;
      return (entry & kAddressMask & ~offset_mask) | (linear & offset_mask);
    }
    table = entry & kAddressMask;
  }
  return std::nullopt;
}

size_t FetchLinear(const MemoryView& memory, uint64_t cr3, uint64_t linear, PagingLevels levels,
                   std::span<uint8_t> bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const uint64_t at = linear + done;
    const auto physical = TranslateLinear(memory, cr3, at, levels);
    if (!physical) {
      break;
    }
    const size_t count = std::min<size_t>(bytes.size() - done, kPageSize - at % kPageSize);
    const std::span<const uint8_t> source = memory.Range(*physical, count);
    if (source.empty()) {
      break;
    }
    std::memcpy(bytes.data() + done, source.data(), count);
    done += count;
  }
  return done;
}

}  // namespace zvmm
