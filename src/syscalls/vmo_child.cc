// zx_vmo_create_child, and what it was in 2018, zx_vmo_clone.

#include <zircon/syscalls.h>

#include <utility>

#include "handles/handle_table.h"
#include "objects/pages.h"
#include "objects/vmo.h"
#include "syscalls/layouts_2018.h"
#include "syscalls/out_handle.h"
#include "syscalls/syscall.h"

using zircon::base::RefPtr;
using zircon::handles::TypedRef;
using zircon::objects::Vmo;

namespace api_2018 = zircon::syscalls::api_2018;

namespace {

constexpr zx_rights_t kToMakeChildren = ZX_RIGHT_DUPLICATE | ZX_RIGHT_READ;

constexpr uint32_t kSnapshots = ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE |
                                ZX_VMO_CHILD_SNAPSHOT_MODIFIED;
constexpr uint32_t kKinds = kSnapshots | ZX_VMO_CHILD_SLICE | ZX_VMO_CHILD_REFERENCE;
constexpr uint32_t kOptions = kKinds | ZX_VMO_CHILD_RESIZABLE | ZX_VMO_CHILD_NO_WRITE;

bool AreGoodOptions(uint32_t options) {
  if ((options & ~kOptions) != 0) return false;
  const uint32_t kind = options & kKinds;
  if (kind == 0 || (kind & (kind - 1)) != 0) return false;
  if (kind == ZX_VMO_CHILD_SLICE && (options & ZX_VMO_CHILD_RESIZABLE) != 0) return false;
  constexpr uint32_t kEither = ZX_VMO_CHILD_RESIZABLE | ZX_VMO_CHILD_NO_WRITE;
  return (options & kEither) != kEither;
}

zx_rights_t ChildRights(zx_rights_t parent, uint32_t options) {
  zx_rights_t rights = (parent & ~ZX_RIGHT_RESIZE) | ZX_RIGHT_GET_PROPERTY | ZX_RIGHT_SET_PROPERTY;
  if ((options & ZX_VMO_CHILD_RESIZABLE) != 0) rights |= ZX_RIGHT_RESIZE;
  if ((options & ZX_VMO_CHILD_NO_WRITE) != 0) return rights & ~ZX_RIGHT_WRITE;
  if ((options & kSnapshots) != 0) rights = (rights & ~ZX_RIGHT_EXECUTE) | ZX_RIGHT_WRITE;
  return rights;
}

// For snapshots: ZX_ERR_INVALID_ARGS unless offset is a multiple of pages, ZX_ERR_OUT_OF_RANGE when
// the range wraps.
zx_status_t CheckSnapshotRange(uint64_t offset, uint64_t size) {
  if (!zircon::objects::IsPageAligned(offset)) return ZX_ERR_INVALID_ARGS;
  const uint64_t rounded = zircon::objects::RoundUpToPages(size);
  if (rounded < size || rounded > UINT64_MAX - offset) return ZX_ERR_OUT_OF_RANGE;
  return ZX_OK;
}

zx_status_t CreateChild(Vmo& parent, uint32_t options, uint64_t offset, uint64_t size,
                        RefPtr<Vmo>* child) {
  const bool resizable = (options & ZX_VMO_CHILD_RESIZABLE) != 0;
  if ((options & ZX_VMO_CHILD_REFERENCE) != 0) {
    if (offset != 0 || size != 0) return ZX_ERR_INVALID_ARGS;
    return parent.CreateReference(resizable, child);
  }
  if ((options & ZX_VMO_CHILD_SLICE) != 0) return parent.CreateSlice(offset, size, child);
  const zx_status_t status = CheckSnapshotRange(offset, size);
  if (status != ZX_OK) return status;
  return parent.CreateSnapshot(offset, size, resizable, child);
}

}  // namespace

ZIRCON_SYSCALL(zx_status_t, vmo_create_child, (zx_handle_t)handle, (uint32_t)options,
               (uint64_t)offset, (uint64_t)size, (zx_handle_t*)out) {
  TypedRef<Vmo> parent;
  zx_status_t status = parent.Lookup(handle, kToMakeChildren);
  if (status != ZX_OK) return status;
  if (!AreGoodOptions(options)) return ZX_ERR_INVALID_ARGS;
  RefPtr<Vmo> child;
  status = CreateChild(*parent, options, offset, size, &child);
  if (status != ZX_OK) return status;
  return zircon::syscalls::PutHandle(out, std::move(child), ChildRights(parent.rights(), options));
}

ZIRCON_SYSCALL(zx_status_t, vmo_clone, (zx_handle_t)handle, (uint32_t)options, (uint64_t)offset,
               (uint64_t)size, (zx_handle_t*)out) {
  TypedRef<Vmo> parent;
  zx_status_t status = parent.Lookup(handle, kToMakeChildren);
  if (status != ZX_OK) return status;
  if ((options & ~api_2018::kVmoCloneNonResizeable) != api_2018::kVmoCloneCopyOnWrite) {
    return ZX_ERR_INVALID_ARGS;
  }
  status = CheckSnapshotRange(offset, size);
  if (status != ZX_OK) return status;
  RefPtr<Vmo> child;
  const bool resizable = (options & api_2018::kVmoCloneNonResizeable) == 0;
  status = parent->CreateSnapshot(offset, size, resizable, &child);
  if (status != ZX_OK) return status;
  const zx_rights_t rights =
      parent.rights() | ZX_RIGHT_GET_PROPERTY | ZX_RIGHT_SET_PROPERTY | ZX_RIGHT_WRITE;
  return zircon::syscalls::PutHandle(out, std::move(child), rights);
}
