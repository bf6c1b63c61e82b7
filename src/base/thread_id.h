// The calling thread's id of the kernel, asked for once in each thread.
//
// A forked child has a copy of what its parent has remembered, and must not take it: its own id is
// another. So it is remembered only where a child is told from its parent (base/fork_guard.h).
//
// Thread safety: any thread, and signal handlers.

#pragma once

#include <sys/types.h>

namespace zircon::base {

pid_t ThreadId() noexcept;

}  // namespace zircon::base
