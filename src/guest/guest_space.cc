#include "guest/guest_space.h"

#include <zircon/errors.h>

#include <algorithm>
#include <iterator>
#include <new>

#include "base/log.h"
#include "guest/kvm_status.h"
#include "kvm/counters.h"
#include "objects/range_op.h"

namespace zircon::guest {
namespace {

constexpr objects::Permissions kAllPermissions =
    ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE;

// KVM's own limit, in bytes.
constexpr uint64_t kMaxSlotSize = ((uint64_t{1} << 31) - 1) * 4096;

bool SameSlot(const MemorySlot& a, const MemorySlot& b) {
  return a.gpa == b.gpa && a.size == b.size && a.host == b.host && a.read_only == b.read_only &&
         a.vmo == b.vmo;
}

bool Contains(const std::vector<MemorySlot>& slots, const MemorySlot& wanted) {
  return std::any_of(slots.begin(), slots.end(),
                     [&](const MemorySlot& slot) { return SameSlot(slot, wanted); });
}

// The first slot that ends behind `address`.
template <typename Slots>
auto FirstEndingBehind(Slots& slots, uint64_t address) {
  return std::upper_bound(
      slots.begin(), slots.end(), address,
      [](uint64_t wanted, const MemorySlot& slot) { return wanted < slot.gpa + slot.size; });
}

// Capacity for that many, without growing by one each time.
template <typename T>
void ReserveRoom(std::vector<T>* items, size_t size) {
  if (items->capacity() < size) items->reserve(std::max(size, 2 * items->capacity()));
}

}  // namespace

GuestSpace::GuestSpace(kvm::VmFd* vm, VcpuSet* vcpus, uint32_t max_slots, uint64_t host_limit)
    : AddressSpace(0, kSize),
      vm_(vm),
      vcpus_(vcpus),
      max_slots_(max_slots),
      host_limit_(host_limit) {}

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
  if (vm_ == nullptr) return;
  // Closing the virtual machine deletes its slots; only the books are ours to close.
  kvm::g_counters.memory_slots.fetch_sub(slots_.size(), std::memory_order_relaxed);
  slots_.clear();
  // With the guest go its traps: their undelivered bells are withdrawn and their ports released,
  // although a handle may keep this space.
  traps_ = TrapMap{};
  vm_ = nullptr;
}

zx_status_t GuestSpace::Reserve(uint64_t address, uint64_t length) {
  base::MutexLock lock(mutex_);
  ParkedScope parked(*vcpus_);
  reserved_[address] = length;
  return ZX_OK;
}

zx_status_t GuestSpace::ReserveAnywhere(uint64_t, uint64_t, uint64_t, uint64_t*) {
  return ZX_ERR_INTERNAL;  // the tree picks
}

void GuestSpace::Vacate(uint64_t address, uint64_t length) {
  base::MutexLock lock(mutex_);
  ParkedScope parked(*vcpus_);
  reserved_.erase(address);
  UnmapParked(address, length);
}

zx_status_t GuestSpace::Map(uint64_t address, uint64_t length, const objects::Mapping& mapping) {
  base::MutexLock lock(mutex_);
  ParkedScope parked(*vcpus_);
  SplitAt(address);
  SplitAt(address + length);
  const RegionList before = RegionsIn(address, length);
  // Before anything changes, for it may throw.
  const uint64_t vmo_size = WatchSize(mapping);
  EraseRegions(address, length);
  regions_[address] = Region{length, mapping, vmo_size};
  const zx_status_t status = SyncSlots(address, length, kUndo);
  if (status != ZX_OK) Restore(address, length, before);
  return status;
}

uint64_t GuestSpace::WatchSize(const objects::Mapping& mapping) {
  if (mapping.vmo->resizable()) {
    if (!resize_listener_) {
      resize_listener_ = base::MakeRef<ResizeListener>(this);
      if (!resize_listener_) throw std::bad_alloc();
    }
    mapping.vmo->pages()->AddWatcher(resize_listener_);
  }
  // After that: what changes now is told.
  return mapping.vmo->size();
}

zx_status_t GuestSpace::OnResize(const objects::VmoPages* pages, uint64_t size) {
  base::MutexLock lock(mutex_);
  // The guest's VCPUs go with it, and a handle may keep this space longer.
  if (vm_ == nullptr) return ZX_OK;
  ParkedScope parked(*vcpus_);
  zx_status_t result = ZX_OK;
  for (auto& [address, region] : regions_) {
    if (region.mapping.vmo->pages() != pages || region.vmo_size == size) continue;
    // Fewer pages must not stay reachable, come what may.
    const OnFailure on_failure = size < region.vmo_size ? kDrop : kUndo;
    region.vmo_size = size;
    const zx_status_t status = SyncSlots(address, region.length, on_failure);
    if (result == ZX_OK) result = status;
  }
  return result;
}

