// Topics of zx_object_get_info() about processes and threads.

#include <zircon/rights.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>

#include <algorithm>
#include <vector>

#include "handles/handle_table.h"
#include "objects/process.h"
#include "objects/process_memory.h"
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

zx_status_t ThreadStatsInfo(zx_handle_t handle, const Answer& answer) {
  handles::TypedRef<objects::Thread> thread;
  const zx_status_t status = thread.Lookup(handle, ZX_RIGHT_INSPECT);
  if (status != ZX_OK) return status;
  zx_info_thread_stats_t info{};
  info.total_runtime = thread->runtime();
  info.last_scheduled_cpu = thread->last_cpu();
  return answer.PutRecord(info);
}

zx_status_t ThreadStatsInfo2018(zx_handle_t handle, const Answer& answer) {
  handles::TypedRef<objects::Thread> thread;
  const zx_status_t status = thread.Lookup(handle, ZX_RIGHT_INSPECT);
  if (status != ZX_OK) return status;
  return answer.PutRecord(api_2018::ThreadStats{thread->runtime()});
}

zx_status_t ProcessThreadsInfo(zx_handle_t handle, const Answer& answer) {
  handles::TypedRef<objects::Process> process;
  const zx_status_t status = process.Lookup(handle, ZX_RIGHT_ENUMERATE);
  if (status != ZX_OK) return status;
  // The caller is one of them, whether it has asked for itself before or not.
  (void)_zx_thread_self();
  // Some room for threads that come meanwhile; of more than that, as many as there is room for.
  constexpr size_t kSpare = 8;
  std::vector<zx_koid_t> koids(objects::Thread::CopyKoids({}) + kSpare);
  const size_t count = objects::Thread::CopyKoids(koids);
  return answer.PutRecords(koids.data(), std::min(count, koids.size()));
}

zx_status_t TaskStatsInfo(zx_handle_t handle, const Answer& answer) {
  handles::TypedRef<objects::Process> process;
  zx_status_t status = process.Lookup(handle, ZX_RIGHT_INSPECT);
  if (status != ZX_OK) return status;
  zx_info_task_stats_t info;
  status = objects::ReadProcessMemory(&info);
  return status == ZX_OK ? answer.PutRecord(info) : status;
}

zx_status_t ProcessHandleStatsInfo(zx_handle_t handle, const Answer& answer) {
  handles::TypedRef<objects::Process> process;
  const zx_status_t status = process.Lookup(handle, ZX_RIGHT_INSPECT);
  if (status != ZX_OK) return status;
  zx_info_process_handle_stats_t info{};
  handles::HandleTable::Process().CountTypes(info.handle_count);
  return answer.PutRecord(info);
}

}  // namespace zircon::syscalls
