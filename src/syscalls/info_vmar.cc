// Topics of zx_object_get_info() about address space.

#include <zircon/rights.h>
#include <zircon/syscalls/object.h>

#include "handles/handle_table.h"
#include "objects/vmar.h"
#include "syscalls/info_topics.h"

namespace zircon::syscalls {

zx_status_t VmarInfo(zx_handle_t handle, const Answer& answer) {
  handles::TypedRef<objects::Vmar> vmar;
  const zx_status_t status = vmar.Lookup(handle, ZX_RIGHT_INSPECT);
  if (status != ZX_OK) return status;
  zx_info_vmar_t info{};
  info.base = vmar->base();
  info.len = vmar->size();
  return answer.PutRecord(info);
}

}  // namespace zircon::syscalls
