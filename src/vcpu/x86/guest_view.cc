#include "vcpu/x86/guest_view.h"

#include <algorithm>
#include <cstring>

#include "vcpu/x86/control_bits.h"

namespace zircon::vcpu::x86 {
namespace {

constexpr uint64_t kPresent = 1u << 0;
constexpr uint64_t kAccessedDirty = 3u << 5;
constexpr uint64_t kLarge = 1u << 7;
constexpr uint64_t kAddressMask = 0x000F'FFFF'FFFF'F000;

// Tables and levels of 64-bit paging in one number.
uint64_t RootOf(const kvm_sregs& sregs) {
  return (sregs.cr3 & kAddressMask) | ((sregs.cr4 & kCr4FiveLevels) != 0 ? 1 : 0);
}

}  // namespace

bool PaePointers::Get(size_t index, uint64_t* pointer) {
  if (state_ == State::kUnknown) {
    kvm_sregs2 sregs;
    // A kernel without the call is an older one; memory is the best there is.
    const bool held = fd_ != nullptr && fd_->GetSregs2(&sregs) == 0 &&
                      (sregs.flags & KVM_SREGS2_FLAGS_PDPTRS_VALID) != 0;
    state_ = held ? State::kHeld : State::kInMemory;
    if (held) std::copy(std::begin(sregs.pdptrs), std::end(sregs.pdptrs), std::begin(pointers_));
  }
  *pointer = pointers_[index];
  return state_ == State::kHeld;
}

void GuestView::CheckVersion() {
  if (version_ == space_.slot_version()) return;
  version_ = space_.slot_version();
  last_ = nullptr;
  for (Walk& walk : walks_) walk.page = Walk::kNone;
}

const guest::MemorySlot* GuestView::Slot(uint64_t gpa) {
  CheckVersion();
  const guest::MemorySlot* slot = space_.FindSlot(gpa, last_);
  if (slot != nullptr) last_ = slot;
  return slot;
}

const uint8_t* GuestView::Host(uint64_t gpa, size_t* length) {
  const guest::MemorySlot* slot = Slot(gpa);
  if (slot == nullptr) return nullptr;
  const uint64_t inside = gpa - slot->gpa;
  *length = slot->size - inside;
  return slot->host + inside;
}

uint8_t* GuestView::HostForWrite(uint64_t gpa, size_t* length) {
  const guest::MemorySlot* slot = Slot(gpa);
  if (slot == nullptr || slot->read_only) return nullptr;
  const uint64_t inside = gpa - slot->gpa;
  *length = slot->size - inside;
  return slot->host + inside;
}

const uint8_t* GuestView::ReadEntry(uint64_t gpa, size_t size, uint64_t* entry) {
  size_t length = 0;
  const uint8_t* host = Host(gpa, &length);
  if (host == nullptr || length < size) return nullptr;
  // Entries are aligned; one load, as the processor makes.
  *entry = size == 8 ? __atomic_load_n(reinterpret_cast<const uint64_t*>(host), __ATOMIC_RELAXED)
                     : __atomic_load_n(reinterpret_cast<const uint32_t*>(host), __ATOMIC_RELAXED);
  return (*entry & kPresent) != 0 ? host : nullptr;
}

bool GuestView::Walk::Holds() const {
  for (uint32_t i = 0; i < depth; ++i) {
    const uint64_t now = __atomic_load_n(where[i], __ATOMIC_RELAXED);
    if (((now ^ entries[i]) & ~kAccessedDirty) != 0) return false;
  }
  return true;
}

bool GuestView::WalkLong(const kvm_sregs& sregs, uint64_t linear, Walk* walk) {
  walk->page = Walk::kNone;
  walk->depth = 0;
  uint64_t table = sregs.cr3 & kAddressMask;
  for (int level = (sregs.cr4 & kCr4FiveLevels) != 0 ? 5 : 4;; --level) {
    const int shift = 12 + 9 * (level - 1);
    uint64_t entry = 0;
    const uint8_t* where = ReadEntry(table + ((linear >> shift) & 511) * 8, 8, &entry);
    if (where == nullptr) return false;
    walk->where[walk->depth] = reinterpret_cast<const uint64_t*>(where);
    walk->entries[walk->depth++] = entry;
    table = entry & kAddressMask;
    if (level != 1 && (level > 3 || (entry & kLarge) == 0)) continue;
    const uint64_t inside = (uint64_t{1} << shift) - 1;
    walk->gpa = ((table & ~inside) | (linear & inside)) & ~(kPageSize - 1);
    break;
  }
  const guest::MemorySlot* slot = Slot(walk->gpa);
  walk->host = slot == nullptr ? nullptr : slot->host + (walk->gpa - slot->gpa);
  walk->writable = slot != nullptr && !slot->read_only;
  walk->root = RootOf(sregs);
  walk->page = linear / kPageSize;
  return true;
}

const GuestView::Walk* GuestView::FindLong(const kvm_sregs& sregs, uint64_t linear) {
  CheckVersion();
  Walk& walk = walks_[(linear / kPageSize) % kWalks];
  const bool known = walk.page == linear / kPageSize && walk.root == RootOf(sregs) && walk.Holds();
  return known || WalkLong(sregs, linear, &walk) ? &walk : nullptr;
}

Place GuestView::Walk::PlaceOf(uint64_t linear) const {
  const uint64_t inside = linear & (kPageSize - 1);
  return {gpa | inside, host == nullptr ? nullptr : host + inside, writable};
}

bool GuestView::Witness(const kvm_sregs& sregs, uint64_t linear, Place* place, Evidence* evidence) {
  const Walk* walk = FindLong(sregs, linear);
  if (walk == nullptr) return false;
  *place = walk->PlaceOf(linear);
  for (uint32_t i = 0; i < walk->depth; ++i) {
    const auto* where = reinterpret_cast<const uint8_t*>(walk->where[i]);
    if (!evidence->AddWord(where, walk->entries[i], ~kAccessedDirty)) return false;
  }
  return true;
}

bool GuestView::Find(const kvm_sregs& sregs, uint64_t linear, Place* place) {
  if ((sregs.cr0 & kCr0Paging) != 0 && (sregs.efer & kEferLongModeActive) != 0) {
    const Walk* walk = FindLong(sregs, linear);
    if (walk == nullptr) return false;
    *place = walk->PlaceOf(linear);
    return true;
  }
  if ((sregs.cr0 & kCr0Paging) == 0) {
    place->gpa = linear & 0xFFFFFFFF;
  } else if ((sregs.cr4 & kCr4Pae) != 0) {
    if (!TranslatePae(sregs, linear, &place->gpa)) return false;
  } else if (!TranslateTwoLevel(sregs, linear, &place->gpa)) {
    return false;
  }
  const guest::MemorySlot* slot = Slot(place->gpa);
  place->host = slot == nullptr ? nullptr : slot->host + (place->gpa - slot->gpa);
  place->writable = slot != nullptr && !slot->read_only;
  return true;
}

bool GuestView::TranslatePae(const kvm_sregs& sregs, uint64_t linear, uint64_t* gpa) {
  linear &= 0xFFFFFFFF;
  uint64_t entry = 0;
  if (pae_.Get(linear >> 30, &entry)) {
    if ((entry & kPresent) == 0) return false;
  } else if (ReadEntry((sregs.cr3 & 0xFFFFFFE0) + (linear >> 30) * 8, 8, &entry) == nullptr) {
    return false;
  }
  const uint64_t directory = entry & kAddressMask;
  if (ReadEntry(directory + ((linear >> 21) & 511) * 8, 8, &entry) == nullptr) return false;
  if ((entry & kLarge) != 0) {
    *gpa = (entry & kAddressMask & ~uint64_t{0x1FFFFF}) | (linear & 0x1FFFFF);
    return true;
  }
  const uint64_t table = entry & kAddressMask;
  if (ReadEntry(table + ((linear >> 12) & 511) * 8, 8, &entry) == nullptr) return false;
  *gpa = (entry & kAddressMask) | (linear & (kPageSize - 1));
  return true;
}

bool GuestView::TranslateTwoLevel(const kvm_sregs& sregs, uint64_t linear, uint64_t* gpa) {
  linear &= 0xFFFFFFFF;
  uint64_t entry = 0;
  if (ReadEntry((sregs.cr3 & 0xFFFFF000) + (linear >> 22) * 4, 4, &entry) == nullptr) return false;
  if ((entry & kLarge) != 0 && (sregs.cr4 & kCr4PageSizeExtension) != 0) {
    // Bits 13 to 20 of the entry are bits 32 to 39 of the address (PSE-36).
    *gpa = (entry & 0xFFC00000) | ((entry & 0x1FE000) << 19) | (linear & 0x3FFFFF);
    return true;
  }
  if (ReadEntry((entry & 0xFFFFF000) + ((linear >> 12) & 1023) * 4, 4, &entry) == nullptr) {
    return false;
  }
  *gpa = (entry & 0xFFFFF000) | (linear & (kPageSize - 1));
  return true;
}

bool GuestView::Translate(const kvm_sregs& sregs, uint64_t linear, uint64_t* gpa) {
  Place place;
  if (!Find(sregs, linear, &place)) return false;
  *gpa = place.gpa;
  return true;
}

size_t GuestView::Read(const kvm_sregs& sregs, uint64_t linear, uint8_t* to, size_t size) {
  size_t done = 0;
  while (done < size) {
    Place place;
    if (!Find(sregs, linear + done, &place) || place.host == nullptr) break;
    const size_t to_page_end = kPageSize - (place.gpa & (kPageSize - 1));
    const size_t piece = std::min(size - done, to_page_end);
    std::memcpy(to + done, place.host, piece);
    done += piece;
  }
  return done;
}

}  // namespace zircon::vcpu::x86