GuestSpace::RegionList GuestSpace::RegionsIn(uint64_t address, uint64_t length) const {
  return RegionList(regions_.lower_bound(address), regions_.lower_bound(address + length));
}

void GuestSpace::Restore(uint64_t address, uint64_t length, const RegionList& before) {
  EraseRegions(address, length);
  for (const auto& [base, region] : before) regions_[base] = region;
  static_cast<void>(SyncSlots(address, length, kDrop));
}

void GuestSpace::Unmap(uint64_t address, uint64_t length) {
  base::MutexLock lock(mutex_);
  ParkedScope parked(*vcpus_);
  UnmapParked(address, length);
}

void GuestSpace::UnmapParked(uint64_t address, uint64_t length) {
  EraseRegions(address, length);
  // What is unmapped must not stay, come what may; its neighbours may be lost with it.
  static_cast<void>(SyncSlots(address, length, kDrop));
}

zx_status_t GuestSpace::Protect(uint64_t address, uint64_t length,
                                objects::Permissions permissions) {
  base::MutexLock lock(mutex_);
  ParkedScope parked(*vcpus_);
  SplitAt(address);
  SplitAt(address + length);
  const RegionList before = RegionsIn(address, length);
  for (auto it = regions_.lower_bound(address);
       it != regions_.end() && it->first < address + length; ++it) {
    it->second.mapping.permissions = permissions & kAllPermissions;
  }
  const zx_status_t status = SyncSlots(address, length, kUndo);
  if (status != ZX_OK) Restore(address, length, before);
  return status;
}

void GuestSpace::Populate(uint64_t /*address*/, uint64_t length, const objects::Mapping& mapping) {
  // The guest's own tables follow at its first access, without the host having to find the pages.
  const uint64_t size = mapping.vmo->size();
  if (mapping.vmo_offset >= size) return;
  const uint64_t inside = std::min(length, size - mapping.vmo_offset);
  uint8_t* window = nullptr;
  if (mapping.vmo->Window(mapping.vmo_offset + inside, &window) != ZX_OK) return;
  objects::PopulateExisting(*mapping.vmo, mapping.vmo_offset, inside, window + mapping.vmo_offset);
}

zx_status_t GuestSpace::AddMemoryTrap(std::unique_ptr<Trap> trap) {
  base::MutexLock lock(mutex_);
  if (traps_.memory.Overlaps(trap->base, trap->size)) return ZX_ERR_ALREADY_EXISTS;
  ParkedScope parked(*vcpus_);
  const uint64_t base = trap->base;
  const uint64_t size = trap->size;
  traps_.memory.Insert(std::move(trap));
  // Nothing is mapped there, unless a mapping came between the caller's unmap and this.
  const zx_status_t status = SyncSlots(base, size, kUndo);
  if (status != ZX_OK) traps_.memory.Remove(base);
  return status;
}

zx_status_t GuestSpace::AddIoTrap(std::unique_ptr<Trap> trap) {
  base::MutexLock lock(mutex_);
  if (traps_.io.Overlaps(trap->base, trap->size)) return ZX_ERR_ALREADY_EXISTS;
  ParkedScope parked(*vcpus_);
  traps_.io.Insert(std::move(trap));
  return ZX_OK;
}

void GuestSpace::SplitAt(uint64_t address) {
  auto it = regions_.upper_bound(address);
  if (it == regions_.begin()) return;
  --it;
  const uint64_t begin = it->first;
  if (address == begin || address - begin >= it->second.length) return;
  Region tail = it->second;
  tail.length -= address - begin;
  tail.mapping.vmo_offset += address - begin;
  // First what may throw; it moves the others.
  regions_.emplace(address, std::move(tail));
  regions_.find(begin)->second.length = address - begin;
}

void GuestSpace::EraseRegions(uint64_t address, uint64_t length) {
  SplitAt(address);
  SplitAt(address + length);
  regions_.erase(regions_.lower_bound(address), regions_.lower_bound(address + length));
}

