// zx_object_get_info: which topic. What each tells is in info_*.cc.

#include <zircon/syscalls.h>

#include "syscalls/info_topics.h"
#include "syscalls/layouts_2018.h"
#include "syscalls/syscall.h"

namespace syscalls = zircon::syscalls;

ZIRCON_SYSCALL(zx_status_t, object_get_info, (zx_handle_t)handle, (uint32_t)topic, (void*)buffer,
               (size_t)buffer_size, (size_t*)actual, (size_t*)avail) {
  const syscalls::Answer answer{buffer, buffer_size, actual, avail};
  switch (topic) {
    case ZX_INFO_HANDLE_VALID:
      return syscalls::HandleValidInfo(handle);
    case ZX_INFO_HANDLE_BASIC:
      return syscalls::HandleBasicInfo(handle, answer);
    case ZX_INFO_HANDLE_COUNT:
      return syscalls::HandleCountInfo(handle, answer);
    case ZX_INFO_PROCESS:
      return syscalls::ProcessInfo(handle, answer);
    case ZX_INFO_PROCESS_THREADS:
      return syscalls::ProcessThreadsInfo(handle, answer);
    case ZX_INFO_PROCESS_HANDLE_STATS:
      return syscalls::ProcessHandleStatsInfo(handle, answer);
    case ZX_INFO_TASK_STATS:
      return syscalls::TaskStatsInfo(handle, answer);
    case ZX_INFO_RESOURCE:
      return syscalls::ResourceInfo(handle, answer);
    case ZX_INFO_THREAD:
      return syscalls::ThreadInfo(handle, answer);
    case ZX_INFO_THREAD_STATS:
      return syscalls::ThreadStatsInfo(handle, answer);
    case ZX_INFO_TIMER:
      return syscalls::TimerInfo(handle, answer);
    case ZX_INFO_VMAR:
      return syscalls::VmarInfo(handle, answer);
    case ZX_INFO_SOCKET:
      return syscalls::SocketInfo(handle, answer);
    case ZX_INFO_VMO_V1:
      return syscalls::VmoInfoV1(handle, answer);
    case ZX_INFO_VMO_V2:
      return syscalls::VmoInfoV2(handle, answer);
    case ZX_INFO_VMO:
      return syscalls::VmoInfo(handle, answer);
    case ZX_INFO_VCPU:
      return syscalls::VcpuInfo(handle, answer);
    default:
      return ZX_ERR_NOT_SUPPORTED;
  }
}

// The topics whose record had another layout then.
ZIRCON_SYSCALL(zx_status_t, object_get_info_2018, (zx_handle_t)handle, (uint32_t)topic,
               (void*)buffer, (size_t)buffer_size, (size_t*)actual, (size_t*)avail) {
  const syscalls::Answer answer{buffer, buffer_size, actual, avail};
  switch (topic) {
    case ZX_INFO_HANDLE_BASIC:
      return syscalls::HandleBasicInfo2018(handle, answer);
    case syscalls::api_2018::kInfoVmo:
      return syscalls::VmoInfo2018(handle, answer);
    case syscalls::api_2018::kInfoProcess:
      return syscalls::ProcessInfo2018(handle, answer);
    case ZX_INFO_RESOURCE:
      return syscalls::ResourceInfo2018(handle, answer);
    case ZX_INFO_THREAD:
      return syscalls::ThreadInfo2018(handle, answer);
    case ZX_INFO_THREAD_STATS:
      return syscalls::ThreadStatsInfo2018(handle, answer);
    default:
      return _zx_object_get_info(handle, topic, buffer, buffer_size, actual, avail);
  }
}
