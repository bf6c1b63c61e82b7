// zx_event_create.

#include "objects/event.h"

#include <zircon/syscalls.h>

#include <utility>

#include "rights/rights.h"
#include "syscalls/out_handle.h"
#include "syscalls/syscall.h"

using zircon::objects::Event;

ZIRCON_SYSCALL(zx_status_t, event_create, (uint32_t)options, (zx_handle_t*)out) {
  if (options != 0) return ZX_ERR_INVALID_ARGS;
  auto event = zircon::base::MakeRef<Event>();
  if (!event) return ZX_ERR_NO_MEMORY;
  return zircon::syscalls::PutHandle(out, std::move(event), zircon::rights::kEvent);
}
