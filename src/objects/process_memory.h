// How much memory this process has, as the host counts it.
//
// Thread safety: any thread.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

namespace zircon::objects {

// The host tells in files: ZX_ERR_NO_RESOURCES without a descriptor for them, ZX_ERR_NOT_SUPPORTED
// without /proc.
[[nodiscard]] zx_status_t ReadProcessMemory(zx_info_task_stats_t* stats);

}  // namespace zircon::objects
