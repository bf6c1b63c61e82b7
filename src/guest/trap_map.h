// TrapMap: which guest-physical pages and which I/O ports the VMM handles. BELL and MEM traps share
// one tree, I/O ports have their own; traps of one tree never overlap. One that was found once
// stays where it is.
//
// Ownership: the guest's. Thread safety: lookups take no lock; changes are made with every VCPU of
// the guest parked and the guest's lock held (guest/vcpu_set.h).

#pragma once

#include <zircon/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "objects/packet_reserve.h"

namespace zircon::guest {

struct Trap {
  uint64_t base = 0;
  uint64_t size = 0;
  uint32_t kind = 0;  // ZX_GUEST_TRAP_*
  uint64_t key = 0;
  std::unique_ptr<objects::PacketReserve> bell;  // BELL only

  uint64_t end() const { return base + size; }
  bool Contains(uint64_t address) const { return address - base < size; }
};

// Traps ordered by base, without overlap.
class TrapTree {
  // A trap keeps its address while the tree grows.
  using Traps = std::map<uint64_t, std::unique_ptr<Trap>>;

 public:
  // The trap that contains `address`, or null.
  const Trap* Find(uint64_t address) const;
  bool Overlaps(uint64_t base, uint64_t size) const;
  // Throws std::bad_alloc.
  void Insert(std::unique_ptr<Trap> trap);
  // Takes back the trap that begins at `base`: for an insertion whose slots could not be had.
  void Remove(uint64_t base) { traps_.erase(base); }
  // The same of one that VCPUs may have found. Nothing is allocated.
  void Retire(uint64_t base) { retired_.insert(traps_.extract(base)); }

  // Calls visit(trap) for each that has a part in [begin, end), from below.
  template <typename Visit>
  void VisitIn(uint64_t begin, uint64_t end, Visit visit) const {
    for (auto it = FirstEndingBehind(begin); it != traps_.end() && it->first < end; ++it) {
      visit(*it->second);
    }
  }

 private:
  Traps::const_iterator FirstEndingBehind(uint64_t address) const;

  Traps traps_;
  std::multimap<uint64_t, std::unique_ptr<Trap>> retired_;
};

struct TrapMap {
  TrapTree memory;
  TrapTree io;
};

}  // namespace zircon::guest