zx_status_t GuestSpace::WantedSlots(uint64_t begin, uint64_t end, std::vector<MemorySlot>* wanted) {
  // Appends [from, to) of a region, merged with the piece before it where they continue each other.
  auto append = [wanted](const Region& region, uint64_t region_base, uint8_t* window, uint64_t from,
                         uint64_t to) {
    MemorySlot slot;
    slot.read_only = (region.mapping.permissions & ZX_VM_PERM_WRITE) == 0;
    slot.vmo = region.mapping.vmo.get();
    while (from < to) {
      slot.gpa = from;
      slot.host = window + region.mapping.vmo_offset + (from - region_base);
      uint64_t room = kMaxSlotSize;
      MemorySlot* last = wanted->empty() ? nullptr : &wanted->back();
      const bool continues = last != nullptr && last->gpa + last->size == slot.gpa &&
                             last->host + last->size == slot.host &&
                             last->read_only == slot.read_only && last->vmo == slot.vmo &&
                             last->size < kMaxSlotSize;
      if (continues) room -= last->size;
      slot.size = std::min(to - from, room);
      from += slot.size;
      if (continues) {
        last->size += slot.size;
      } else {
        wanted->push_back(slot);
      }
    }
  };

  auto it = regions_.upper_bound(begin);
  if (it != regions_.begin()) --it;
  for (; it != regions_.end() && it->first < end; ++it) {
    const uint64_t base = it->first;
    const Region& region = it->second;
    if ((region.mapping.permissions & kAllPermissions) == 0) continue;
    const uint64_t vmo_offset = region.mapping.vmo_offset;
    if (vmo_offset >= region.vmo_size) continue;
    const uint64_t backed = std::min(region.length, region.vmo_size - vmo_offset);
    uint64_t from = std::max(begin, base);
    const uint64_t to = std::min({end, base + backed, host_limit_});
    if (from >= to) continue;
    uint8_t* window = nullptr;
    const zx_status_t status = region.mapping.vmo->Window(vmo_offset + backed, &window);
    if (status != ZX_OK) return status;
    for (const std::unique_ptr<Trap>& trap : traps_.memory.traps()) {
      if (trap->base + trap->size <= from) continue;
      if (trap->base >= to) break;
      if (trap->base > from) append(region, base, window, from, trap->base);
      from = trap->base + trap->size;
    }
    if (from < to) append(region, base, window, from, to);
  }
  return ZX_OK;
}

zx_status_t GuestSpace::SyncSlots(uint64_t address, uint64_t length, OnFailure on_failure) {
  if (vm_ == nullptr) return ZX_OK;
  bool begun = false;
  zx_status_t status = ZX_ERR_NO_MEMORY;
  try {
    status = TrySyncSlots(address, length, on_failure, &begun);
  } catch (const std::bad_alloc&) {
    // Only before the first slot has changed.
  }
  if (status == ZX_OK || begun || on_failure == kUndo) return status;
  // Nothing can be made, so all slots that reach into the range go.
  for (auto it = slots_.begin(); it != slots_.end();) {
    if (it->gpa + it->size <= address || it->gpa >= address + length) {
      ++it;
      continue;
    }
    LOG_ERROR("guest memory near {:#x} is lost: this process has no memory left", it->gpa);
    const MemorySlot slot = *it;
    DeleteSlot(slot);
    it = FirstEndingBehind(slots_, slot.gpa);
  }
  return status;
}

zx_status_t GuestSpace::TrySyncSlots(uint64_t address, uint64_t length, OnFailure on_failure,
                                     bool* begun) {
  // The slots that overlap or touch the range are looked at anew: only they can change or merge.
  uint64_t begin = address;
  uint64_t end = address + length;
  auto first = std::partition_point(slots_.begin(), slots_.end(), [&](const MemorySlot& slot) {
    return slot.gpa + slot.size < address;
  });
  auto last = first;
  for (; last != slots_.end() && last->gpa <= address + length; ++last) {
    begin = std::min(begin, last->gpa);
    end = std::max(end, last->gpa + last->size);
  }
  std::vector<MemorySlot> wanted;
  zx_status_t status = WantedSlots(begin, end, &wanted);
  if (status != ZX_OK) return status;

  const std::vector<MemorySlot> before(first, last);
  std::vector<MemorySlot> made;
  // From here on the kernel's slots change, and nothing may throw.
  made.reserve(wanted.size());
  ReserveRoom(&slots_, slots_.size() + wanted.size());
  ReserveRoom(&free_ids_, next_id_ + wanted.size());
  *begun = true;
  for (const MemorySlot& slot : before) {
    if (!Contains(wanted, slot)) DeleteSlot(slot);
  }
  for (const MemorySlot& slot : wanted) {
    if (Contains(before, slot)) continue;
    const zx_status_t created = CreateSlot(slot);
    if (created == ZX_OK) {
      made.push_back(slot);
    } else if (on_failure == kUndo) {
      PutSlotsBack(before, wanted, made);
      return created;
    } else {
      LOG_ERROR("guest memory at {:#x} is lost: the host has no room for its slot", slot.gpa);
      status = created;
    }
  }
  return status;
}

