// SlotChange: from the slots that a table has in a range to those that are wanted there.
//
//   SlotChange change(&table, begin, end);
//   change.Want(...);                        // from below, what the guest is to reach in the range
//   status = change.Commit();
//
// What reaches into the range from outside is cut, and what continues it is joined with it, without
// a look at what lies beyond: so a change costs what its range holds, whatever else the guest has.
//
// It happens as a whole or not at all. Where the kernel refuses to undo what it has done, too, the
// table is in between: incomplete().
//
// Thread safety: as the table.

#pragma once

#include <zircon/types.h>

#include <cstdint>
#include <vector>

#include "base/ref_ptr.h"
#include "guest/slot_table.h"

namespace zircon::guest {

class SlotChange {
 public:
  // Throws std::bad_alloc.
  SlotChange(SlotTable* table, uint64_t begin, uint64_t end);

  // Memory inside the range, behind what has been wanted so far. `host` shows bytes of `pages`.
  // Throws std::bad_alloc.
  void Want(uint64_t gpa, uint64_t size, uint8_t* host, bool read_only,
            const base::RefPtr<objects::VmoPages>& pages);

  // ZX_ERR_NO_RESOURCES when the machine has too few slots, before anything is tried; what the
  // kernel says. Throws std::bad_alloc, with nothing changed.
  [[nodiscard]] zx_status_t Commit();
  bool incomplete() const { return incomplete_; }

  // What the change may touch: the range, and the slots that reach into it or touch it.
  uint64_t begin() const { return begin_; }
  uint64_t end() const { return end_; }

 private:
  void WantPartOf(const MemorySlot& slot, uint64_t from, uint64_t to);
  // The slots that are to go; those that are wanted as they are stay out of it.
  void Compare();
  void Undo();

  SlotTable* const table_;
  const uint64_t range_end_;
  uint64_t begin_;
  uint64_t end_;
  Slots wanted_;
  // By gpa: what the table has and what has been made.
  std::vector<uint64_t> doomed_;
  std::vector<uint64_t> made_;
  Slots deleted_;
  bool incomplete_ = false;
};

}  // namespace zircon::guest
