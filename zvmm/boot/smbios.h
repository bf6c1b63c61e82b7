// The SMBIOS 3.0 tables: what a guest's dmidecode shows of its machine (types 0, 1, 4, 16, 17 and
// 127).
//
// The maker of the system is "QEMU": it is what kernels look at to find out whether a write to the
// exit port (0xF4, QEMU's isa-debug-exit, devices/exit_port.h) ends the machine.

#pragma once

#include <cstdint>
#include <vector>

#include "guest_memory.h"

namespace zvmm {

// Gives the tables as one block of bytes to be put at `address`, a multiple of 16. The block begins
// with the entry point.
std::vector<uint8_t> BuildSmbios(uint64_t address, const MemoryLayout& layout, unsigned vcpus);

}  // namespace zvmm
