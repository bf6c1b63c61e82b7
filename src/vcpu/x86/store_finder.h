// StoreFinder: which instruction made a store that KVM reports only after it has moved RIP on.
//
// The instruction ends at RIP, so it starts at one of the 15 bytes before it; a repeated string
// that has more to do still stands at RIP. A candidate must decode to exactly the distance, write
// memory, and its operand's address, size and (for MOV forms) value must be those of the exit: the
// registers are still what they were, a store changes none. Of several matches the longest wins
// whose first byte matters; a prefix that changes nothing is taken for the end of the instruction
// before.
//
// Ownership: the VCPU's; remembers the last answer. Thread safety: the owner thread.

#pragma once

#include <cstdint>

#include "kvm/kvm_abi.h"
#include "vcpu/x86/guest_view.h"
#include "vcpu/x86/instruction.h"

namespace zircon::vcpu::x86 {

struct StoreExit {
  uint64_t gpa = 0;
  uint32_t size = 0;
  const uint8_t* data = nullptr;
};

struct Store {
  Instruction insn;
  bool at_rip = false;  // RIP is on it still: a REP STOS or MOVS that is not at its end
};

class StoreFinder {
 public:
  // `regs` as at the exit. False when nothing fits.
  bool Find(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs, const StoreExit& exit,
            Store* found);

 private:
  struct Window {
    uint8_t bytes[kMaxInstructionLength] = {};  // the last ends at RIP
    size_t have = 0;
  };

  static Window ReadBehind(GuestView& view, const kvm_sregs& sregs, uint64_t linear_end);
  bool FindEnding(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                  const StoreExit& exit, Instruction* found);
  static bool FindRepeating(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                            const StoreExit& exit, Instruction* found);
  static bool Fits(GuestView& view, const Instruction& candidate, const kvm_regs& regs,
                   const kvm_sregs& sregs, const StoreExit& exit);

  Window last_window_;
  CodeMode last_mode_ = CodeMode::k64;
  Instruction last_;
};

// Gives the registers back what the store changed (RIP; RSP for PUSH; RDI, RSI and RCX for
// strings), so that it is repeated.
void UndoStore(const Store& store, kvm_regs* regs);

}  // namespace zircon::vcpu::x86
