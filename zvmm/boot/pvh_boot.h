// PVH, the boot protocol of Xen's that other machine monitors have taken over: an ELF kernel names
// a 32-bit entry in a note, and finds a start info with memory map, initrd, command line and ACPI
// tables.

#pragma once

#include <cstdint>

#include "boot/cpu_entry.h"
#include "boot/linux_boot.h"
#include "guest_memory.h"

namespace zvmm {

// Writes kernel, initrd, command line, start info, page tables and the code that leads to the
// entry. The kernel has one.
CpuEntry LoadPvh(const LinuxBoot& boot, const LinuxPlacement& placement, uint64_t rsdp,
                 const MemoryView& memory);

}  // namespace zvmm
