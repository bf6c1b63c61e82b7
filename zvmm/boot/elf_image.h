// A kernel as an ELF file, such as Linux's vmlinux: what of it goes where.

#pragma once

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "boot/linux_image.h"

namespace zvmm {

bool IsElf(std::span<const uint8_t> file);

// Checks the file and takes it apart: an executable for x86-64, whose segments go to the physical
// addresses that they name. If a note has a PVH entry it is entered there; else as a bzImage is, in
// 64-bit mode with boot_params, at the file's entry point. The header says what a bzImage's would.
// The error says what is wrong in words that fit behind the file's name.
absl::StatusOr<LinuxImage> ParseElfImage(std::span<const uint8_t> file);

}  // namespace zvmm
