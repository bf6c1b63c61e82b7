// zx_vmar_allocate, zx_vmar_map, zx_vmar_unmap, zx_vmar_protect, zx_vmar_op_range,
// zx_vmar_destroy, zx_vmar_root_self, and the argument orders of early calls.

#include <zircon/syscalls.h>

#include "handles/handle_table.h"
#include "objects/process_space.h"
#include "objects/range_op.h"
#include "objects/vmar.h"
#include "objects/vmo.h"
#include "rights/rights.h"
#include "syscalls/out_handle.h"
#include "syscalls/self_handle.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"

using zircon::base::RefPtr;
using zircon::handles::TypedRef;
using zircon::objects::Vmar;
using zircon::objects::Vmo;

namespace {

zx_status_t Allocate(zx_handle_t parent_handle, zx_vm_option_t options, size_t offset, size_t size,
                     zx_handle_t* child_vmar, zx_vaddr_t* child_addr) {
  TypedRef<Vmar> parent;
  const zx_rights_t rights = zircon::rights::ForCanMap(options);
  zx_status_t status = parent.Lookup(parent_handle, rights);
  if (status != ZX_OK) return status;
  RefPtr<Vmar> child;
  status = parent->Allocate(options, offset, size, &child);
  if (status != ZX_OK) return status;
  status = zircon::user::Put(child_addr, child->base());
  if (status == ZX_OK) {
    status = zircon::syscalls::PutHandle(child_vmar, child, zircon::rights::kVmar | rights);
  }
  // Nobody could ever name it. Another thread may have destroyed it by now, with its parent.
  if (status != ZX_OK) static_cast<void>(child->DestroyByUser());
  return status;
}

zx_status_t Map(zx_handle_t handle, zx_vm_option_t options, size_t vmar_offset,
                zx_handle_t vmo_handle, uint64_t vmo_offset, size_t len, zx_vaddr_t* mapped_addr) {
  TypedRef<Vmar> vmar;
  zx_status_t status = vmar.Lookup(handle, ZX_RIGHT_NONE);
  if (status != ZX_OK) return status;
  TypedRef<Vmo> vmo;
  status = vmo.Lookup(vmo_handle, ZX_RIGHT_MAP);
  if (status != ZX_OK) return status;
  uint64_t mapped;
  status = vmar->Map(options, vmar_offset, vmo.share(), vmo.rights(), vmar.rights(), vmo_offset,
                     len, &mapped);
  if (status != ZX_OK) return status;
  status = zircon::user::Put(mapped_addr, mapped);
  if (status != ZX_OK) vmar->UndoMap(mapped, len, vmo.get(), vmo_offset);
  return status;
}

zx_status_t Protect(zx_handle_t handle, zx_vm_option_t options, zx_vaddr_t addr, size_t len,
                    zx_rights_t heeded) {
  TypedRef<Vmar> vmar;
  const zx_status_t status = vmar.Lookup(handle, ZX_RIGHT_NONE);
  if (status != ZX_OK) return status;
  return vmar->Protect(options, addr, len, vmar.rights() & heeded);
}

// What a place that cannot be had was in 2018, and an offset in a VMO that wraps.
zx_status_t PlacementStatus2018(zx_status_t status) {
  switch (status) {
    case ZX_ERR_ALREADY_EXISTS:
    case ZX_ERR_NO_RESOURCES:
      return ZX_ERR_NO_MEMORY;
    case ZX_ERR_OUT_OF_RANGE:
      return ZX_ERR_INVALID_ARGS;
    default:
      return status;
  }
}

constinit zircon::syscalls::SelfHandle root_handle;

}  // namespace

ZIRCON_SYSCALL(zx_status_t, vmar_allocate, (zx_handle_t)parent_vmar, (zx_vm_option_t)options,
               (size_t)offset, (size_t)size, (zx_handle_t*)child_vmar, (zx_vaddr_t*)child_addr) {
  return Allocate(parent_vmar, options, offset, size, child_vmar, child_addr);
}

ZIRCON_SYSCALL(zx_status_t, vmar_allocate_2018, (zx_handle_t)parent_vmar, (zx_vm_option_t)options,
               (size_t)offset, (size_t)size, (zx_handle_t*)child_vmar, (zx_vaddr_t*)child_addr) {
  return PlacementStatus2018(Allocate(parent_vmar, options, offset, size, child_vmar, child_addr));
}

