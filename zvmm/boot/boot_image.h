// What zvmm boots: a Linux kernel (bzImage, or vmlinux) or a Zircon boot image, whichever the file
// is.
//
//   auto load = OpenBootImage(files, layout);         // reads, checks, finds places
//   CpuEntry entry = (*load)(kAcpiTables, memory);    // writes it into RAM

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "boot/cpu_entry.h"
#include "guest_memory.h"

namespace zvmm {

// What the user gave. A value.
struct BootFiles {
  std::string kernel;
  std::string initrd;  // Empty if there is none.
  std::string command_line;
};

// Writes all that the boot protocol wants; gives the state that the first VCPU starts in. `rsdp` is
// the address of the ACPI tables. Owns what it loads, which is known to fit into the memory that it
// was opened for.
using BootLoader = std::function<CpuEntry(uint64_t rsdp, const MemoryView& memory)>;

// The error names the file that is wrong.
absl::StatusOr<BootLoader> OpenBootImage(const BootFiles& files, const MemoryLayout& layout);

}  // namespace zvmm
