#include "guest/trap_map.h"

#include <algorithm>

namespace zircon::guest {

const Trap* TrapTree::Find(uint64_t address) const {
  // The trap with the greatest base ≤ address; traps do not overlap, so no other can contain it.
  auto above = std::upper_bound(
      traps_.begin(), traps_.end(), address,
      [](uint64_t wanted, const std::unique_ptr<Trap>& trap) { return wanted < trap->base; });
  if (above == traps_.begin()) return nullptr;
  const Trap* trap = std::prev(above)->get();
  return trap->Contains(address) ? trap : nullptr;
}

bool TrapTree::Overlaps(uint64_t base, uint64_t size) const {
  return std::any_of(traps_.begin(), traps_.end(), [&](const std::unique_ptr<Trap>& trap) {
    return trap->base < base + size && base < trap->base + trap->size;
  });
}

void TrapTree::Insert(std::unique_ptr<Trap> trap) {
  auto at = std::upper_bound(
      traps_.begin(), traps_.end(), trap->base,
      [](uint64_t wanted, const std::unique_ptr<Trap>& other) { return wanted < other->base; });
  traps_.insert(at, std::move(trap));
}

void TrapTree::Remove(uint64_t base) {
  std::erase_if(traps_, [base](const std::unique_ptr<Trap>& trap) { return trap->base == base; });
}

}  // namespace zircon::guest
