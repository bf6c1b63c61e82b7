// zx_vmo_create, zx_vmo_read, zx_vmo_write, zx_vmo_get_size, zx_vmo_replace_as_executable.

#include <zircon/syscalls.h>

#include <utility>

#include "handles/handle_table.h"
#include "objects/resource.h"
#include "objects/vmo.h"
#include "rights/rights.h"
#include "syscalls/layouts_2018.h"
#include "syscalls/out_handle.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"

using zircon::base::RefPtr;
using zircon::handles::DetachedHandle;
using zircon::handles::HandleTable;
using zircon::handles::TypedRef;
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

}  // namespace

ZIRCON_SYSCALL(zx_status_t, vmo_create, uint64_t size, uint32_t options, zx_handle_t* out) {
  if ((options & ~ZX_VMO_RESIZABLE) != 0) return ZX_ERR_INVALID_ARGS;
  const bool resizable = (options & ZX_VMO_RESIZABLE) != 0;
  return Create(size, resizable, resizable ? rights::kVmoResizable : rights::kVmo, out);
}

ZIRCON_SYSCALL(zx_status_t, vmo_create_2018, uint64_t size, uint32_t options, zx_handle_t* out) {
  if ((options & ~api_2018::kVmoNonResizable) != 0) return ZX_ERR_INVALID_ARGS;
  return Create(size, (options & api_2018::kVmoNonResizable) == 0, rights::kVmo2018, out);
}

ZIRCON_SYSCALL(zx_status_t, vmo_read, zx_handle_t handle, void* buffer, uint64_t offset,
               size_t buffer_size) {
  TypedRef<Vmo> vmo;
  const zx_status_t status = vmo.Lookup(handle, ZX_RIGHT_READ);
  if (status != ZX_OK) return status;
  return vmo->Read(buffer, offset, buffer_size);
}

ZIRCON_SYSCALL(zx_status_t, vmo_write, zx_handle_t handle, const void* buffer, uint64_t offset,
               size_t buffer_size) {
  TypedRef<Vmo> vmo;
  const zx_status_t status = vmo.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  return vmo->Write(buffer, offset, buffer_size);
}

ZIRCON_SYSCALL(zx_status_t, vmo_get_size, zx_handle_t handle, uint64_t* size) {
  TypedRef<Vmo> vmo;
  const zx_status_t status = vmo.Lookup(handle, ZX_RIGHT_NONE);
  if (status != ZX_OK) return status;
  return zircon::user::Put(size, vmo->size());
}

// The handle is consumed whatever happens, so it is taken first.
ZIRCON_SYSCALL(zx_status_t, vmo_replace_as_executable, zx_handle_t handle, zx_handle_t vmex,
               zx_handle_t* out) {
  DetachedHandle vmo;
  zx_status_t status = HandleTable::Process().Detach(handle, &vmo);
  if (status != ZX_OK) return status;
  if (vmo.object()->type() != Vmo::kType) return ZX_ERR_BAD_HANDLE;
  if (vmex != ZX_HANDLE_INVALID) {
    TypedRef<Resource> resource;
    status = resource.Lookup(vmex, ZX_RIGHT_NONE);
    if (status != ZX_OK) return status;
    status = resource->CheckSystem(ZX_RSRC_SYSTEM_VMEX_BASE);
    if (status != ZX_OK) return status;
  }
  vmo.set_rights(vmo.rights() | ZX_RIGHT_EXECUTE);
  zx_handle_t executable;
  status = HandleTable::Process().Attach(std::move(vmo), &executable);
  if (status != ZX_OK) return status;
  return zircon::syscalls::PutValue(out, executable);
}
