// What an access to a trapped page loads or stores: the few forms of MOV and MOVZX that a guest
// uses for devices. The bytes come with the packet or, in the current generation, from the guest's
// memory.

#pragma once

#include <zircon/syscalls/hypervisor.h>
#include <zircon/types.h>

#include "phys_mem.h"

struct Instruction {
  bool is_load = false;
  uint8_t access_size = 0;    // bytes in memory
  uint8_t register_size = 0;  // of a load: what of the register changes
  uint64_t* reg = nullptr;    // in the state that it was decoded with; null: the immediate
  uint32_t immediate = 0;

  uint32_t Stored() const;
  void Load(uint32_t value) const;
};

// ZX_ERR_NOT_SUPPORTED for any other instruction.
zx_status_t Decode(const PhysMem& memory, const zx_packet_guest_mem_t& packet,
                   zx_vcpu_state_t* state, Instruction* result);
