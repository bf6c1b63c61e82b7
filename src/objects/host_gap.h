// FindHostGap: where nothing is mapped in this process, by the kernel's own list. What it finds may
// be taken by another thread at any moment: map there with MAP_FIXED_NOREPLACE.
//
// Thread safety: any thread.

#pragma once

#include <cstdint>

namespace zircon::objects {

// The highest place in [begin, end) with `length` bytes free at a multiple of `alignment`. False
// when there is none, or the kernel does not show its list (no /proc).
[[nodiscard]] bool FindHostGap(uint64_t begin, uint64_t end, uint64_t length, uint64_t alignment,
                               uint64_t* address);

}  // namespace zircon::objects
