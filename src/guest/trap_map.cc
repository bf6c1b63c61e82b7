#include "guest/trap_map.h"

#include <iterator>
#include <utility>

namespace zircon::guest {

// Traps do not overlap, so of those that begin at or below `address` only the last can hold it.
TrapTree::Traps::const_iterator TrapTree::FirstEndingBehind(uint64_t address) const {
  const auto above = traps_.upper_bound(address);
  if (above == traps_.begin()) return above;
  const auto before = std::prev(above);
  return before->second->Contains(address) ? before : above;
}

const Trap* TrapTree::Find(uint64_t address) const {
  const auto it = FirstEndingBehind(address);
  return it != traps_.end() && it->second->Contains(address) ? it->second.get() : nullptr;
}

bool TrapTree::Overlaps(uint64_t base, uint64_t size) const {
  const auto it = FirstEndingBehind(base);
  return it != traps_.end() && it->first < base + size;
}

void TrapTree::Insert(std::unique_ptr<Trap> trap) {
  const uint64_t base = trap->base;
  traps_.emplace(base, std::move(trap));
}

}  // namespace zircon::guest
