// Where an instruction's memory operand is, and which registers it moves. Everything that needs an
// address or puts registers back asks here: address size, stack width (SS.B), segments and the
// steps of strings are known in one place.
//
// Thread safety: pure.

#pragma once

#include <cstdint>

#include "kvm/kvm_abi.h"
#include "vcpu/x86/instruction.h"

namespace zircon::vcpu::x86 {

uint64_t ReadRegister(const kvm_regs& regs, const GeneralRegister& reg);
__u64* RegisterSlot(kvm_regs* regs, uint8_t number);

// Bytes of an address on the stack: 2, 4, 8.
uint8_t StackWidth(const kvm_sregs& sregs);
// The linear address of code at `rip`.
uint64_t LinearCode(const kvm_sregs& sregs, uint64_t rip);
// The linear address of an operand of `insn`; `before` are the registers before the instruction,
// RIP on it.
uint64_t LinearAddress(const Instruction& insn, const MemoryOperand& operand,
                       const kvm_regs& before, const kvm_sregs& sregs);
// The low 8 bytes of what it stores; false when the registers do not tell.
bool StoredValue(const Instruction& insn, const kvm_regs& before, const kvm_sregs& sregs,
                 uint64_t* value);

// How far an instruction has come when its registers are looked at.
enum class Progress : uint8_t {
  kOver,     // RIP is behind it
  kRepeats,  // a REP has made an iteration, perhaps the last: RIP is on it
};
// The registers before the instruction, or before its last iteration; `after` are those behind it,
// `stored` is what it has stored. Of a register only the bits are put back that the address size
// has: 32-bit addresses in 64-bit code have cleared the others.
kvm_regs RegistersBefore(const Instruction& insn, Progress progress, const kvm_regs& after,
                         const kvm_sregs& sregs, uint64_t stored);

}  // namespace zircon::vcpu::x86
