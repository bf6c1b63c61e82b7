// How much memory this process has, as the host counts it.
//
// Thread safety: any thread.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

namespace zircon::objects {

// ZX_ERR_INTERNAL if the host does not tell, for want of /proc or of a file descriptor.
zx_status_t ReadProcessMemory(zx_info_task_stats_t* stats);

}  // namespace zircon::objects
