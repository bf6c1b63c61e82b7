#include "objects/vmar.h"

#include <new>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "objects/pages.h"

namespace zircon::objects {
namespace {

constexpr uint32_t kPermissions = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE;
constexpr uint32_t kCanMap =
    ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE;
// ALLOW_FAULTS states what holds for every mapping here; MAP_RANGE is advice.
constexpr uint32_t kMapOptions = kPermissions | kCanMap | ZX_VM_COMPACT | ZX_VM_SPECIFIC |
                                 ZX_VM_SPECIFIC_OVERWRITE | ZX_VM_MAP_RANGE |
                                 ZX_VM_REQUIRE_NON_RESIZABLE | ZX_VM_ALLOW_FAULTS;

// The permissions that handles with these rights can give.
Permissions PermittedBy(zx_rights_t rights) {
  Permissions permissions = 0;
  if ((rights & ZX_RIGHT_READ) != 0) permissions |= ZX_VM_PERM_READ;
  if ((rights & ZX_RIGHT_WRITE) != 0) permissions |= ZX_VM_PERM_WRITE;
  if ((rights & ZX_RIGHT_EXECUTE) != 0) permissions |= ZX_VM_PERM_EXECUTE;
  return permissions;
}

bool LacksRead(Permissions permissions) {
  return permissions != 0 && (permissions & ZX_VM_PERM_READ) == 0;
}

// Rows 4 to 10 of vmar_map, in their order.
zx_status_t CheckMapOptions(uint32_t options, const Vmo& vmo, Permissions allowed,
                            uint64_t vmo_offset, uint64_t length) {
  const Permissions wanted = options & kPermissions;
  if (LacksRead(wanted)) return ZX_ERR_INVALID_ARGS;
  constexpr uint32_t kContradiction = ZX_VM_MAP_RANGE | ZX_VM_SPECIFIC_OVERWRITE;
  if ((options & kContradiction) == kContradiction) return ZX_ERR_INVALID_ARGS;
  if ((options & kCanMap) != 0) return ZX_ERR_INVALID_ARGS;
  if ((wanted & ~allowed) != 0) return ZX_ERR_ACCESS_DENIED;
  if ((options & ~kMapOptions) != 0) return ZX_ERR_INVALID_ARGS;
  if ((options & ZX_VM_REQUIRE_NON_RESIZABLE) != 0 && vmo.resizable()) return ZX_ERR_NOT_SUPPORTED;
  if ((options & ZX_VM_COMPACT) != 0) return ZX_ERR_INVALID_ARGS;
  if (!IsPageAligned(vmo_offset)) return ZX_ERR_INVALID_ARGS;
  if (length > UINT64_MAX - vmo_offset) return ZX_ERR_OUT_OF_RANGE;
  return ZX_OK;
}

}  // namespace

Vmar::Vmar(base::RefPtr<AddressSpace> space)
    : Dispatcher(kType), space_(std::move(space)), base_(space_->base()), size_(space_->size()) {}

Vmar::~Vmar() { Destroy(); }

bool Vmar::Contains(uint64_t address, uint64_t length) const {
  return address >= base_ && address - base_ <= size_ && length <= size_ - (address - base_);
}

zx_status_t Vmar::Map(uint32_t options, uint64_t vmar_offset, base::RefPtr<Vmo> vmo,
                      zx_rights_t vmo_rights, zx_rights_t vmar_rights, uint64_t vmo_offset,
                      uint64_t length, uint64_t* mapped_address) {
  const Permissions allowed = PermittedBy(vmo_rights & vmar_rights);
  zx_status_t status = CheckMapOptions(options, *vmo, allowed, vmo_offset, length);
  if (status != ZX_OK) return status;

  Placement placement;
  placement.overwrite = (options & ZX_VM_SPECIFIC_OVERWRITE) != 0;
  placement.specific = placement.overwrite || (options & ZX_VM_SPECIFIC) != 0;
  placement.offset = vmar_offset;
  // A length that cannot be rounded up becomes 0, and is refused as that.
  placement.length = RoundUpToPages(length);
  const Mapping mapping{std::move(vmo), vmo_offset, options & kPermissions};

  RegionMap removed;
  base::MutexLock lock(space_->tree_mutex);
  if (destroyed_) return ZX_ERR_BAD_STATE;
  status = CheckPlacement(placement);
  if (status != ZX_OK) return status;
  if (placement.length > UINT64_MAX - vmo_offset) return ZX_ERR_OUT_OF_RANGE;
  try {
    return MapLocked(placement, mapping, allowed, mapped_address, &removed);
  } catch (const std::bad_alloc&) {
    return ZX_ERR_NO_MEMORY;
  }
}

// Rows 12 to 16 of vmar_map. Row 14 cannot apply: a root may be mapped at any address.
zx_status_t Vmar::CheckPlacement(const Placement& placement) const {
  if (placement.length == 0) return ZX_ERR_INVALID_ARGS;
  if (!placement.specific && placement.offset != 0) return ZX_ERR_INVALID_ARGS;
  if (!IsPageAligned(placement.offset)) return ZX_ERR_INVALID_ARGS;
  if (placement.offset > size_ || placement.length > size_ - placement.offset) {
    return ZX_ERR_INVALID_ARGS;
  }
  return ZX_OK;
}

zx_status_t Vmar::MapLocked(const Placement& placement, const Mapping& mapping, Permissions allowed,
                            uint64_t* mapped_address, RegionMap* removed) {
  const uint64_t length = placement.length;
  const bool fixed = placement.specific || !space_->PicksAddresses();
  uint64_t address = base_ + placement.offset;
  if (placement.specific) {
    const Piece piece = regions_.PieceAt(address, address + length);
    const bool busy = piece.mapped || piece.length < length;
    if (busy && !placement.overwrite) return ZX_ERR_ALREADY_EXISTS;
  } else if (fixed) {
    if (!regions_.FindFree(length, base_, base_ + size_, &address)) return ZX_ERR_NO_RESOURCES;
  }

  // All the memory that a fixed mapping needs, before anything changes.
  RegionMap::Node node = RegionMap::MakeNode({length, mapping.vmo, allowed});
  if (placement.overwrite) regions_.SplitAtEnds(address, length);

  const zx_status_t status = placement.overwrite
                                 ? Overwrite(address, length, mapping)
                                 : space_->Map(&address, length, fixed, false, mapping);
  if (status != ZX_OK) return status;
  if (!fixed) {
    absl::Cleanup undo = [&] { space_->Unmap(address, length); };
    if (!Contains(address, length)) return ZX_ERR_NO_RESOURCES;
    // What the tree has there, if anything, the program has unmapped behind our back.
    regions_.SplitAtEnds(address, length);
    std::move(undo).Cancel();
  }
  regions_.Remove(address, length, removed);
  regions_.Insert(address, std::move(node));
  *mapped_address = address;
  return ZX_OK;
}

zx_status_t Vmar::Overwrite(uint64_t address, uint64_t length, const Mapping& mapping) {
  if (!space_->PicksAddresses()) return space_->Map(&address, length, true, true, mapping);
  // A hole may hold something of the program's, which is not ours to replace. So the holes are
  // taken first, with whatever pages; then the range is ours as a whole and replaced at one stroke.
  const uint64_t end = address + length;
  for (uint64_t at = address; at < end;) {
    const Piece piece = regions_.PieceAt(at, end);
    if (!piece.mapped) {
      uint64_t start = piece.start;
      const zx_status_t status = space_->Map(&start, piece.length, true, false, mapping);
      if (status != ZX_OK) {
        UnmapPieces(address, piece.start, /*mapped=*/false);
        return status;
      }
    }
    at += piece.length;
  }
  const zx_status_t status = space_->Map(&address, length, true, true, mapping);
  if (status != ZX_OK) UnmapPieces(address, end, /*mapped=*/false);
  return status;
}

void Vmar::UnmapPieces(uint64_t address, uint64_t end, bool mapped) {
  for (uint64_t at = address; at < end;) {
    const Piece piece = regions_.PieceAt(at, end);
    if (piece.mapped == mapped) space_->Unmap(piece.start, piece.length);
    at += piece.length;
  }
}

zx_status_t Vmar::Unmap(uint64_t address, uint64_t length, zx_rights_t /*vmar_rights*/) {
  return UnmapForTrap(address, length);
}

zx_status_t Vmar::UnmapForTrap(uint64_t address, uint64_t length) {
  if (!IsPageAligned(address) || length == 0) return ZX_ERR_INVALID_ARGS;
  const uint64_t rounded = RoundUpToPages(length);

  RegionMap removed;
  base::MutexLock lock(space_->tree_mutex);
  if (destroyed_) return ZX_ERR_BAD_STATE;
  if (rounded == 0 || !Contains(address, rounded)) return ZX_ERR_INVALID_ARGS;
  try {
    regions_.SplitAtEnds(address, rounded);
    UnmapPieces(address, address + rounded, /*mapped=*/true);
    regions_.Remove(address, rounded, &removed);
    return ZX_OK;
  } catch (const std::bad_alloc&) {
    return ZX_ERR_NO_MEMORY;
  }
}

zx_status_t Vmar::Protect(uint32_t options, uint64_t address, uint64_t length,
                          zx_rights_t vmar_rights) {
  const Permissions wanted = options & kPermissions;
  if (LacksRead(wanted)) return ZX_ERR_INVALID_ARGS;
  if ((wanted & ~PermittedBy(vmar_rights)) != 0) return ZX_ERR_ACCESS_DENIED;
  if ((options & ~kPermissions) != 0) return ZX_ERR_INVALID_ARGS;
  if (!IsPageAligned(address) || length == 0) return ZX_ERR_INVALID_ARGS;
  const uint64_t rounded = RoundUpToPages(length);

  base::MutexLock lock(space_->tree_mutex);
  if (destroyed_) return ZX_ERR_BAD_STATE;
  if (rounded == 0 || !Contains(address, rounded)) return ZX_ERR_INVALID_ARGS;
  const Piece piece = regions_.PieceAt(address, address + rounded);
  if (!piece.mapped || piece.length < rounded) return ZX_ERR_NOT_FOUND;
  if ((wanted & ~regions_.AllowedIn(address, rounded)) != 0) return ZX_ERR_ACCESS_DENIED;
  try {
    return space_->Protect(address, rounded, wanted);
  } catch (const std::bad_alloc&) {
    return ZX_ERR_NO_MEMORY;
  }
}

zx_status_t Vmar::DestroyByUser() {
  base::MutexLock lock(space_->tree_mutex);
  return destroyed_ ? ZX_ERR_BAD_STATE : ZX_ERR_NOT_SUPPORTED;
}

void Vmar::Destroy() {
  RegionMap removed;
  base::MutexLock lock(space_->tree_mutex);
  if (destroyed_) return;
  destroyed_ = true;
  UnmapPieces(base_, base_ + size_, /*mapped=*/true);
  removed.swap(regions_);
}

}  // namespace zircon::objects
