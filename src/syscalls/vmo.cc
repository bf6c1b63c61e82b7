// zx_vmo_create, zx_vmo_read, zx_vmo_write, zx_vmo_get_size, zx_vmo_set_size, zx_vmo_op_range,
// zx_vmo_set_cache_policy, zx_vmo_replace_as_executable. Children are in vmo_child.cc, the stream
// size is in vmo_stream_size.cc, memory with an address of its own in vmo_physical.cc.

#include <zircon/syscalls.h>

#include <algorithm>
#include <utility>

#include "handles/handle_table.h"
#include "objects/pages.h"
#include "objects/resource.h"
#include "objects/vmo.h"
#include "rights/rights.h"
#include "syscalls/layouts_2018.h"
#include "syscalls/out_handle.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"

using zircon::base::RefPtr;
using zircon::handles::Dispatcher;
using zircon::handles::HandleTable;
using zircon::handles::TypedRef;
using zircon::objects::IsPageAligned;
using zircon::objects::kPageSize;
using zircon::objects::Resource;
using zircon::objects::Vmo;

namespace api_2018 = zircon::syscalls::api_2018;
namespace rights = zircon::rights;

namespace {

zx_status_t Create(uint64_t size, bool resizable, zx_rights_t rights, zx_handle_t* out) {
  RefPtr<Vmo> vmo;
  const zx_status_t status = Vmo::Create(size, resizable, &vmo);
  if (status != ZX_OK) return status;
  return zircon::syscalls::PutHandle(out, std::move(vmo), rights);
}

// Whether there is such an operation, and what it asks of the handle.
bool RightsForOp(uint32_t op, zx_rights_t* rights) {
  switch (op) {
    case ZX_VMO_OP_COMMIT:
    case ZX_VMO_OP_DECOMMIT:
    case ZX_VMO_OP_ZERO:
    case ZX_VMO_OP_CACHE_INVALIDATE:
      *rights = ZX_RIGHT_WRITE;
      return true;
    case ZX_VMO_OP_CACHE_SYNC:
    case ZX_VMO_OP_CACHE_CLEAN:
    case ZX_VMO_OP_CACHE_CLEAN_INVALIDATE:
    case ZX_VMO_OP_DONT_NEED:
    case ZX_VMO_OP_ALWAYS_NEED:
    case ZX_VMO_OP_PREFETCH:
      *rights = ZX_RIGHT_READ;
      return true;
    case ZX_VMO_OP_LOCK:
    case ZX_VMO_OP_TRY_LOCK:
    case ZX_VMO_OP_UNLOCK:
      *rights = ZX_RIGHT_NONE;
      return true;
    default:
      return false;
  }
}

bool IsCacheOp(uint32_t op) {
  return op >= ZX_VMO_OP_CACHE_SYNC && op <= ZX_VMO_OP_CACHE_CLEAN_INVALIDATE;
}

zx_status_t DoOp(Vmo& vmo, uint32_t op, uint64_t offset, uint64_t size) {
  switch (op) {
    case ZX_VMO_OP_LOCK:
    case ZX_VMO_OP_TRY_LOCK:
    case ZX_VMO_OP_UNLOCK:
      return ZX_ERR_NOT_SUPPORTED;  // no VMO is discardable
    case ZX_VMO_OP_COMMIT:
      return vmo.Commit(offset, size);
    case ZX_VMO_OP_DECOMMIT:
      if (!IsPageAligned(offset) || !IsPageAligned(size)) return ZX_ERR_INVALID_ARGS;
      return vmo.Zero(offset, size);
    case ZX_VMO_OP_ZERO:
      return vmo.Zero(offset, size);
    default:
      if (IsCacheOp(op) && size == 0) return ZX_ERR_INVALID_ARGS;
      // The host's caches are coherent, and its kernel swaps by its own lights.
      return vmo.CheckRange(offset, size);
  }
}

// For COMMIT and DECOMMIT in 2018: what of the range is inside, and of DECOMMIT all pages that it
// touches.
zx_status_t FitRange2018(Vmo& vmo, uint32_t op, uint64_t* offset, uint64_t* size) {
  const uint64_t end = vmo.size();
  if (*offset > end) return ZX_ERR_OUT_OF_RANGE;
  *size = std::min(*size, end - *offset);
  if (op == ZX_VMO_OP_DECOMMIT && *size != 0) {
    const uint64_t begin = *offset / kPageSize * kPageSize;
    *size = zircon::objects::RoundUpToPages(*offset + *size) - begin;
    *offset = begin;
  } else if (op == ZX_VMO_OP_DECOMMIT) {
    *offset = 0;
  }
  return ZX_OK;
}

// Behind the lookup: rights, and the operation.
zx_status_t CheckOp(const TypedRef<Vmo>& vmo, uint32_t op) {
  zx_rights_t needed = ZX_RIGHT_NONE;
  if (!RightsForOp(op, &needed)) return ZX_ERR_INVALID_ARGS;
  return (vmo.rights() & needed) == needed ? ZX_OK : ZX_ERR_ACCESS_DENIED;
}

zx_status_t SetCachePolicy(zx_handle_t handle, uint32_t cache_policy, bool only_without_pages) {
  if (cache_policy > ZX_CACHE_POLICY_WRITE_COMBINING) return ZX_ERR_INVALID_ARGS;
  TypedRef<Vmo> vmo;
  const zx_status_t status = vmo.Lookup(handle, ZX_RIGHT_MAP);
  if (status != ZX_OK) return status;
  if (only_without_pages && vmo->has_pages()) return ZX_ERR_BAD_STATE;
  return vmo->SetCachePolicy(cache_policy);
}

zx_status_t CheckVmex(zx_handle_t vmex) {
  if (vmex == ZX_HANDLE_INVALID) return ZX_OK;
  TypedRef<Resource> resource;
  const zx_status_t status = resource.Lookup(vmex, ZX_RIGHT_NONE);
  return status != ZX_OK ? status : resource->CheckSystem(ZX_RSRC_SYSTEM_VMEX_BASE);
}

zx_status_t SetSize(zx_handle_t handle, uint64_t size, zx_rights_t if_resizable, bool zero_tail) {
  TypedRef<Vmo> vmo;
  const zx_status_t status = vmo.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  if (!vmo->resizable()) return ZX_ERR_UNAVAILABLE;
  if ((vmo.rights() & if_resizable) != if_resizable) return ZX_ERR_ACCESS_DENIED;
  return vmo->SetSize(size, zero_tail);
}

}  // namespace

