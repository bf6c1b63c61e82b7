// Carries out a trapped access to memory.
//
//   zx_vcpu_state_t state = …;             // zx_vcpu_read_state()
//   auto instruction = decoder.Decode(packet.guest_mem, memory);
//   if (ExecuteMmio(*instruction, packet.guest_mem.addr, device, state)) {
//     …                                    // zx_vcpu_write_state()
//   }

#pragma once

#include <zircon/syscalls/hypervisor.h>

#include <cstdint>

#include "devices/device.h"
#include "mmio/mmio_instruction.h"

namespace zvmm {

// Does what the instruction does, with `device` in the place of memory. Tells whether `state` has
// changed and must be written back. (Flags have bit 1 set then, without which they would not
// count.)
bool ExecuteMmio(const MmioInstruction& instruction, uint64_t address, MmioDevice& device,
                 zx_vcpu_state_t& state);

}  // namespace zvmm
