// The sum that ends ACPI's and SMBIOS's tables.

#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>

namespace zvmm {

// The byte that makes the sum of all 0, where it stands as 0 now.
inline uint8_t Checksum(const uint8_t* bytes, size_t size) {
  return static_cast<uint8_t>(-std::accumulate(bytes, bytes + size, 0));
}

}  // namespace zvmm
