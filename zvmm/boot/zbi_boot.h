// The boot protocol of Zircon on x86: where the kernel goes, and what it finds beside it.
//
//   ZbiBoot boot = …;                                  // image, ramdisk, command line
//   auto placement = PlaceZbi(boot, memory.layout());  // fails if they do not fit
//   CpuEntry entry = LoadZbi(boot, *placement, rsdp, memory);
//
// The kernel's memory image lies at 1 MiB. The items behind it in the file, and those that zvmm
// adds (command line, memory, ACPI, serial port, ramdisk), become a boot image of their own, the
// data, whose address is in RSI. A kernel of 2018 reads E820_TABLE and DEBUG_UART, a current one
// MEM_CONFIG and KERNEL_DRIVER; each passes over what it does not know.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boot/cpu_entry.h"
#include "boot/zbi_image.h"
#include "guest_memory.h"

namespace zvmm {

// What is to be booted. A value.
struct ZbiBoot {
  ZbiImage image;
  std::vector<uint8_t> ramdisk;  // Empty if there is none.
  std::string command_line;
};

// Where it goes, guest-physical. A value.
struct ZbiPlacement {
  uint64_t kernel = 0;
  uint64_t data = 0;
};

absl::StatusOr<ZbiPlacement> PlaceZbi(const ZbiBoot& boot, const MemoryLayout& layout);

// The data: the image's further items, and zvmm's.
std::vector<uint8_t> MakeZbiData(const ZbiBoot& boot, uint64_t rsdp, const MemoryLayout& layout);

// Writes kernel, data and page tables.
CpuEntry LoadZbi(const ZbiBoot& boot, const ZbiPlacement& placement, uint64_t rsdp,
                 const MemoryView& memory);

}  // namespace zvmm
