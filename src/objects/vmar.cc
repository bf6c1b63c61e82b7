#include "objects/vmar.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "base/log.h"
#include "base/or_no_memory.h"
#include "objects/pages.h"
#include "objects/range_op.h"

namespace zircon::objects {

Vmar::Vmar(base::RefPtr<AddressSpace> space) noexcept
    : Dispatcher(kType),
      space_(std::move(space)),
      is_root_(true),
      can_map_specific_(true),
      base_(space_->base()),
      size_(space_->size()) {}

Vmar::Vmar(Vmar* parent, uint64_t base, uint64_t size, bool can_map_specific) noexcept
    : Dispatcher(kType),
      space_(parent->space_),
      is_root_(false),
      can_map_specific_(can_map_specific),
      base_(base),
      size_(size),
      destroyed_(true) {}

// Only a root has anything to do here: a child in the tree is held by its parent.
Vmar::~Vmar() {
  if (is_root()) Destroy();
}

bool Vmar::Contains(uint64_t address, uint64_t length) const {
  return address >= base_ && address - base_ <= size_ && length <= size_ - (address - base_);
}

Vmar::Children::const_iterator Vmar::FirstChildAbove(uint64_t address) const {
  const auto it = children_.upper_bound(address);
  if (it == children_.begin()) return it;
  const auto before = std::prev(it);
  return before->first + before->second->size_ > address ? before : it;
}

bool Vmar::MeetsChild(uint64_t address, uint64_t length) const {
  const auto child = FirstChildAbove(address);
  return child != children_.end() && child->first < address + length;
}

bool Vmar::OnlyReducesChildren(uint64_t address, uint64_t length, Permissions wanted) const {
  bool only = true;
  space_->mappings.VisitIn(address, length,
                           [&](uint64_t at, uint64_t, const Mapping& mapping, Permissions) {
                             space_->tree_mutex.AssertHeld();
                             if (MeetsChild(at, 1)) only &= (wanted & ~mapping.permissions) == 0;
                           });
  return only;
}

zx_status_t Vmar::TakePlace(const Placement& placement, bool reserve, uint64_t* address,
                            Removed* removed) {
  if (placement.specific) {
    *address = base_ + placement.offset;
    if (MeetsChild(*address, placement.length)) {
      return placement.overwrite ? ZX_ERR_INVALID_ARGS : ZX_ERR_ALREADY_EXISTS;
    }
    const uint64_t end = *address + placement.length;
    if (!placement.overwrite && taken_.Overlaps(*address, end)) return ZX_ERR_ALREADY_EXISTS;
    return reserve ? ReserveHoles(*address, end) : ZX_OK;
  }
  if (is_root() && space_->PicksAddresses()) return TakeAnyPlace(placement, address, removed);
  const uint64_t limit = base_ + (placement.limited ? placement.offset : size_);
  if (!taken_.FindFree(base_, limit, placement.length, placement.alignment, address)) {
    return ZX_ERR_NO_RESOURCES;
  }
  return reserve ? space_->Reserve(*address, placement.length) : ZX_OK;
}

zx_status_t Vmar::TakeAnyPlace(const Placement& placement, uint64_t* address, Removed* removed) {
  const uint64_t limit = base_ + (placement.limited ? placement.offset : size_);
  // So that what has large pages is mapped by them.
  const bool large = placement.length >= kLargePageSize && placement.alignment < kLargePageSize;
  zx_status_t status =
      large ? space_->ReserveAnywhere(placement.length, kLargePageSize, limit, address)
            : ZX_ERR_NO_RESOURCES;
  if (status != ZX_OK) {
    status = space_->ReserveAnywhere(placement.length, placement.alignment, limit, address);
  }
  if (status != ZX_OK) return status;
  absl::Cleanup give_back = [&] {
    space_->tree_mutex.AssertHeld();
    GiveBack(*address, *address + placement.length);
  };
  if (!Contains(*address, placement.length) || MeetsChild(*address, placement.length)) {
    return ZX_ERR_NO_RESOURCES;
  }
  // What the tree has there, if anything, the program has unmapped behind our back.
  space_->mappings.SplitAtEnds(*address, placement.length);
  space_->mappings.Remove(*address, placement.length, &removed->regions);
  std::move(give_back).Cancel();
  return ZX_OK;
}

// A hole may hold something of the program's, which is not ours to replace. So the holes are taken
// first; then the range is ours as a whole and replaced at one stroke.
zx_status_t Vmar::ReserveHoles(uint64_t address, uint64_t end) {
  for (uint64_t at = address; at < end;) {
    const Piece piece = space_->mappings.PieceAt(at, end);
    if (!piece.mapped) {
      const zx_status_t status = space_->Reserve(piece.start, piece.length);
      if (status != ZX_OK) {
        GiveBack(address, piece.start);
        return status;
      }
    }
    at += piece.length;
  }
  return ZX_OK;
}

void Vmar::GiveBack(uint64_t address, uint64_t end) {
  for (uint64_t at = address; at < end;) {
    const Piece piece = TakenAt(at, end);
    if (!piece.mapped && space_->Vacate(piece.start, piece.length) != ZX_OK) {
      LOG_WARN("{} bytes at {:#x} stay reserved: this process has too many mappings", piece.length,
               piece.start);
    }
    at += piece.length;
  }
}

Piece Vmar::TakenAt(uint64_t address, uint64_t end) const {
  Piece taken{.start = address, .length = 0, .mapped = false};
  for (uint64_t at = address; at < end; at = address + taken.length) {
    Piece piece = space_->mappings.PieceAt(at, end);
    const auto child = FirstChildAbove(at);
    if (child != children_.end() && child->first <= at) {
      piece = {at, std::min(end, child->first + child->second->size_) - at, true};
    } else if (child != children_.end()) {
      piece.length = std::min(piece.length, child->first - at);
    }
    if (at != address && piece.mapped != taken.mapped) break;
    taken.mapped = piece.mapped;
    taken.length += piece.length;
  }
  return taken;
}

zx_status_t Vmar::Allocate(uint32_t options, uint64_t offset, uint64_t size,
                           base::RefPtr<Vmar>* child) {
  const zx_status_t status = CheckAllocateOptions(options, size);
  if (status != ZX_OK) return status;
  const bool can_map_specific = (options & ZX_VM_CAN_MAP_SPECIFIC) != 0;
  const Placement placement(options, offset, size);

  Removed removed;
  base::MutexLock lock(space_->tree_mutex);
  if (destroyed_) return ZX_ERR_BAD_STATE;
  const zx_status_t placed = placement.Check(base_, size_, can_map_specific_);
  if (placed != ZX_OK) return placed;
  return base::OrNoMemory([&] {
    space_->tree_mutex.AssertHeld();
    return AllocateLocked(placement, can_map_specific, &removed, child);
  });
}

zx_status_t Vmar::AllocateLocked(const Placement& placement, bool can_map_specific,
                                 Removed* removed, base::RefPtr<Vmar>* child) {
  // A node of its own first, so that nothing can fail once the place is taken.
  Children fresh;
  fresh.emplace(0, nullptr);
  uint64_t address = 0;
  const zx_status_t status = TakePlace(placement, /*reserve=*/is_root(), &address, removed);
  if (status != ZX_OK) return status;
  auto made = base::RefPtr<Vmar>::Adopt(
      NEW_OR_NULL(Vmar(this, address, placement.length, can_map_specific)));
  if (!made) {
    if (is_root()) GiveBack(address, address + placement.length);
    return ZX_ERR_NO_MEMORY;
  }
  made->space_->tree_mutex.AssertHeld();  // the same
  made->destroyed_ = false;
  made->parent_ = this;
  taken_.Insert(&made->extent_, address, address + placement.length);
  Children::node_type node = fresh.extract(fresh.begin());
  node.key() = address;
  node.mapped() = made;
  children_.insert(std::move(node));
  *child = std::move(made);
  return ZX_OK;
}

zx_status_t Vmar::Map(uint32_t options, uint64_t vmar_offset, base::RefPtr<Vmo> vmo,
                      zx_rights_t vmo_rights, zx_rights_t vmar_rights, uint64_t vmo_offset,
                      uint64_t length, uint64_t* mapped_address) {
  const Permissions allowed = PermittedBy(vmo_rights & vmar_rights);
  zx_status_t status = CheckMapOptions(options, *vmo, allowed, vmo_offset, length);
  if (status != ZX_OK) return status;
  const Placement placement(options, vmar_offset, length);
  const Mapping mapping{std::move(vmo), vmo_offset, WantedPermissions(options)};

  Removed removed;
  base::MutexLock lock(space_->tree_mutex);
  if (destroyed_) return ZX_ERR_BAD_STATE;
  status = placement.Check(base_, size_, can_map_specific_);
  if (status != ZX_OK) return status;
  if (placement.length > UINT64_MAX - vmo_offset) return ZX_ERR_OUT_OF_RANGE;
  status = base::OrNoMemory([&] {
    space_->tree_mutex.AssertHeld();
    return MapLocked(placement, {placement.length, mapping, allowed}, mapped_address, &removed);
  });
  if (status == ZX_OK && (options & ZX_VM_MAP_RANGE) != 0) {
    space_->Populate(*mapped_address, placement.length, mapping);
  }
  return status;
}

zx_status_t Vmar::MapLocked(const Placement& placement, Region region, uint64_t* mapped_address,
                            Removed* removed) {
  const uint64_t length = placement.length;
  const bool reserve = is_root() && space_->PicksAddresses();
  uint64_t address = 0;
  zx_status_t status = TakePlace(placement, reserve, &address, removed);
  if (status != ZX_OK) return status;
  absl::Cleanup give_back = [&] {
    space_->tree_mutex.AssertHeld();
    if (reserve) GiveBack(address, address + length);
  };

  // All the memory that is needed, before anything changes.
  const Mapping mapping = region.mapping;
  RegionMap::Node node = RegionMap::MakeNode(std::move(region));
  space_->mappings.SplitAtEnds(address, length);
  status = space_->Map(address, length, mapping);
  if (status != ZX_OK) return status;
  std::move(give_back).Cancel();
  space_->mappings.Remove(address, length, &removed->regions);
  space_->mappings.Insert(address, std::move(node), &taken_);
  *mapped_address = address;
  return ZX_OK;
}

zx_status_t Vmar::Unmap(uint64_t address, uint64_t length, zx_rights_t vmar_rights) {
  if (!IsPageAligned(address) || length == 0) return ZX_ERR_INVALID_ARGS;
  const uint64_t rounded = RoundUpToPages(length);

  Removed removed;
  base::MutexLock lock(space_->tree_mutex);
  if (destroyed_) return ZX_ERR_BAD_STATE;
  if (rounded == 0 || !Contains(address, rounded)) return ZX_ERR_INVALID_ARGS;
  const uint64_t end = address + rounded;
  const auto first = FirstChildAbove(address);
  auto last = first;
  for (; last != children_.end() && last->first < end; ++last) {
    if (last->first < address || last->second->size_ > end - last->first) {
      return ZX_ERR_INVALID_ARGS;
    }
  }
  if (first != last && (vmar_rights & ZX_RIGHT_OP_CHILDREN) == 0) return ZX_ERR_ACCESS_DENIED;
  return base::OrNoMemory([&] {
    space_->tree_mutex.AssertHeld();
    space_->mappings.SplitAtEnds(address, rounded);
    return Empty(address, end, &removed);
  });
}

void Vmar::UndoMap(uint64_t address, uint64_t length, const Vmo* vmo, uint64_t vmo_offset) {
  const uint64_t end = address + RoundUpToPages(length);
  Removed removed;
  base::MutexLock lock(space_->tree_mutex);
  if (destroyed_ || MeetsChild(address, end - address)) return;
  // Other threads may have unmapped it meanwhile, or put something else there.
  bool is_there = true;
  uint64_t at = address;
  space_->mappings.VisitIn(address, end - address,
                           [&](uint64_t start, uint64_t part, const Mapping& mapping, Permissions) {
                             is_there &= start == at && mapping.vmo.get() == vmo &&
                                         mapping.vmo_offset - vmo_offset == start - address;
                             at = start + part;
                           });
  if (!is_there || at != end) return;
  const zx_status_t status = base::OrNoMemory([&] {
    space_->tree_mutex.AssertHeld();
    // They may have made more of it, too.
    space_->mappings.SplitAtEnds(address, end - address);
    return Empty(address, end, &removed);
  });
  if (status != ZX_OK) {
    LOG_WARN("{} bytes at {:#x} stay mapped: status {}", end - address, address, status);
  }
}

zx_status_t Vmar::UnmapForTrap(uint64_t address, uint64_t length) {
  if (!IsPageAligned(address) || length == 0) return ZX_ERR_INVALID_ARGS;
  const uint64_t rounded = RoundUpToPages(length);

  Removed removed;
  base::MutexLock lock(space_->tree_mutex);
  if (destroyed_) return ZX_ERR_BAD_STATE;
  if (rounded == 0 || !Contains(address, rounded)) return ZX_ERR_INVALID_ARGS;
  return base::OrNoMemory([&] {
    space_->tree_mutex.AssertHeld();
    space_->mappings.SplitAtEnds(address, rounded);
    const zx_status_t status = space_->Unmap(address, rounded);
    if (status == ZX_OK) space_->mappings.Remove(address, rounded, &removed.regions);
    return status;
  });
}

zx_status_t Vmar::Protect(uint32_t options, uint64_t address, uint64_t length,
                          zx_rights_t vmar_rights) {
  const Permissions wanted = options & kAllPermissions;
  if ((wanted & ~PermittedBy(vmar_rights)) != 0) return ZX_ERR_ACCESS_DENIED;
  if (LacksRead(wanted)) return ZX_ERR_INVALID_ARGS;
  if ((options & ~kAllPermissions) != 0) return ZX_ERR_INVALID_ARGS;
  if (!IsPageAligned(address) || length == 0) return ZX_ERR_INVALID_ARGS;
  const uint64_t rounded = RoundUpToPages(length);

  base::MutexLock lock(space_->tree_mutex);
  if (destroyed_) return ZX_ERR_BAD_STATE;
  if (rounded == 0 || !Contains(address, rounded)) return ZX_ERR_INVALID_ARGS;
  const bool meets_child = MeetsChild(address, rounded);
  if (meets_child && (vmar_rights & ZX_RIGHT_OP_CHILDREN) == 0) return ZX_ERR_INVALID_ARGS;
  const Piece piece = space_->mappings.PieceAt(address, address + rounded);
  if (!piece.mapped || piece.length < rounded) return ZX_ERR_NOT_FOUND;
  if ((wanted & ~space_->mappings.AllowedIn(address, rounded)) != 0) return ZX_ERR_ACCESS_DENIED;
  if (meets_child && !OnlyReducesChildren(address, rounded, wanted)) return ZX_ERR_ACCESS_DENIED;
  return base::OrNoMemory([&] {
    space_->tree_mutex.AssertHeld();
    space_->mappings.SplitAtEnds(address, rounded);
    const zx_status_t status = space_->Protect(address, rounded, wanted);
    if (status == ZX_OK) space_->mappings.SetPermissions(address, rounded, wanted);
    return status;
  });
}

zx_status_t Vmar::OpRange(uint32_t op, uint64_t address, uint64_t length, zx_rights_t vmar_rights) {
  if (length == 0 || !IsPageAligned(address) || !IsPageAligned(length)) {
    return ZX_ERR_INVALID_ARGS;
  }
  // What is done may take its time, so it is done without the lock: the parts hold their VMOs.
  std::vector<RangePart> parts;
  const zx_status_t found = base::OrNoMemory([&]() -> zx_status_t {
    base::MutexLock lock(space_->tree_mutex);
    if (destroyed_) return ZX_ERR_BAD_STATE;
    if (!Contains(address, length)) return ZX_ERR_OUT_OF_RANGE;
    const bool reaches = ReachesChildren(op) && (vmar_rights & ZX_RIGHT_OP_CHILDREN) != 0;
    if (!reaches && MeetsChild(address, length)) return ZX_ERR_INVALID_ARGS;
    const Piece piece = space_->mappings.PieceAt(address, address + length);
    if (!piece.mapped || piece.length < length) return ZX_ERR_BAD_STATE;
    const auto add = [&](uint64_t at, uint64_t part_length, Mapping mapping, Permissions allowed) {
      parts.push_back({at, part_length, std::move(mapping), allowed});
    };
    space_->mappings.VisitIn(address, length, add);
    const zx_status_t status = CheckRangeOp(op, parts);
    if (status != ZX_OK) return status;
    // Under the lock, for the addresses must be what they are now. It only touches what is there.
    if (op == ZX_VMAR_OP_MAP_RANGE) {
      for (const RangePart& part : parts) {
        space_->Populate(part.address, part.length, part.mapping);
      }
    }
    return ZX_OK;
  });
  return found == ZX_OK ? DoRangeOp(op, parts) : found;
}

zx_status_t Vmar::DestroyByUser() {
  Removed removed;
  base::MutexLock lock(space_->tree_mutex);
  if (destroyed_) return ZX_ERR_BAD_STATE;
  if (is_root()) return ZX_ERR_NOT_SUPPORTED;
  parent_->space_->tree_mutex.AssertHeld();  // the same
  return parent_->Empty(base_, base_ + size_, &removed);
}

void Vmar::Destroy() {
  Removed removed;
  base::MutexLock lock(space_->tree_mutex);
  if (destroyed_) return;
  // What goes here has no machine any more that could refuse.
  static_cast<void>(Empty(base_, base_ + size_, &removed));
  Forget(base_, base_ + size_, &removed);
  destroyed_ = true;
}

zx_status_t Vmar::Empty(uint64_t address, uint64_t end, Removed* removed) {
  if (!is_root() || !space_->PicksAddresses()) {
    const zx_status_t status =
        is_root() ? space_->Vacate(address, end - address) : space_->Unmap(address, end - address);
    if (status == ZX_OK) Forget(address, end, removed);
    return status;
  }
  // From below: what is left of each piece has then gone or is not the tree's, so that only the
  // first can be one that the host's kernel would have to cut out of the middle of what it holds as
  // one; that is what it may refuse.
  for (uint64_t at = address; at < end;) {
    const Piece piece = TakenAt(at, end);
    at += piece.length;
    if (!piece.mapped) continue;
    const zx_status_t status = space_->Vacate(piece.start, piece.length);
    if (status != ZX_OK) return status;
    Forget(piece.start, at, removed);
  }
  return ZX_OK;
}

void Vmar::Forget(uint64_t address, uint64_t end, Removed* removed) {
  space_->mappings.Remove(address, end - address, &removed->regions);
  for (auto it = children_.lower_bound(address); it != children_.end() && it->first < end;) {
    Vmar& child = *it->second;
    child.space_->tree_mutex.AssertHeld();  // the same
    taken_.Remove(&child.extent_);
    child.MarkDestroyed(removed);
    removed->children.insert(children_.extract(it++));
  }
}

// Without recursion: a program decides how deep the tree is.
void Vmar::MarkDestroyed(Removed* removed) {
  for (Vmar* vmar = this; vmar != nullptr;) {
    vmar->space_->tree_mutex.AssertHeld();  // the same
    vmar->destroyed_ = true;
    vmar->parent_ = nullptr;
    Vmar* next = std::exchange(vmar->next_destroyed_, nullptr);
    for (const auto& [base, child] : vmar->children_) {
      child->space_->tree_mutex.AssertHeld();
      child->next_destroyed_ = std::exchange(next, child.get());
    }
    removed->children.merge(vmar->children_);
    vmar = next;
  }
}

}  // namespace zircon::objects
