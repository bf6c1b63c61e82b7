// The 64-bit Linux boot protocol: where kernel and initrd go, what boot_params say, and the state
// the first VCPU starts in.
//
//   LinuxBoot boot = …;                                  // kernel, initrd, command line
//   auto placement = PlaceLinux(boot, memory.layout());  // fails if they do not fit
//   CpuEntry entry = LoadLinux(boot, *placement, rsdp, memory);

#pragma once

#include <asm/bootparam.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boot/cpu_entry.h"
#include "boot/linux_image.h"
#include "guest_memory.h"

namespace zvmm {

// What is to be booted. A value.
struct LinuxBoot {
  LinuxImage image;
  std::vector<uint8_t> initrd;  // Empty if there is none.
  std::string command_line;
};

// Where it goes, guest-physical. A value.
struct LinuxPlacement {
  uint64_t kernel = 0;
  uint64_t initrd = 0;
};

absl::StatusOr<LinuxPlacement> PlaceLinux(const LinuxBoot& boot, const MemoryLayout& layout);

boot_params MakeBootParams(const LinuxBoot& boot, const LinuxPlacement& placement, uint64_t rsdp,
                           const MemoryLayout& layout);

// Writes kernel, initrd and command line.
void LoadLinuxFiles(const LinuxBoot& boot, const LinuxPlacement& placement,
                    const MemoryView& memory);

// As above, and boot_params and page tables.
CpuEntry LoadLinux(const LinuxBoot& boot, const LinuxPlacement& placement, uint64_t rsdp,
                   const MemoryView& memory);

}  // namespace zvmm
