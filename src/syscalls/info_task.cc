// Topics of zx_object_get_info() about processes and threads.

#include <zircon/rights.h>
#include <zircon/syscalls/object.h>

#include "handles/handle_table.h"
#include "objects/process.h"
#include "objects/thread.h"
#include "syscalls/info_topics.h"
#include "syscalls/layouts_2018.h"

namespace zircon::syscalls {

zx_status_t ProcessInfo(zx_handle_t handle, const Answer& answer) {
  handles::TypedRef<objects::Process> process;
  const zx_status_t status = process.Lookup(handle, ZX_RIGHT_INSPECT);
  if (status != ZX_OK) return status;
  zx_info_process_t info{};
  info.start_time = process->start_time();
  info.flags = ZX_INFO_PROCESS_FLAG_STARTED;
  return answer.PutRecord(info);
}

zx_status_t ProcessInfo2018(zx_handle_t handle, const Answer& answer) {
  handles::TypedRef<objects::Process> process;
  const zx_status_t status = process.Lookup(handle, ZX_RIGHT_INSPECT);
  if (status != ZX_OK) return status;
  api_2018::Process info{};
  info.started = true;
  return answer.PutRecord(info);
}

zx_status_t ThreadInfo(zx_handle_t handle, const Answer& answer) {
  handles::TypedRef<objects::Thread> thread;
  const zx_status_t status = thread.Lookup(handle, ZX_RIGHT_INSPECT);
  if (status != ZX_OK) return status;
  zx_info_thread_t info{};
  info.state = thread->ended() ? ZX_THREAD_STATE_DEAD : ZX_THREAD_STATE_RUNNING;
  for (uint64_t& mask : info.cpu_affinity_mask) mask = UINT64_MAX;
  return answer.PutRecord(info);
}

zx_status_t ThreadInfo2018(zx_handle_t handle, const Answer& answer) {
  handles::TypedRef<objects::Thread> thread;
  const zx_status_t status = thread.Lookup(handle, ZX_RIGHT_INSPECT);
  if (status != ZX_OK) return status;
  api_2018::Thread info{};
  info.state = thread->ended() ? ZX_THREAD_STATE_DEAD : ZX_THREAD_STATE_RUNNING;
  return answer.PutRecord(info);
}

}  // namespace zircon::syscalls
