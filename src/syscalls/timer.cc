// zx_timer_create, zx_timer_set, zx_timer_cancel.

#include "objects/timer.h"

#include <zircon/syscalls.h>

#include <utility>

#include "handles/handle_table.h"
#include "rights/rights.h"
#include "syscalls/out_handle.h"
#include "syscalls/syscall.h"

using zircon::base::RefPtr;
using zircon::handles::TypedRef;
using zircon::objects::Timer;

namespace {

zx_status_t Create(uint32_t options, zx_clock_t clock_id, zx_handle_t* out) {
  if (options > ZX_TIMER_SLACK_LATE) return ZX_ERR_INVALID_ARGS;
  RefPtr<Timer> timer;
  const zx_status_t status = Timer::Create(options, clock_id, &timer);
  if (status != ZX_OK) return status;
  return zircon::syscalls::PutHandle(out, std::move(timer), zircon::rights::kTimer);
}

}  // namespace

ZIRCON_SYSCALL(zx_status_t, timer_create, (uint32_t)options, (zx_clock_t)clock_id,
               (zx_handle_t*)out) {
  if (clock_id != ZX_CLOCK_MONOTONIC && clock_id != ZX_CLOCK_BOOT) return ZX_ERR_INVALID_ARGS;
  return Create(options, clock_id, out);
}

// The number of the boot clock was that of UTC, which no timer counts.
ZIRCON_SYSCALL(zx_status_t, timer_create_2018, (uint32_t)options, (zx_clock_t)clock_id,
               (zx_handle_t*)out) {
  if (clock_id != ZX_CLOCK_MONOTONIC) return ZX_ERR_INVALID_ARGS;
  return Create(options, clock_id, out);
}

ZIRCON_SYSCALL(zx_status_t, timer_set, (zx_handle_t)handle, (zx_time_t)deadline,
               (zx_duration_t)slack) {
  if (slack < 0) return ZX_ERR_OUT_OF_RANGE;
  TypedRef<Timer> timer;
  const zx_status_t status = timer.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  timer->Set(deadline, slack);
  return ZX_OK;
}

ZIRCON_SYSCALL(zx_status_t, timer_cancel, (zx_handle_t)handle) {
  TypedRef<Timer> timer;
  const zx_status_t status = timer.Lookup(handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  timer->Cancel();
  return ZX_OK;
}
