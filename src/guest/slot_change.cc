#include "guest/slot_change.h"

#include <zircon/errors.h>

#include <algorithm>
#include <iterator>

#include "base/log.h"

namespace zircon::guest {
namespace {

// KVM's own limit, in bytes.
constexpr uint64_t kMaxSlotSize = ((uint64_t{1} << 31) - 1) * 4096;

bool IsSame(const MemorySlot& a, const MemorySlot& b) {
  return a.gpa == b.gpa && a.size == b.size && a.host == b.host && a.read_only == b.read_only &&
         a.pages == b.pages;
}

bool Continues(const MemorySlot& first, const MemorySlot& second) {
  return first.end() == second.gpa && first.host + first.size == second.host &&
         first.read_only == second.read_only && first.pages == second.pages;
}

}  // namespace

SlotChange::SlotChange(SlotTable* table, uint64_t begin, uint64_t end)
    : table_(table), range_end_(end), begin_(begin), end_(end) {
  const Slots& slots = table_->slots();
  const auto first = table_->FirstEndingFrom(begin);
  for (auto it = first; it != slots.end() && it->first <= end; ++it) {
    begin_ = std::min(begin_, it->first);
    end_ = std::max(end_, it->second.end());
    doomed_.push_back(it->first);
  }
  if (begin_ < begin) WantPartOf(first->second, begin_, std::min(begin, first->second.end()));
}

void SlotChange::WantPartOf(const MemorySlot& slot, uint64_t from, uint64_t to) {
  Want(from, to - from, slot.host + (from - slot.gpa), slot.read_only, slot.pages);
}

void SlotChange::Want(uint64_t gpa, uint64_t size, uint8_t* host, bool read_only,
                      const base::RefPtr<objects::VmoPages>& pages) {
  while (size != 0) {
    MemorySlot piece{.gpa = gpa, .host = host, .read_only = read_only, .pages = pages};
    MemorySlot* const last = wanted_.empty() ? nullptr : &std::prev(wanted_.end())->second;
    const bool joins = last != nullptr && Continues(*last, piece) && last->size < kMaxSlotSize;
    const uint64_t part = std::min(size, joins ? kMaxSlotSize - last->size : kMaxSlotSize);
    if (joins) {
      last->size += part;
    } else {
      piece.size = part;
      wanted_.emplace_hint(wanted_.end(), gpa, std::move(piece));
    }
    gpa += part;
    host += part;
    size -= part;
  }
}

void SlotChange::Compare() {
  std::erase_if(doomed_, [&](uint64_t gpa) {
    const auto wanted = wanted_.find(gpa);
    if (wanted == wanted_.end() || !IsSame(wanted->second, table_->slots().at(gpa))) return false;
    wanted_.erase(wanted);
    return true;
  });
}

zx_status_t SlotChange::Commit() {
  if (end_ > range_end_) {
    const MemorySlot& last = table_->slots().at(doomed_.back());
    WantPartOf(last, std::max(range_end_, last.gpa), last.end());
  }
  Compare();
  if (table_->slots().size() - doomed_.size() + wanted_.size() > table_->most()) {
    LOG_WARN("a guest uses all {} memory slots that the host has", table_->most());
    return ZX_ERR_NO_RESOURCES;
  }
  table_->Prepare(wanted_.size());
  made_.reserve(wanted_.size());

  // From here on nothing throws.
  for (const uint64_t gpa : doomed_) {
    const zx_status_t status = table_->Delete(gpa, &deleted_);
    if (status != ZX_OK) {
      Undo();
      return status;
    }
  }
  while (!wanted_.empty()) {
    Slots::node_type slot = wanted_.extract(wanted_.begin());
    const uint64_t gpa = slot.key();
    const zx_status_t status = table_->Create(&slot);
    if (status != ZX_OK) {
      Undo();
      return status;
    }
    made_.push_back(gpa);
  }
  return ZX_OK;
}

void SlotChange::Undo() {
  Slots unmade;
  for (const uint64_t gpa : made_) {
    if (table_->Delete(gpa, &unmade) != ZX_OK) incomplete_ = true;
  }
  while (!deleted_.empty()) {
    Slots::node_type slot = deleted_.extract(deleted_.begin());
    if (table_->Create(&slot) != ZX_OK) incomplete_ = true;
  }
}

}  // namespace zircon::guest
