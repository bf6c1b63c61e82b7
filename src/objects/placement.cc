#include "objects/placement.h"

#include <algorithm>

namespace zircon::objects {
namespace {

constexpr uint32_t kCanMap =
    ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE;
// ALLOW_FAULTS states what holds for every mapping here.
constexpr uint32_t kMapOptions = kAllPermissions | kCanMap | ZX_VM_COMPACT | ZX_VM_SPECIFIC |
                                 ZX_VM_SPECIFIC_OVERWRITE | ZX_VM_MAP_RANGE |
                                 ZX_VM_REQUIRE_NON_RESIZABLE | ZX_VM_ALLOW_FAULTS |
                                 ZX_VM_OFFSET_IS_UPPER_LIMIT | ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED;
constexpr uint32_t kAllocateOptions =
    kCanMap | ZX_VM_COMPACT | ZX_VM_SPECIFIC | ZX_VM_OFFSET_IS_UPPER_LIMIT;

// The bits from ZX_VM_ALIGN_BASE upwards: 0, or a binary logarithm.
constexpr uint32_t kAlignMask = ~((1u << ZX_VM_ALIGN_BASE) - 1);

constexpr uint32_t AlignmentShift(uint32_t options) { return options >> ZX_VM_ALIGN_BASE; }

// Whether all bits are among `known` or a valid alignment.
bool IsKnown(uint32_t options, uint32_t known) {
  const uint32_t shift = AlignmentShift(options);
  const bool aligned = shift == 0 || (shift >= AlignmentShift(ZX_VM_ALIGN_1KB) &&
                                      shift <= AlignmentShift(ZX_VM_ALIGN_4GB));
  return aligned && (options & ~(known | kAlignMask)) == 0;
}

// A place cannot be given and limited at once.
bool LimitsAGivenPlace(uint32_t options) {
  return (options & ZX_VM_OFFSET_IS_UPPER_LIMIT) != 0 &&
         (options & (ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE)) != 0;
}

}  // namespace

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

Permissions WantedPermissions(uint32_t options) {
  Permissions wanted = options & kAllPermissions;
  // Neither the process nor a guest has memory that can be executed and not read.
  if ((options & ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED) != 0) wanted |= ZX_VM_PERM_READ;
  return wanted;
}

zx_status_t CheckMapOptions(uint32_t options, const Vmo& vmo, Permissions allowed,
                            uint64_t vmo_offset, uint64_t length) {
  const Permissions wanted = WantedPermissions(options);
  if (LacksRead(wanted)) return ZX_ERR_INVALID_ARGS;
  constexpr uint32_t kContradiction = ZX_VM_MAP_RANGE | ZX_VM_SPECIFIC_OVERWRITE;
  if ((options & kContradiction) == kContradiction) return ZX_ERR_INVALID_ARGS;
  if ((options & kCanMap) != 0) return ZX_ERR_INVALID_ARGS;
  if ((wanted & ~allowed) != 0) return ZX_ERR_ACCESS_DENIED;
  if (!IsKnown(options, kMapOptions)) return ZX_ERR_INVALID_ARGS;
  if ((options & ZX_VM_REQUIRE_NON_RESIZABLE) != 0 && vmo.resizable()) return ZX_ERR_NOT_SUPPORTED;
  if ((options & ZX_VM_COMPACT) != 0 || LimitsAGivenPlace(options)) return ZX_ERR_INVALID_ARGS;
  if (!IsPageAligned(vmo_offset)) return ZX_ERR_INVALID_ARGS;
  if (length > UINT64_MAX - vmo_offset) return ZX_ERR_OUT_OF_RANGE;
  return ZX_OK;
}

zx_status_t CheckAllocateOptions(uint32_t options, uint64_t size) {
  if (!IsKnown(options, kAllocateOptions) || LimitsAGivenPlace(options)) {
    return ZX_ERR_INVALID_ARGS;
  }
  return size == 0 || !IsPageAligned(size) ? ZX_ERR_INVALID_ARGS : ZX_OK;
}

Placement::Placement(uint32_t options, uint64_t offset_given, uint64_t length_given)
    : specific((options & (ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE)) != 0),
      overwrite((options & ZX_VM_SPECIFIC_OVERWRITE) != 0),
      limited((options & ZX_VM_OFFSET_IS_UPPER_LIMIT) != 0),
      offset(offset_given),
      length(RoundUpToPages(length_given)) {
  if ((options & kAlignMask) != 0) {
    alignment = std::max(alignment, uint64_t{1} << AlignmentShift(options));
  }
}

zx_status_t Placement::Check(uint64_t base, uint64_t size, bool can_map_specific) const {
  if (length == 0) return ZX_ERR_INVALID_ARGS;
  if (!specific && !limited && offset != 0) return ZX_ERR_INVALID_ARGS;
  if (!IsPageAligned(offset)) return ZX_ERR_INVALID_ARGS;
  if ((specific || limited) && !can_map_specific) return ZX_ERR_ACCESS_DENIED;
  if (offset > size) return ZX_ERR_INVALID_ARGS;
  if (length > (limited ? offset : size - offset)) return ZX_ERR_INVALID_ARGS;
  if (specific && (base + offset) % alignment != 0) return ZX_ERR_INVALID_ARGS;
  return ZX_OK;
}

}  // namespace zircon::objects
