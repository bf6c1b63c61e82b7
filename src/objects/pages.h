// Pages: the unit in which VMOs are sized and mapped.

#pragma once

#include <cstdint>

namespace zircon::objects {

inline constexpr uint64_t kPageSize = 4096;
// What a large page covers: host addresses aligned to it let the kernel use one.
inline constexpr uint64_t kLargePageSize = 2 * 1024 * 1024;

constexpr bool IsPageAligned(uint64_t value) { return value % kPageSize == 0; }

// 0 when the result does not fit in 64 bits.
constexpr uint64_t RoundUpToPages(uint64_t value) {
  return (value + (kPageSize - 1)) / kPageSize * kPageSize;
}

}  // namespace zircon::objects
