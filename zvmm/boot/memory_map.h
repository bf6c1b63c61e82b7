// Where zvmm puts what the guest finds at its start, guest-physical.
//
//   0x00000  page tables (the VCPU starts with CR3 = 0)
//   0x10000  boot_params, the "zero page" of the Linux boot protocol
//   0x20000  command line
//   0xE0000  ACPI tables, the RSDP first: where firmware keeps it and guests search for it
//   0xF0000  SMBIOS, its entry point first: where guests search for it
//   1 MiB…   Linux: the kernel, at the address it prefers, and the initrd, as high as the kernel
//            allows below the device hole
//            Zircon: the kernel; at 64 MiB, or behind the kernel, the data of the boot image

#pragma once

#include <cstdint>
#include <vector>

#include "guest_memory.h"

namespace zvmm {

inline constexpr uint64_t kPageSize = 0x1000;

inline constexpr uint64_t kPageTables = 0;
inline constexpr uint64_t kBootParams = 0x10000;
inline constexpr uint64_t kCommandLine = 0x20000;
inline constexpr uint64_t kCommandLineCapacity = 0x10000;  // With the NUL.
inline constexpr uint64_t kAcpiTables = 0xE0000;
inline constexpr uint64_t kAcpiTablesCapacity = 0x10000;
inline constexpr uint64_t kSmbios = 0xF0000;
inline constexpr uint64_t kSmbiosCapacity = 0x10000;

// What e820 says about the first mebibyte: RAM up to where firmware would keep its own data.
inline constexpr uint64_t kLowRamEnd = 0x9FC00;
inline constexpr uint64_t kBiosStart = 0xE0000;
inline constexpr uint64_t kHighRamStart = 0x100000;

constexpr uint64_t AlignDown(uint64_t value, uint64_t alignment) {
  return value / alignment * alignment;
}
constexpr uint64_t AlignUp(uint64_t value, uint64_t alignment) {
  return AlignDown(value + alignment - 1, alignment);
}

// What kernels are told about a part of the guest's physical space. A value.
struct MemoryRange {
  uint64_t start;
  uint64_t size;
  bool ram;  // Else it is reserved.
};

// All of the guest's memory, in ascending order. What is not in it, is not there or is a device.
std::vector<MemoryRange> MemoryMap(const MemoryLayout& layout);

}  // namespace zvmm
