// Instruction: what the exit path needs to know of one instruction of the guest, decoded by Zydis
// into a small form that can be kept and evaluated again with other registers.
//
// Thread safety: pure.

#pragma once

#include <cstddef>
#include <cstdint>

#include "kvm/kvm_abi.h"

namespace zircon::vcpu::x86 {

inline constexpr size_t kMaxInstructionLength = 15;

// A general register by its number (rax 0 … r15 15), or none.
inline constexpr uint8_t kNoRegister = 0xFF;
inline constexpr uint8_t kRipRegister = 0xFE;

struct GeneralRegister {
  uint8_t number = kNoRegister;
  uint8_t size = 0;        // bytes: 1, 2, 4, 8
  bool high_byte = false;  // AH, CH, DH, BH

  friend bool operator==(const GeneralRegister&, const GeneralRegister&) = default;
};

struct MemoryOperand {
  uint8_t base = kNoRegister;  // or kRipRegister
  uint8_t index = kNoRegister;
  uint8_t scale = 0;
  uint8_t segment = 0;       // SegmentNumber
  uint8_t address_size = 0;  // bytes: 2, 4, 8
  uint8_t access_size = 0;   // bytes
  int64_t displacement = 0;
  bool read = false;
  bool written = false;

  friend bool operator==(const MemoryOperand&, const MemoryOperand&) = default;
};

enum SegmentNumber : uint8_t { kEs, kCs, kSs, kDs, kFs, kGs };

enum class Form : uint8_t {
  kOther,
  kStore,       // MOV or MOVNTI to memory from a general register or an immediate
  kPush,        // PUSH of a general register or an immediate
  kLoad,        // MOV from memory to a general register
  kLoadZero,    // MOVZX
  kLoadSign,    // MOVSX, MOVSXD
  kPortOut,     // OUT
  kPortIn,      // IN
  kPortString,  // INS, OUTS with or without REP
};

struct Instruction {
  uint8_t length = 0;
  Form form = Form::kOther;
  bool repeated = false;  // a REP prefix with effect
  bool has_memory = false;
  bool implicit_memory = false;  // the operand is not written in the instruction (PUSH, STOS)
  bool moves_rsi = false;        // a string that reads at RSI and moves it (MOVS, LODS, OUTS)
  MemoryOperand memory;          // the first explicit or hidden operand that is accessed
  GeneralRegister reg;           // kStore, kPush: the source; kLoad*: the destination
  bool has_immediate = false;
  uint64_t immediate = 0;  // kStore, kPush: the value; kPortIn/Out: the port
  uint8_t port_size = 0;   // kPort*: bytes
};

// How the bytes are to be read.
enum class CodeMode : uint8_t { k16, k32, k64 };
CodeMode CodeModeOf(const kvm_sregs& sregs);
// What the packets call default operand size: 4 in 64-bit and 32-bit code, else 2.
uint8_t DefaultOperandSize(const kvm_sregs& sregs);

// False when the bytes are no instruction, or too few.
bool Decode(const uint8_t* bytes, size_t size, CodeMode mode, Instruction* out);

// Decode() that remembers: an exit comes mostly from the instruction of the exit before.
class DecodeCache {
 public:
  bool Decode(const uint8_t* bytes, size_t size, CodeMode mode, Instruction* out);

 private:
  uint8_t bytes_[kMaxInstructionLength] = {};
  CodeMode mode_ = CodeMode::k64;
  Instruction last_;
};

uint64_t ReadRegister(const kvm_regs& regs, const GeneralRegister& reg);
__u64* RegisterSlot(kvm_regs* regs, uint8_t number);
// The linear address of the operand; `next_rip` is the address behind the instruction.
uint64_t LinearAddress(const MemoryOperand& operand, const kvm_regs& regs, const kvm_sregs& sregs,
                       uint64_t next_rip);

}  // namespace zircon::vcpu::x86
