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

// kvm_regs has its own order for the first eight: rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp.
inline constexpr uint8_t kRegisterPlaces[16] = {0, 2, 3,  1,  6,  7,  4,  5,
                                                8, 9, 10, 11, 12, 13, 14, 15};
inline __u64* RegisterSlot(kvm_regs* regs, uint8_t number) {
  return &regs->rax + kRegisterPlaces[number & 15];
}
inline uint64_t RegisterValue(const kvm_regs& regs, uint8_t number) {
  return *RegisterSlot(const_cast<kvm_regs*>(&regs), number);
}
uint64_t ReadRegister(const kvm_regs& regs, const GeneralRegister& reg);

// Bytes of an address on the stack: 2, 4, 8.
uint8_t StackWidth(const kvm_sregs& sregs);
// The linear address of code at `rip`.
uint64_t LinearCode(const kvm_sregs& sregs, uint64_t rip);
// The linear address of an operand; `before` are the registers before the instruction, `next_rip`
// is RIP behind it (that of `before` is not looked at).
uint64_t LinearAddress(const MemoryOperand& operand, const kvm_regs& before, uint64_t next_rip,
                       const kvm_sregs& sregs);
// The low 8 bytes of what it stores; false when the registers do not tell.
bool StoredValue(const Instruction& insn, const kvm_regs& before, uint64_t next_rip,
                 const kvm_sregs& sregs, uint64_t* value);

// How far an instruction has come when its registers are looked at.
enum class Progress : uint8_t {
  kOver,     // RIP is behind it
  kRepeats,  // a REP has made an iteration, perhaps the last: RIP is on it
};
// Whether it leaves all registers but RIP and its destination as they were.
bool MovesNothing(const Instruction& insn);
// Whether `after` can be what it, or its last iteration, has left: 32-bit addresses clear the upper
// halves of the registers that move.
bool CanHaveLeft(const Instruction& insn, const kvm_regs& after);
// The registers before the instruction, or before its last iteration; `after` are those behind it,
// `stored` is what it has stored. Of a register only the bits are put back that the address size
// has: 32-bit addresses in 64-bit code have cleared the others.
kvm_regs RegistersBefore(const Instruction& insn, Progress progress, const kvm_regs& after,
                         const kvm_sregs& sregs, uint64_t stored);

}  // namespace zircon::vcpu::x86
