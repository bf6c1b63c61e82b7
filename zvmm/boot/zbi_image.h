// A bootable Zircon boot image (ZBI), as a file: read and checked, not loaded.
//
// The checks are those of the strictest kernel: one that finds a fault in a header drops all that
// it was given, so a fault is better told by zvmm.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace zvmm {

// A checked image. A value.
struct ZbiImage {
  // The container's header, the kernel item's and its payload: what lies in memory as in the file.
  std::vector<uint8_t> kernel;
  uint64_t entry = 0;         // Where the kernel begins, as its header gives it; see EntryOf().
  uint64_t reserve_size = 0;  // RAM that must be free behind the kernel.
  // The items behind the kernel: a whole number of them, with their paddings.
  std::vector<uint8_t> items;
};

// Does the file begin as a boot image does?
bool IsZbi(std::span<const uint8_t> file);

// Checks and takes apart a boot image. The error says what is wrong in words that fit behind the
// file's name.
absl::StatusOr<ZbiImage> ParseZbiImage(std::span<const uint8_t> file);

// The entry's address, for a kernel loaded at `address`.
uint64_t EntryOf(const ZbiImage& image, uint64_t address);

}  // namespace zvmm
