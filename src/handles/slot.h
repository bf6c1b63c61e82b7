// Slot: one place of the handle table. All that happens to it goes through one atomic word:
//
//   bits 52..63 generation   bits 32..51 live, all set or none   bit 31 occupied   bits 0..30 pins
//
//   state   | live | occupied | pins         | who may touch object and rights
//   --------+------+----------+--------------+---------------------------------------------------
//   free    |  no  |    no    | passing ones | the table, with its mutex; once taken from the free
//           |      |          |              | list, the inserting thread alone
//   live    |  yes |   yes    | 1 + holders  | read: whoever holds a pin taken in this state; the
//           |      |          |              | rights only while it is of the same generation
//   closing |  no  |   yes    | holders, the | read the object: whoever still holds such a pin; set
//           |      |          | closer first | the rights: the closer
//
//   free → live     Publish: adds live, occupied and the live pin, once object and rights are set
//   live → closing  Retire: clears live, for the right generation only, so exactly one closer
//                   wins; it inherits the live pin
//   closing → live  Renew: the closer keeps the slot for the same object under its next value: sets
//                   the rights, adds live and one to the generation
//   closing → free  Finalise: whoever takes the last pin of an occupied slot tries to exchange
//                   "closing, no pins" for "free, next generation"; who succeeds owns the slot
//
// A lookup adds a pin first and looks at the returned word then. If that was not live, or of
// another generation, the pin was a passing one and is taken back. In between it may have kept a
// closing slot from losing its last pin; then the one that takes it back finds that, and tries to
// finalise. A passing pin on a free slot sees no occupied bit when it goes, and does nothing.
// Nobody reads object or rights on the strength of a passing pin.
//
// Every change of the word is a read-modify-write, so each heads or continues the release sequences
// of Publish and of the pins released before: an acquire on the word sees all that was released
// into it.

#pragma once

#include <zircon/types.h>

#include <atomic>
#include <cstdint>

#include "handles/handle_value.h"

namespace zircon::handles {

class Dispatcher;

// Zeroed memory is a free slot of generation 0, so the arena needs no construction.
struct alignas(64) Slot {
  static constexpr uint64_t kPin = 1;
  static constexpr uint64_t kOccupied = uint64_t{1} << 31;
  // As wide as the index and the fixed bits of a name: see IsLive().
  static constexpr uint64_t kLive = uint64_t{(uint32_t{1} << kGenerationShift) - 1} << 32;
  static constexpr int kWordGenerationShift = 32 + kGenerationShift;
  static constexpr uint64_t kGenerationStep = uint64_t{1} << kWordGenerationShift;
  static constexpr uint64_t kGenerationMask = ~(kGenerationStep - 1);
  static constexpr uint32_t kNoSlot = UINT32_MAX;

  std::atomic<uint64_t> word;
  // A reference of its own while occupied. relaxed, always: the word orders it; atomic for who
  // looks without a pin (handles/remembered_handle.h).
  std::atomic<Dispatcher*> object;
  std::atomic<zx_rights_t> rights;
  // Of a live slot: whether the object's handles may be remembered. relaxed: as the object.
  std::atomic<bool> is_remembered;
  uint32_t next_free;  // with the table's mutex: index of the next slot of the free list

  // Whether `seen` is live and of the generation of `name`, and the fixed bits of `name` are set:
  // all in one comparison, the index being known to match.
  static constexpr bool IsLive(uint64_t seen, SlotName name) {
    constexpr SlotName kAnyIndex = ((uint32_t{1} << kIndexBits) - 1) << kFixedBits;
    return LifeOf(seen) == (name | kAnyIndex);
  }
  // What IsLive() looks at: equal halves are the same life of a slot.
  static constexpr uint32_t LifeOf(uint64_t seen) { return static_cast<uint32_t>(seen >> 32); }
  // Whether the pin that was taken from `seen` was the last of an occupied slot. The slot is
  // closing then, since a live one keeps its live pin.
  static constexpr bool WasLastPin(uint64_t seen) {
    return static_cast<uint32_t>(seen) == (kOccupied | kPin);
  }
};
static_assert(sizeof(Slot) == 64);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

}  // namespace zircon::handles
