#include "guest/slot_table.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "base/probes.h"
#include "guest/kvm_status.h"
#include "kvm/counters.h"

namespace zircon::guest {

Slots::const_iterator SlotTable::FirstEndingFrom(uint64_t address) const {
  const auto above = slots_.lower_bound(address);
  if (above != slots_.begin()) {
    const auto before = std::prev(above);
    if (before->second.end() >= address) return before;
  }
  return above;
}

const MemorySlot* SlotTable::Find(uint64_t gpa) const {
  const auto above = slots_.upper_bound(gpa);
  if (above == slots_.begin()) return nullptr;
  const MemorySlot& slot = std::prev(above)->second;
  return slot.Contains(gpa) ? &slot : nullptr;
}

void SlotTable::Prepare(size_t count) {
  // One number a slot that there has ever been, so that every one of them can be free.
  const size_t wanted = next_id_ + count;
  if (free_ids_.capacity() < wanted) {
    free_ids_.reserve(std::max(wanted, 2 * free_ids_.capacity()));
  }
}

zx_status_t SlotTable::Create(Slots::node_type* slot) {
  MemorySlot& wanted = slot->mapped();
  if (free_ids_.empty()) free_ids_.push_back(next_id_++);
  wanted.id = free_ids_.back();
  kvm_userspace_memory_region region = {};
  region.slot = wanted.id;
  region.flags = wanted.read_only ? KVM_MEM_READONLY : 0;
  region.guest_phys_addr = wanted.gpa;
  region.memory_size = wanted.size;
  region.userspace_addr = reinterpret_cast<uintptr_t>(wanted.host);
  const int error = vm_->SetMemorySlot(region);
  if (error != 0) {
    TellOnce("make", wanted, error);
    return StatusFromErrno(error);
  }
  PROBE(slot_create, region.slot, wanted.gpa, wanted.size, wanted.host, region.flags);
  told_ = false;
  free_ids_.pop_back();
  slots_.insert(std::move(*slot));
  ++version_;
  kvm::g_counters.memory_slots.fetch_add(1, std::memory_order_relaxed);
  return ZX_OK;
}

zx_status_t SlotTable::Delete(uint64_t gpa, Slots* deleted) {
  const auto it = slots_.find(gpa);
  const MemorySlot& slot = it->second;
  kvm_userspace_memory_region region = {};
  region.slot = slot.id;
  region.guest_phys_addr = slot.gpa;
  const int error = vm_->SetMemorySlot(region);
  if (error != 0) {
    TellOnce("delete", slot, error);
    return StatusFromErrno(error);
  }
  PROBE(slot_delete, region.slot, slot.gpa, slot.size);
  told_ = false;
  free_ids_.push_back(slot.id);
  deleted->insert(slots_.extract(it));
  ++version_;
  kvm::g_counters.memory_slots.fetch_sub(1, std::memory_order_relaxed);
  return ZX_OK;
}

void SlotTable::Abandon() {
  // Closing the machine deletes its slots; only the books are ours to close.
  kvm::g_counters.memory_slots.fetch_sub(slots_.size(), std::memory_order_relaxed);
  slots_.clear();
  ++version_;
  vm_ = nullptr;
}

void SlotTable::TellOnce(const char* what, const MemorySlot& slot, int error) {
  if (std::exchange(told_, true)) return;
  LOG_WARN("KVM refuses to {} a memory slot of {:#x} bytes at {:#x}: errno {}", what, slot.size,
           slot.gpa, error);
}

}  // namespace zircon::guest
