// zx_object_wait_one, zx_object_wait_many, zx_object_wait_async.

#include <zircon/syscalls.h>

#include <utility>

#include "objects/port.h"
#include "objects/port_wait.h"
#include "objects/thread_wait.h"
#include "syscalls/layouts_2018.h"
#include "syscalls/syscall.h"
#include "syscalls/user_memory.h"
#include "syscalls/waitable_ref.h"

using zircon::handles::TypedRef;
using zircon::objects::Port;
using zircon::objects::PortWait;
using zircon::objects::ThreadWait;
using zircon::syscalls::WaitableRef;
namespace api_2018 = zircon::syscalls::api_2018;
namespace user = zircon::user;

namespace {

// Sleeps for as long as the wait would take.
zx_status_t WaitForNothing(zx_time_t deadline) {
  ThreadWait wait;
  return wait.Finish(deadline);
}

zx_status_t WaitMany(zx_wait_item_t* items, size_t count, size_t most, zx_time_t deadline) {
  if (count > most) return ZX_ERR_OUT_OF_RANGE;
  if (count == 0) return WaitForNothing(deadline);
  zx_wait_item_t copy[ThreadWait::kMaxItems];
  zx_status_t status = user::CopyIn(copy, items, count * sizeof(zx_wait_item_t));
  if (status != ZX_OK) return status;

  ThreadWait wait;
  for (size_t i = 0; i < count; ++i) {
    WaitableRef object;
    status = object.Lookup(copy[i].handle, ZX_RIGHT_WAIT);
    if (status != ZX_OK) return status;
    wait.Add(object.share(), object.ref(), copy[i].handle, copy[i].waitfor);
  }
  status = wait.Finish(deadline);
  for (size_t i = 0; i < count; ++i) copy[i].pending = wait.pending(i);
  const zx_status_t copied = user::CopyOut(items, copy, count * sizeof(zx_wait_item_t));
  return copied != ZX_OK ? copied : status;
}

// Behind the check of the options. `answer`: what the generation makes of the status.
zx_status_t WaitAsync(zx_handle_t handle, zx_handle_t port_handle, uint64_t key,
                      zx_signals_t signals, PortWait::Options options,
                      zx_status_t (*answer)(zx_status_t)) {
  TypedRef<Port> port;
  zx_status_t status = port.Lookup(port_handle, ZX_RIGHT_WRITE);
  if (status != ZX_OK) return status;
  WaitableRef object;
  status = object.Lookup(handle, ZX_RIGHT_WAIT);
  if (status != ZX_OK) return status;
  return answer(PortWait::Begin(port.share(), key, object.ref(), handle, signals, options));
}

}  // namespace

ZIRCON_SYSCALL(zx_status_t, object_wait_one, (zx_handle_t)handle, (zx_signals_t)signals,
               (zx_time_t)deadline, (zx_signals_t*)observed) {
  ThreadWait wait;
  {
    WaitableRef object;
    const zx_status_t status = object.Lookup(handle, ZX_RIGHT_WAIT);
    if (status != ZX_OK) return status;
    wait.Add(object.share(), object.ref(), handle, signals);
  }
  const zx_status_t status = wait.Finish(deadline);
  if (observed == nullptr) return status;
  const zx_status_t copied = user::Put(observed, wait.pending(0));
  return copied != ZX_OK ? copied : status;
}

ZIRCON_SYSCALL(zx_status_t, object_wait_many, (zx_wait_item_t*)items, (size_t)num_items,
               (zx_time_t)deadline) {
  return WaitMany(items, num_items, ThreadWait::kMaxItems, deadline);
}

ZIRCON_SYSCALL(zx_status_t, object_wait_many_2018, (zx_wait_item_t*)items, (size_t)num_items,
               (zx_time_t)deadline) {
  return WaitMany(items, num_items, api_2018::kWaitManyMaxItems, deadline);
}

ZIRCON_SYSCALL(zx_status_t, object_wait_async, (zx_handle_t)handle, (zx_handle_t)port,
               (uint64_t)key, (zx_signals_t)signals, (uint32_t)options) {
  constexpr uint32_t kTimestamps = ZX_WAIT_ASYNC_TIMESTAMP | ZX_WAIT_ASYNC_BOOT_TIMESTAMP;
  if ((options & ~(kTimestamps | ZX_WAIT_ASYNC_EDGE)) != 0) return ZX_ERR_INVALID_ARGS;
  if ((options & kTimestamps) == kTimestamps) return ZX_ERR_INVALID_ARGS;
  PortWait::Options wanted;
  if ((options & ZX_WAIT_ASYNC_TIMESTAMP) != 0) {
    wanted.timestamp = PortWait::Timestamp::kMonotonic;
  } else if ((options & ZX_WAIT_ASYNC_BOOT_TIMESTAMP) != 0) {
    wanted.timestamp = PortWait::Timestamp::kBoot;
  }
  wanted.edge = (options & ZX_WAIT_ASYNC_EDGE) != 0;
  return WaitAsync(handle, port, key, signals, wanted, [](zx_status_t status) { return status; });
}

ZIRCON_SYSCALL(zx_status_t, object_wait_async_2018, (zx_handle_t)handle, (zx_handle_t)port,
               (uint64_t)key, (zx_signals_t)signals, (uint32_t)options) {
  if (options > api_2018::kWaitAsyncRepeating) return ZX_ERR_INVALID_ARGS;
  PortWait::Options wanted;
  wanted.repeating = options == api_2018::kWaitAsyncRepeating;
  wanted.count_queue = true;
  return WaitAsync(handle, port, key, signals, wanted, api_2018::DeadPortStatus);
}
