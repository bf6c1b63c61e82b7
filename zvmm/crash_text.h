// What a crash of the guest is looked at with: registers, the code, and the way to it through the
// guest's page tables.

#pragma once

#include <zircon-kvm/debug.h>

#include <string>

#include "guest_memory.h"

namespace zvmm {

// Lines that are indented, without a line end behind the last. RIP, the control registers, the
// bytes at RIP (as far as they can be read), and the entry of each table that is on the way to
// them.
std::string CrashText(const zircon_kvm_general_registers_t& general,
                      const zircon_kvm_system_registers_t& system, const MemoryView& memory);

}  // namespace zvmm
