// The topics of zx_object_get_info(), from the handle checks on; each family has them in its file.

#pragma once

#include <zircon/types.h>

#include "syscalls/info_answer.h"

namespace zircon::syscalls {

zx_status_t HandleValidInfo(zx_handle_t handle);
zx_status_t HandleBasicInfo(zx_handle_t handle, const Answer& answer);
zx_status_t HandleBasicInfo2018(zx_handle_t handle, const Answer& answer);
zx_status_t HandleCountInfo(zx_handle_t handle, const Answer& answer);
zx_status_t ProcessInfo(zx_handle_t handle, const Answer& answer);
zx_status_t ProcessInfo2018(zx_handle_t handle, const Answer& answer);
zx_status_t ResourceInfo(zx_handle_t handle, const Answer& answer);
zx_status_t ResourceInfo2018(zx_handle_t handle, const Answer& answer);
zx_status_t ThreadInfo(zx_handle_t handle, const Answer& answer);
zx_status_t ThreadInfo2018(zx_handle_t handle, const Answer& answer);
zx_status_t ThreadStatsInfo(zx_handle_t handle, const Answer& answer);
zx_status_t ThreadStatsInfo2018(zx_handle_t handle, const Answer& answer);
zx_status_t ProcessThreadsInfo(zx_handle_t handle, const Answer& answer);
zx_status_t ProcessHandleStatsInfo(zx_handle_t handle, const Answer& answer);
zx_status_t TaskStatsInfo(zx_handle_t handle, const Answer& answer);
zx_status_t TimerInfo(zx_handle_t handle, const Answer& answer);
zx_status_t SocketInfo(zx_handle_t handle, const Answer& answer);
zx_status_t VmarInfo(zx_handle_t handle, const Answer& answer);
zx_status_t VmoInfo(zx_handle_t handle, const Answer& answer);
zx_status_t VmoInfoV1(zx_handle_t handle, const Answer& answer);
zx_status_t VmoInfoV2(zx_handle_t handle, const Answer& answer);
zx_status_t VmoInfo2018(zx_handle_t handle, const Answer& answer);
zx_status_t VcpuInfo(zx_handle_t handle, const Answer& answer);

}  // namespace zircon::syscalls