// What a neighbour was merged out of, or cut from, lies outside of the range that failed.
void GuestSpace::PutSlotsBack(const std::vector<MemorySlot>& before,
                              const std::vector<MemorySlot>& wanted,
                              const std::vector<MemorySlot>& made) {
  for (const MemorySlot& slot : made) DeleteSlot(slot);
  for (const MemorySlot& slot : before) {
    if (!Contains(wanted, slot) && CreateSlot(slot) != ZX_OK) {
      LOG_ERROR("guest memory at {:#x} is lost: the host has no memory for its slot", slot.gpa);
    }
  }
}

zx_status_t GuestSpace::CreateSlot(MemorySlot slot) {
  if (!free_ids_.empty()) {
    slot.id = free_ids_.back();
    free_ids_.pop_back();
  } else if (next_id_ < max_slots_) {
    slot.id = next_id_++;
  } else {
    LOG_WARN("a guest uses all {} memory slots that the host has", max_slots_);
    return ZX_ERR_NO_RESOURCES;
  }
  kvm_userspace_memory_region region = {};
  region.slot = slot.id;
  region.flags = slot.read_only ? KVM_MEM_READONLY : 0;
  region.guest_phys_addr = slot.gpa;
  region.memory_size = slot.size;
  region.userspace_addr = reinterpret_cast<uintptr_t>(slot.host);
  const int error = vm_->SetMemorySlot(region);
  if (error != 0) {
    free_ids_.push_back(slot.id);
    LOG_WARN("KVM refuses a memory slot of {:#x} bytes at {:#x}: errno {}", slot.size, slot.gpa,
             error);
    return StatusFromErrno(error);
  }
  slots_.insert(FirstEndingBehind(slots_, slot.gpa), slot);
  ++slot_version_;
  kvm::g_counters.memory_slots.fetch_add(1, std::memory_order_relaxed);
  return ZX_OK;
}

void GuestSpace::DeleteSlot(const MemorySlot& slot) {
  auto it = FirstEndingBehind(slots_, slot.gpa);
  kvm_userspace_memory_region region = {};
  region.slot = it->id;
  region.guest_phys_addr = it->gpa;
  const int error = vm_->SetMemorySlot(region);
  if (error != 0) LOG_ERROR("KVM cannot delete the memory slot at {:#x}: errno {}", it->gpa, error);
  free_ids_.push_back(it->id);
  slots_.erase(it);
  ++slot_version_;
  kvm::g_counters.memory_slots.fetch_sub(1, std::memory_order_relaxed);
}

const MemorySlot* GuestSpace::FindSlot(uint64_t gpa, const MemorySlot* hint) const {
  if (hint != nullptr && hint->Contains(gpa)) return hint;
  auto it = FirstEndingBehind(slots_, gpa);
  return it != slots_.end() && it->Contains(gpa) ? &*it : nullptr;
}

GuestSpace::Regions::const_iterator GuestSpace::FindRegion(uint64_t gpa) const {
  auto it = regions_.upper_bound(gpa);
  if (it == regions_.begin()) return regions_.end();
  --it;
  return gpa - it->first < it->second.length ? it : regions_.end();
}

zx_status_t GuestSpace::Explain(uint64_t gpa, bool write) const {
  if (gpa >= kSize) return ZX_ERR_OUT_OF_RANGE;
  auto it = FindRegion(gpa);
  if (it == regions_.end()) return ZX_ERR_NOT_FOUND;
  const uint64_t inside = gpa - it->first;
  const objects::Mapping& mapping = it->second.mapping;
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
  auto it = FindRegion(gpa);
  if (it == regions_.end() || traps_.memory.Find(gpa) != nullptr) return ZX_ERR_NOT_FOUND;
  const uint64_t inside = gpa - it->first;
  if (size > it->second.length - inside) return ZX_ERR_OUT_OF_RANGE;
  const objects::Mapping& mapping = it->second.mapping;
  const uint64_t end = mapping.vmo_offset + inside + size;
  return end <= it->second.vmo_size ? ZX_OK : ZX_ERR_OUT_OF_RANGE;
}

}  // namespace zircon::guest
