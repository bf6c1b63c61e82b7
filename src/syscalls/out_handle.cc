#include "syscalls/out_handle.h"

#include <utility>

#include "handles/handle_table.h"
#include "syscalls/user_memory.h"

namespace zircon::syscalls {
namespace {

handles::HandleTable& Table() { return handles::HandleTable::Process(); }

// Somebody may have guessed the value and closed it already: that is as good.
void Drop(zx_handle_t handle) { static_cast<void>(Table().Close(handle)); }

}  // namespace

zx_status_t PutValue(zx_handle_t* out, zx_handle_t handle) {
  const zx_status_t status = user::Put(out, handle);
  if (status != ZX_OK) Drop(handle);
  return status;
}

zx_status_t PutHandle(zx_handle_t* out, base::RefPtr<handles::Dispatcher> object,
                      zx_rights_t rights) {
  zx_handle_t handle;
  const zx_status_t status = Table().Insert(std::move(object), rights, &handle);
  if (status != ZX_OK) return status;
  return PutValue(out, handle);
}

zx_status_t PutHandles(zx_handle_t* out0, base::RefPtr<handles::Dispatcher> object0,
                       zx_rights_t rights0, zx_handle_t* out1,
                       base::RefPtr<handles::Dispatcher> object1, zx_rights_t rights1) {
  zx_handle_t handle0;
  zx_status_t status = Table().Insert(std::move(object0), rights0, &handle0);
  if (status != ZX_OK) return status;
  zx_handle_t handle1;
  status = Table().Insert(std::move(object1), rights1, &handle1);
  if (status != ZX_OK) {
    Drop(handle0);
    return status;
  }
  status = PutValue(out0, handle0);
  if (status != ZX_OK) {
    Drop(handle1);
    return status;
  }
  status = PutValue(out1, handle1);
  if (status != ZX_OK) Drop(handle0);
  return status;
}

}  // namespace zircon::syscalls