ZIRCON_SYSCALL(zx_status_t, vmo_create, (uint64_t)size, (uint32_t)options, (zx_handle_t*)out) {
  if ((options & ~ZX_VMO_RESIZABLE) != 0) return ZX_ERR_INVALID_ARGS;
  const bool resizable = (options & ZX_VMO_RESIZABLE) != 0;
  return Create(size, resizable, resizable ? rights::kVmoResizable : rights::kVmo, out);
}

ZIRCON_SYSCALL(zx_status_t, vmo_create_2018, (uint64_t)size, (uint32_t)options, (zx_handle_t*)out) {
  if ((options & ~api_2018::kVmoNonResizable) != 0) return ZX_ERR_INVALID_ARGS;
  return Create(size, (options & api_2018::kVmoNonResizable) == 0, rights::kVmo2018, out);
}

ZIRCON_SYSCALL(zx_status_t, vmo_read, (zx_handle_t)handle, (void*)buffer, (uint64_t)offset,
               (size_t)buffer_size) {
  TypedRef<Vmo> vmo;
  const zx_status_t status = vmo.Lookup(handle, ZX_RIGHT_READ);
  if (status != ZX_OK) return status;
  return vmo->Read(buffer, offset, buffer_size);
}

ZIRCON_SYSCALL(zx_status_t, vmo_write, (zx_handle_t)handle, (const void*)buffer, (uint64_t)offset,
               (size_t)buffer_size) {
  TypedRef<Vmo> vmo;
  const zx_status_t status = vmo.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  return vmo->Write(buffer, offset, buffer_size);
}

