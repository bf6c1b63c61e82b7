// One input of the store finder's fuzzing: bytes become a mode, registers and code; a store of that
// code is played as KVM would report it, and the finder is asked. What must hold:
//
//   - it reads nothing it must not (the sanitizers see that) and comes to an end
//   - where the code holds a MOV store, something is found, and it has the exit's address and value
//   - undoing gives a RIP from which the same bytes decode to the same length
//
// Thread safety: one thread at a time.

#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "fake/guest_memory.h"
#include "vcpu/x86/store_finder.h"

namespace zircon::fuzz {

// Ends the process; a fuzzer and a test both take that for a finding.
inline void Require(bool holds) {
  if (!holds) std::abort();
}

class StoreFinderInput {
 public:
  StoreFinderInput() { memory_.PutIdentityTables(kTables); }

  // Whether a store was played.
  bool Play(const uint8_t* data, size_t size) {
    data_ = data;
    left_ = size;
    const kvm_sregs sregs = Sregs();
    kvm_regs regs = Registers();
    const uint64_t start = kCode + Next<uint8_t>();
    uint8_t code[64] = {};
    const size_t length = left_ < sizeof(code) ? left_ : sizeof(code);
    std::memcpy(code, data_, length);
    std::memcpy(memory_.at(kCode), code, sizeof(code));
    regs.rip = start % 2 == 0 ? kCode + length : start;

    vcpu::x86::StoreFinder finder;
    vcpu::x86::Store found;
    // An exit that has nothing to do with the code.
    uint64_t value = Next<uint64_t>();
    uint8_t bytes[8];
    std::memcpy(bytes, &value, sizeof(bytes));
    const vcpu::x86::StoreExit stray = {value & 0xFFFFFFFF, 1u << (value >> 62), bytes};
    if (finder.Find(view_, regs, sregs, stray, &found)) CheckUndo(found, regs);
    return PlayStore(code, length, regs, sregs, &finder);
  }

 private:
  static constexpr uint64_t kTables = 0x10000;
  static constexpr uint64_t kCode = 0x20000;

  template <typename T>
  T Next() {
    T value = {};
    const size_t size = left_ < sizeof(T) ? left_ : sizeof(T);
    std::memcpy(&value, data_, size);
    data_ += size;
    left_ -= size;
    return value;
  }

  kvm_sregs Sregs() {
    switch (Next<uint8_t>() % 4) {
      case 0:
        return fake::RealModeSregs();
      case 1:
        return fake::ProtectedModeSregs();
      default:
        return fake::LongModeSregs(kTables);
    }
  }

  kvm_regs Registers() {
    kvm_regs regs = {};
    for (uint8_t i = 0; i < 16; ++i) *vcpu::x86::RegisterSlot(&regs, i) = Next<uint32_t>();
    regs.rflags = 0x2 | (Next<uint8_t>() & 1) << 10;
    return regs;
  }

  static void CheckUndo(const vcpu::x86::Store& store, kvm_regs regs) {
    Require(store.insn.length >= 1 && store.insn.length <= vcpu::x86::kMaxInstructionLength);
    Require(!store.at_rip || store.insn.repeated);
    const uint64_t rip = regs.rip;
    UndoStore(store, &regs);
    Require(regs.rip == (store.at_rip ? rip : rip - store.insn.length));
  }

  // Takes the first instruction of the code; if it is a MOV store, reports it as KVM does.
  bool PlayStore(const uint8_t* code, size_t length, kvm_regs regs, const kvm_sregs& sregs,
                 vcpu::x86::StoreFinder* finder) {
    using vcpu::x86::Form;
    const vcpu::x86::CodeMode mode = vcpu::x86::CodeModeOf(sregs);
    vcpu::x86::Instruction insn;
    if (!vcpu::x86::Decode(code, length, mode, &insn) || insn.form != Form::kStore) return false;
    regs.rip = kCode + insn.length;
    const uint64_t linear = vcpu::x86::LinearAddress(insn.memory, regs, sregs, regs.rip);
    uint64_t gpa = 0;
    if (!view_.Translate(sregs, linear, &gpa)) return false;
    const uint64_t value =
        insn.has_immediate ? insn.immediate : vcpu::x86::ReadRegister(regs, insn.reg);
    uint8_t bytes[8];
    std::memcpy(bytes, &value, sizeof(bytes));
    vcpu::x86::StoreExit exit = {gpa, insn.memory.access_size, bytes};
    // At the end of a page it comes in pieces.
    const uint64_t in_page = 4096 - (gpa & 4095);
    if (exit.size > in_page) exit.size = static_cast<uint32_t>(in_page);
    for (int again = 0; again < 2; ++again) {  // the second time from what it remembers
      vcpu::x86::Store found;
      Require(finder->Find(view_, regs, sregs, exit, &found));
      Require(!found.at_rip);
      CheckUndo(found, regs);
      const uint64_t other = vcpu::x86::LinearAddress(found.insn.memory, regs, sregs, regs.rip);
      uint64_t other_gpa = 0;
      Require(view_.Translate(sregs, other, &other_gpa));
      Require(found.insn.form != Form::kStore || other_gpa == gpa);
      Require(found.insn.memory.access_size >= exit.size);
    }
    return true;
  }

  fake::GuestMemory memory_;
  vcpu::x86::GuestView view_{memory_.space()};
  const uint8_t* data_ = nullptr;
  size_t left_ = 0;
};

}  // namespace zircon::fuzz
