#include "guest/guest_space.h"

#include <zircon/errors.h>

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "base/or_no_memory.h"
#include "guest/slot_change.h"
#include "objects/pages.h"
#include "objects/range_op.h"

namespace zircon::guest {
namespace {

constexpr objects::Permissions kAllPermissions =
    ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE;

// Where this process sees a mapping of `length` bytes, those that are `inside` its VMO; null if
// none are or it cannot.
uint8_t* Seen(const objects::Mapping& mapping, uint64_t length, uint64_t* inside) {
  const uint64_t size = mapping.vmo->size();
  if (mapping.vmo_offset >= size) return nullptr;
  *inside = std::min(length, size - mapping.vmo_offset);
  uint8_t* window = nullptr;
  const zx_status_t status = mapping.vmo->Window(mapping.vmo_offset + *inside, &window);
  return status == ZX_OK ? window + mapping.vmo_offset : nullptr;
}

}  // namespace

GuestSpace::Changing::Changing(GuestSpace* space) : space_(space), lock_(space->mutex_) {
  if (space_->slots_.has_machine()) parked_.emplace(*space_->vcpus_);
}

GuestSpace::Changing::~Changing() {
  space_->mutex_.AssertHeld();
  if (parked_) parked_->Hold(space_->lags());
}

GuestSpace::GuestSpace(kvm::VmFd* vm, VcpuSet* vcpus, uint32_t max_slots,
                       uint64_t host_limit) noexcept
    : AddressSpace(0, kSize), vcpus_(vcpus), host_limit_(host_limit), slots_(vm, max_slots) {}

GuestSpace::~GuestSpace() {
  Detach();
  base::RefPtr<ResizeListener> listener;
  {
    base::MutexLock lock(mutex_);
    listener = std::move(resize_listener_);
  }
  if (listener) listener->Forget();
}

void GuestSpace::Detach() {
  base::MutexLock lock(mutex_);
  if (!slots_.has_machine()) return;
  slots_.Abandon();
  lag_begin_ = lag_end_ = 0;
  // With the guest go its traps: their undelivered bells are withdrawn and their ports released,
  // although a handle may keep this space.
  traps_ = TrapMap{};
}

zx_status_t GuestSpace::Reserve(uint64_t address, uint64_t length) {
  Changing changing(this);
  return base::OrNoMemory([&] {
    reserved_[address] = length;
    return ZX_OK;
  });
}

zx_status_t GuestSpace::ReserveAnywhere(uint64_t, uint64_t, uint64_t, uint64_t*) {
  return ZX_ERR_INTERNAL;  // the tree picks
}

zx_status_t GuestSpace::Vacate(uint64_t address, uint64_t length) {
  Changing changing(this);
  return base::OrNoMemory([&] {
    mutex_.AssertHeld();
    const zx_status_t status = Replace(address, length, nullptr);
    if (status != ZX_OK) return status;
    reserved_.erase(reserved_.lower_bound(address), reserved_.lower_bound(address + length));
    return ZX_OK;
  });
}

zx_status_t GuestSpace::Unmap(uint64_t address, uint64_t length) {
  Changing changing(this);
  return base::OrNoMemory([&] {
    mutex_.AssertHeld();
    return Replace(address, length, nullptr);
  });
}

zx_status_t GuestSpace::Map(uint64_t address, uint64_t length, const objects::Mapping& mapping) {
  zx_status_t status = ZX_OK;
  {
    Changing changing(this);
    status = base::OrNoMemory([&] {
      mutex_.AssertHeld();
      return Replace(address, length, &mapping);
    });
  }
  // What a program has stored by zx_vmo_write is in small pages.
  uint64_t inside = 0;
  uint8_t* const host = status == ZX_OK && length >= objects::kLargePageSize
                            ? Seen(mapping, length, &inside)
                            : nullptr;
  if (host != nullptr) objects::EnlargeExisting(*mapping.vmo, mapping.vmo_offset, inside, host);
  return status;
}

zx_status_t GuestSpace::Replace(uint64_t address, uint64_t length, const objects::Mapping* by) {
  zx_status_t status = CatchUpParked();
  if (status != ZX_OK) return status;
  SplitAt(address);
  SplitAt(address + length);
  Regions after;
  if (by != nullptr) after.insert(MakeRegion(address, length, *by));
  // From here on nothing throws.
  Regions before;
  TakeOut(address, length, &before);
  PutIn(&after);
  status = SyncSlots(address, address + length);
  if (status != ZX_OK) {
    TakeOut(address, length, &after);
    PutIn(&before);
  }
  Drop(&after);
  Drop(&before);
  return status;
}

zx_status_t GuestSpace::Protect(uint64_t address, uint64_t length,
                                objects::Permissions permissions) {
  Changing changing(this);
  return base::OrNoMemory([&] {
    mutex_.AssertHeld();
    zx_status_t status = CatchUpParked();
    if (status != ZX_OK) return status;
    SplitAt(address);
    SplitAt(address + length);
    const auto first = regions_.lower_bound(address);
    const auto last = regions_.lower_bound(address + length);
    for (auto it = first; it != last; ++it) {
      it->second.previous =
          std::exchange(it->second.mapping.permissions, permissions & kAllPermissions);
    }
    status = SyncSlots(address, address + length);
    if (status != ZX_OK) {
      for (auto it = first; it != last; ++it) it->second.mapping.permissions = it->second.previous;
    }
    return status;
  });
}

GuestSpace::Regions::node_type GuestSpace::MakeRegion(uint64_t address, uint64_t length,
                                                      const objects::Mapping& mapping) {
  Regions made;
  Region& region = made[address];
  region.address = address;
  region.length = length;
  region.mapping = mapping;
  Watch(mapping);
  // After that: what changes from now on is told.
  region.vmo_size = mapping.vmo->size();
  return made.extract(made.begin());
}

void GuestSpace::Watch(const objects::Mapping& mapping) {
  if (!mapping.vmo->resizable()) return;
  if (!resize_listener_) {
    resize_listener_ = base::MakeRef<ResizeListener>(this);
    if (!resize_listener_) throw std::bad_alloc();
  }
  objects::VmoPages* const pages = mapping.vmo->pages();
  const auto [list, is_new] = resizable_.try_emplace(pages);
  if (!is_new) return;
  absl::Cleanup forget = [&, list = list] { resizable_.erase(list); };
  pages->AddWatcher(resize_listener_);
  std::move(forget).Cancel();
}

void GuestSpace::SplitAt(uint64_t address) {
  const auto above = regions_.upper_bound(address);
  if (above == regions_.begin()) return;
  Region& head = std::prev(above)->second;
  if (address == head.address || address >= head.end()) return;
  Regions tail;
  tail.insert(MakeRegion(address, head.end() - address, head.mapping));
  tail.begin()->second.mapping.vmo_offset += address - head.address;
  tail.begin()->second.vmo_size = head.vmo_size;
  head.length = address - head.address;
  PutIn(&tail);
}

void GuestSpace::TakeOut(uint64_t address, uint64_t length, Regions* removed) {
  for (auto it = regions_.lower_bound(address);
       it != regions_.end() && it->first < address + length;) {
    Region& region = it->second;
    if (region.mapping.vmo->resizable()) {
      resizable_.find(region.mapping.vmo->pages())->second.Remove(&region);
    }
    removed->insert(regions_.extract(it++));
  }
}

void GuestSpace::PutIn(Regions* regions) {
  for (auto& [address, region] : *regions) {
    if (region.mapping.vmo->resizable()) {
      resizable_.find(region.mapping.vmo->pages())->second.PushBack(&region);
    }
  }
  regions_.merge(*regions);
}

void GuestSpace::Drop(Regions* removed) {
  for (auto& [address, region] : *removed) {
    const auto list = resizable_.find(region.mapping.vmo->pages());
    if (list != resizable_.end() && list->second.empty()) resizable_.erase(list);
  }
  removed->clear();
}

zx_status_t GuestSpace::OnResize(const objects::VmoPages* pages, uint64_t size) {
  Changing changing(this);
  zx_status_t result = ZX_OK;
  const auto list = resizable_.find(pages);
  if (list == resizable_.end()) return result;
  for (Region* region = list->second.front(); region != nullptr;
       region = list->second.Next(region)) {
    if (region->vmo_size == size) continue;
    const uint64_t before = std::exchange(region->vmo_size, size);
    const zx_status_t status = SyncSlots(region->address, region->end());
    if (status == ZX_OK) continue;
    if (size < before) {
      // Out of reach they must be.
      Lag(region->address, region->end());
    } else {
      region->vmo_size = before;
      if (result == ZX_OK) result = status;
    }
  }
  return result;
}

void GuestSpace::Populate(uint64_t /*address*/, uint64_t length, const objects::Mapping& mapping) {
  // The guest's own tables follow at its first access, without the host having to find the pages.
  uint64_t inside = 0;
  uint8_t* const host = Seen(mapping, length, &inside);
  if (host != nullptr) objects::PopulateExisting(*mapping.vmo, mapping.vmo_offset, inside, host);
}

zx_status_t GuestSpace::AddMemoryTrap(std::unique_ptr<Trap> trap) {
  Changing changing(this);
  return base::OrNoMemory([&] {
    mutex_.AssertHeld();
    const uint64_t base = trap->base;
    const uint64_t end = base + trap->size;
    if (traps_.memory.Overlaps(base, trap->size)) return ZX_ERR_ALREADY_EXISTS;
    zx_status_t status = CatchUpParked();
    if (status != ZX_OK) return status;
    traps_.memory.Insert(std::move(trap));
    status = SyncSlots(base, end);
    if (status != ZX_OK) traps_.memory.Remove(base);
    return status;
  });
}

void GuestSpace::TakeBackMemoryTrap(uint64_t base, uint64_t size) {
  Changing changing(this);
  traps_.memory.Retire(base);
  if (SyncSlots(base, base + size) != ZX_OK) Lag(base, base + size);
}

zx_status_t GuestSpace::AddIoTrap(std::unique_ptr<Trap> trap) {
  Changing changing(this);
  return base::OrNoMemory([&] {
    if (traps_.io.Overlaps(trap->base, trap->size)) return ZX_ERR_ALREADY_EXISTS;
    traps_.io.Insert(std::move(trap));
    return ZX_OK;
  });
}

zx_status_t GuestSpace::WantSlots(uint64_t begin, uint64_t end, SlotChange* change) {
  auto it = FindRegion(begin);
  if (it == regions_.end()) it = regions_.lower_bound(begin);
  for (; it != regions_.end() && it->first < end; ++it) {
    const Region& region = it->second;
    const objects::Mapping& mapping = region.mapping;
    if ((mapping.permissions & kAllPermissions) == 0) continue;
    if (mapping.vmo_offset >= region.vmo_size) continue;
    const uint64_t backed = std::min(region.length, region.vmo_size - mapping.vmo_offset);
    uint64_t from = std::max(begin, region.address);
    const uint64_t to = std::min({end, region.address + backed, host_limit_});
    if (from >= to) continue;
    uint8_t* window = nullptr;
    const zx_status_t status = mapping.vmo->Window(mapping.vmo_offset + backed, &window);
    if (status != ZX_OK) return status;
    const auto pages = base::RefPtr<objects::VmoPages>::Share(mapping.vmo->pages());
    const bool read_only = (mapping.permissions & ZX_VM_PERM_WRITE) == 0;
    const auto want = [&](uint64_t at, uint64_t until) {
      if (at >= until) return;
      change->Want(at, until - at, window + mapping.vmo_offset + (at - region.address), read_only,
                   pages);
    };
    traps_.memory.VisitIn(from, to, [&](const Trap& trap) {
      want(from, trap.base);
      from = std::max(from, trap.base + trap.size);
    });
    want(from, to);
  }
  return ZX_OK;
}

zx_status_t GuestSpace::SyncSlots(uint64_t begin, uint64_t end) {
  if (!slots_.has_machine()) return ZX_OK;
  return base::OrNoMemory([&] {
    mutex_.AssertHeld();
    SlotChange change(&slots_, begin, end);
    zx_status_t status = WantSlots(begin, end, &change);
    if (status == ZX_OK) status = change.Commit();
    if (change.incomplete()) Lag(change.begin(), change.end());
    return status;
  });
}

void GuestSpace::Lag(uint64_t begin, uint64_t end) {
  lag_begin_ = lags() ? std::min(lag_begin_, begin) : begin;
  lag_end_ = std::max(lag_end_, end);
}

zx_status_t GuestSpace::CatchUpParked() {
  if (!lags()) return ZX_OK;
  const zx_status_t status = SyncSlots(lag_begin_, lag_end_);
  if (status == ZX_OK) lag_begin_ = lag_end_ = 0;
  return status;
}

zx_status_t GuestSpace::CatchUp() {
  Changing changing(this);
  return CatchUpParked();
}

GuestSpace::Regions::const_iterator GuestSpace::FindRegion(uint64_t gpa) const {
  const auto above = regions_.upper_bound(gpa);
  if (above == regions_.begin()) return regions_.end();
  const auto it = std::prev(above);
  return gpa < it->second.end() ? it : regions_.end();
}

zx_status_t GuestSpace::Explain(uint64_t gpa, bool write) const {
  if (gpa >= kSize) return ZX_ERR_OUT_OF_RANGE;
  const auto it = FindRegion(gpa);
  if (it == regions_.end()) return ZX_ERR_NOT_FOUND;
  const objects::Mapping& mapping = it->second.mapping;
  const uint64_t inside = gpa - it->first;
  const uint64_t vmo_size = it->second.vmo_size;
  if (mapping.vmo_offset >= vmo_size || inside >= vmo_size - mapping.vmo_offset) {
    return ZX_ERR_OUT_OF_RANGE;
  }
  const objects::Permissions needed = write ? ZX_VM_PERM_WRITE : ZX_VM_PERM_READ;
  return (mapping.permissions & needed) != 0 ? ZX_OK : ZX_ERR_ACCESS_DENIED;
}

zx_status_t GuestSpace::CheckRecord(uint64_t gpa, uint64_t size) const {
  if (gpa >= kSize) return ZX_ERR_INVALID_ARGS;
  const auto above = reserved_.upper_bound(gpa);
  if (above != reserved_.begin()) {
    const auto [base, length] = *std::prev(above);
    if (gpa - base < length) return ZX_ERR_WRONG_TYPE;
  }
  const auto it = FindRegion(gpa);
  if (it == regions_.end() || traps_.memory.Find(gpa) != nullptr) return ZX_ERR_NOT_FOUND;
  if (size > it->second.end() - gpa) return ZX_ERR_OUT_OF_RANGE;
  const uint64_t end = it->second.mapping.vmo_offset + (gpa - it->first) + size;
  return end <= it->second.vmo_size ? ZX_OK : ZX_ERR_OUT_OF_RANGE;
}

}  // namespace zircon::guest