ZIRCON_SYSCALL(zx_status_t, vmo_get_size, (zx_handle_t)handle, (uint64_t*)size) {
  TypedRef<Vmo> vmo;
  const zx_status_t status = vmo.Lookup(handle, ZX_RIGHT_NONE);
  if (status != ZX_OK) return status;
  return zircon::user::Put(size, vmo->size());
}

ZIRCON_SYSCALL(zx_status_t, vmo_set_size, (zx_handle_t)handle, (uint64_t)size) {
  return SetSize(handle, size, ZX_RIGHT_RESIZE, /*zero_tail=*/true);
}

// That right is younger, and so is what is behind the content.
ZIRCON_SYSCALL(zx_status_t, vmo_set_size_2018, (zx_handle_t)handle, (uint64_t)size) {
  return SetSize(handle, size, ZX_RIGHT_NONE, /*zero_tail=*/false);
}

// The buffer is for operations that no VMO here supports.
ZIRCON_SYSCALL(zx_status_t, vmo_op_range, (zx_handle_t)handle, (uint32_t)op, (uint64_t)offset,
               (uint64_t)size, (void*)buffer, (size_t)buffer_size) {
  TypedRef<Vmo> vmo;
  zx_status_t status = vmo.Lookup(handle, ZX_RIGHT_NONE);
  if (status == ZX_OK) status = CheckOp(vmo, op);
  return status == ZX_OK ? DoOp(*vmo, op, offset, size) : status;
}

ZIRCON_SYSCALL(zx_status_t, vmo_op_range_2018, (zx_handle_t)handle, (uint32_t)op, (uint64_t)offset,
               (uint64_t)size, (void*)buffer, (size_t)buffer_size) {
  TypedRef<Vmo> vmo;
  zx_status_t status = vmo.Lookup(handle, ZX_RIGHT_NONE);
  if (status == ZX_OK) status = CheckOp(vmo, op);
  if (status == ZX_OK && (op == ZX_VMO_OP_COMMIT || op == ZX_VMO_OP_DECOMMIT)) {
    status = FitRange2018(*vmo, op, &offset, &size);
  }
  return status == ZX_OK ? DoOp(*vmo, op, offset, size) : status;
}

ZIRCON_SYSCALL(zx_status_t, vmo_set_cache_policy, (zx_handle_t)handle, (uint32_t)cache_policy) {
  return SetCachePolicy(handle, cache_policy, /*only_without_pages=*/false);
}

ZIRCON_SYSCALL(zx_status_t, vmo_set_cache_policy_2018, (zx_handle_t)handle,
               (uint32_t)cache_policy) {
  return SetCachePolicy(handle, cache_policy, /*only_without_pages=*/true);
}

ZIRCON_SYSCALL(zx_status_t, vmo_replace_as_executable, (zx_handle_t)handle, (zx_handle_t)vmex,
               (zx_handle_t*)out) {
  const auto add_execute = [&](Dispatcher& object, zx_rights_t held, zx_rights_t* rights) {
    if (object.type() != Vmo::kType) return ZX_ERR_BAD_HANDLE;
    *rights = held | ZX_RIGHT_EXECUTE;
    // The handle is consumed before vmex is looked at.
    return vmex == handle ? ZX_ERR_BAD_HANDLE : CheckVmex(vmex);
  };
  zx_handle_t executable;
  const zx_status_t status = HandleTable::Process().Replace(handle, add_execute, &executable);
  if (status != ZX_OK) return status;
  return zircon::syscalls::PutValue(out, executable);
}
