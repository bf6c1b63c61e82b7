// A Linux kernel image (bzImage) and an initial RAM disk, as files: read and checked, not loaded.
//
// Everything that can be wrong with a file is found here, before a guest is made.

#pragma once

#include <asm/bootparam.h>

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace zvmm {

// A checked kernel. A value.
struct LinuxImage {
  setup_header header;          // As in the file.
  std::vector<uint8_t> kernel;  // The protected-mode part, what is loaded.
  uint64_t entry = 0x200;       // From the start of that; a bzImage's 64-bit one.
  uint32_t pvh_entry = 0;       // Its address, if the kernel is to be entered by PVH (pvh_boot.h).
};

// Checks and takes apart the contents of a bzImage. The error says what is wrong in words that fit
// behind the file's name.
absl::StatusOr<LinuxImage> ParseLinuxImage(std::span<const uint8_t> file);

// Checks that the contents look like an initramfs: cpio, plain or compressed as Linux can.
absl::Status CheckInitrd(std::span<const uint8_t> file);

}  // namespace zvmm
