// ReserveHostGap: a place in this process at which nothing is mapped, found by trying: it takes no
// file descriptor and no /proc.
//
// Thread safety: any thread.

#pragma once

#include <zircon/types.h>

#include <cstdint>

namespace zircon::objects {

// Maps the highest place in [begin, end) that has `length` bytes free at a multiple of `alignment`,
// with no access. ZX_ERR_NO_RESOURCES when there is none, ZX_ERR_NO_MEMORY.
[[nodiscard]] zx_status_t ReserveHostGap(uint64_t begin, uint64_t end, uint64_t length,
                                         uint64_t alignment, uint64_t* address);

// Maps exactly this range, with no access. ZX_ERR_ALREADY_EXISTS when anything is there,
// ZX_ERR_NO_MEMORY.
[[nodiscard]] zx_status_t ReserveHostRange(uint64_t address, uint64_t length);

}  // namespace zircon::objects