ZIRCON_SYSCALL(zx_status_t, vmar_map, (zx_handle_t)handle, (zx_vm_option_t)options,
               (size_t)vmar_offset, (zx_handle_t)vmo, (uint64_t)vmo_offset, (size_t)len,
               (zx_vaddr_t*)mapped_addr) {
  return Map(handle, options, vmar_offset, vmo, vmo_offset, len, mapped_addr);
}

ZIRCON_SYSCALL(zx_status_t, vmar_map_2018, (zx_handle_t)handle, (zx_vm_option_t)options,
               (size_t)vmar_offset, (zx_handle_t)vmo, (uint64_t)vmo_offset, (size_t)len,
               (zx_vaddr_t*)mapped_addr) {
  return PlacementStatus2018(Map(handle, options, vmar_offset, vmo, vmo_offset, len, mapped_addr));
}

ZIRCON_SYSCALL(zx_status_t, vmar_unmap, (zx_handle_t)handle, (zx_vaddr_t)addr, (size_t)len) {
  TypedRef<Vmar> vmar;
  const zx_status_t status = vmar.Lookup(handle, ZX_RIGHT_NONE);
  if (status != ZX_OK) return status;
  return vmar->Unmap(addr, len, vmar.rights());
}

ZIRCON_SYSCALL(zx_status_t, vmar_protect, (zx_handle_t)handle, (zx_vm_option_t)options,
               (zx_vaddr_t)addr, (size_t)len) {
  return Protect(handle, options, addr, len, ~ZX_RIGHT_NONE);
}

// No handle reached into children then.
ZIRCON_SYSCALL(zx_status_t, vmar_protect_2018, (zx_handle_t)handle, (zx_vm_option_t)options,
               (zx_vaddr_t)addr, (size_t)len) {
  return Protect(handle, options, addr, len, ~ZX_RIGHT_OP_CHILDREN);
}

ZIRCON_SYSCALL(zx_status_t, vmar_op_range, (zx_handle_t)handle, (uint32_t)op, (zx_vaddr_t)address,
               (size_t)size, (void*)buffer, (size_t)buffer_size) {
  TypedRef<Vmar> vmar;
  const zx_status_t status = vmar.Lookup(handle, zircon::objects::RightsForRangeOp(op));
  if (status != ZX_OK) return status;
  if (!zircon::objects::IsRangeOp(op) || buffer != nullptr || buffer_size != 0) {
    return ZX_ERR_INVALID_ARGS;
  }
  return vmar->OpRange(op, address, size, vmar.rights());
}

ZIRCON_SYSCALL(zx_status_t, vmar_destroy, (zx_handle_t)handle) {
  TypedRef<Vmar> vmar;
  const zx_status_t status = vmar.Lookup(handle, ZX_RIGHT_OP_CHILDREN);
  if (status != ZX_OK) return status;
  return vmar->DestroyByUser();
}

ZIRCON_SYSCALL(zx_handle_t, vmar_root_self) {
  return root_handle.Get(zircon::rights::kRootVmar,
                         [] { return RefPtr<Vmar>::Share(zircon::objects::ProcessRoot()); });
}

ZIRCON_SYSCALL(zx_status_t, vmar_allocate_old, (zx_handle_t)parent_vmar, (size_t)offset,
               (size_t)size, (uint32_t)map_flags, (zx_handle_t*)child_vmar,
               (zx_vaddr_t*)child_addr) {
  return _zx_vmar_allocate_2018(parent_vmar, map_flags, offset, size, child_vmar, child_addr);
}

ZIRCON_SYSCALL(zx_status_t, vmar_map_old, (zx_handle_t)handle, (size_t)vmar_offset,
               (zx_handle_t)vmo, (uint64_t)vmo_offset, (size_t)len, (uint32_t)map_flags,
               (zx_vaddr_t*)mapped_addr) {
  return _zx_vmar_map_2018(handle, map_flags, vmar_offset, vmo, vmo_offset, len, mapped_addr);
}

ZIRCON_SYSCALL(zx_status_t, vmar_protect_old, (zx_handle_t)handle, (zx_vaddr_t)addr, (size_t)len,
               (uint32_t)prot_flags) {
  return _zx_vmar_protect_2018(handle, prot_flags, addr, len);
}
