// The registers of a VCPU as a debugger speaks of them: which there are, in which order, how large.
//
// The protocol numbers them in the order of the description that gdb is sent (target.xml), and so
// everything about a register stands in one row of a table.

#pragma once

#include <zircon-kvm/debug.h>

#include <cstdint>
#include <span>
#include <string>

namespace zvmm {

// What the debugger reads and writes of a VCPU. A value.
struct DebugRegisters {
  zircon_kvm_general_registers_t general;
  zircon_kvm_system_registers_t system;
  zircon_kvm_vector_registers_t vector;
};

struct DebugRegister {
  const char* name;
  const char* type;     // Of gdb's.
  const char* feature;  // Of gdb's: which registers belong together.
  uint16_t offset;      // In DebugRegisters.
  uint8_t stored;       // Bytes there.
  uint8_t size;         // Bytes in the protocol; what is not stored is 0.
};

// All of them, by their numbers.
std::span<const DebugRegister> AllDebugRegisters();

// The value, little-endian, `size` bytes.
std::string ValueOf(const DebugRegisters& registers, const DebugRegister& which);
// The other way; `value` has `size` bytes.
void SetValue(DebugRegisters& registers, const DebugRegister& which,
              std::span<const uint8_t> value);

// The description for gdb.
const std::string& TargetDescription();

}  // namespace zvmm
