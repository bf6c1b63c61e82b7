// Memory that a forked child finds zeroed. Whoever keeps a word there that is never zero sees by
// one load that it runs in a child, without a fork handler and without getpid().
//
// Thread safety: any thread.

#pragma once

#include <cstddef>

namespace zircon::base {

// Asks the kernel to zero [start, start + size), whole pages of private anonymous memory, in every
// forked child. False, and one log line per process, where the kernel cannot do that (Linux before
// 4.14, some emulators): a child is then not told apart from its parent.
bool WipeOnFork(void* start, size_t size) noexcept;

}  // namespace zircon::base
