// zx_eventpair_create.

#include "objects/eventpair.h"

#include <zircon/syscalls.h>

#include <utility>

#include "rights/rights.h"
#include "syscalls/out_handle.h"
#include "syscalls/syscall.h"

using zircon::base::RefPtr;
using zircon::objects::Eventpair;
namespace rights = zircon::rights;

ZIRCON_SYSCALL(zx_status_t, eventpair_create, (uint32_t)options, (zx_handle_t*)out0,
               (zx_handle_t*)out1) {
  if (options != 0) return ZX_ERR_NOT_SUPPORTED;
  RefPtr<Eventpair> end0;
  RefPtr<Eventpair> end1;
  const zx_status_t status = Eventpair::Create(&end0, &end1);
  if (status != ZX_OK) return status;
  return zircon::syscalls::PutHandles(out0, std::move(end0), rights::kEventpair, out1,
                                      std::move(end1), rights::kEventpair);
}
