// Instruction: what the exit path needs to know of one instruction of the guest, decoded by Zydis
// into a small form that can be kept and evaluated again with other registers (vcpu/x86/operand.h).
//
// Where KVM's emulator, which makes the accesses that we see, differs from the processor's manual
// it is the emulator's access that stands here.
//
// Thread safety: pure.

#pragma once

#include <cstddef>
#include <cstdint>

#include "kvm/kvm_abi.h"
#include "vcpu/x86/control_bits.h"

namespace zircon::vcpu::x86 {

inline constexpr size_t kMaxInstructionLength = 15;

// A general register by its number (rax 0 … r15 15), or none.
inline constexpr uint8_t kNoRegister = 0xFF;
inline constexpr uint8_t kRipRegister = 0xFE;
inline constexpr uint8_t kRcx = 1;
inline constexpr uint8_t kRsp = 4;
inline constexpr uint8_t kRbp = 5;
inline constexpr uint8_t kRsi = 6;
inline constexpr uint8_t kRdi = 7;

struct GeneralRegister {
  uint8_t number = kNoRegister;
  uint8_t size = 0;        // bytes: 1, 2, 4, 8
  bool high_byte = false;  // AH, CH, DH, BH

  friend bool operator==(const GeneralRegister&, const GeneralRegister&) = default;
};

enum SegmentNumber : uint8_t { kEs, kCs, kSs, kDs, kFs, kGs };

// An operand in memory, as the registers before the instruction give its address.
struct MemoryOperand {
  int64_t displacement = 0;
  uint16_t access_size = 0;    // bytes
  uint8_t base = kNoRegister;  // or kRipRegister
  uint8_t index = kNoRegister;
  uint8_t scale = 0;
  uint8_t segment = kDs;
  uint8_t address_size = 0;  // bytes: 2, 4, 8; without meaning on the stack
  // The stack's width is that of its addresses, and it is the segment's (SS.B), not the code's.
  bool on_stack = false;
  bool read = false;
  bool written = false;

  friend bool operator==(const MemoryOperand&, const MemoryOperand&) = default;
};

enum class Form : uint8_t {
  kOther,
  kLoad,        // MOV from memory to a general register
  kLoadZero,    // MOVZX
  kLoadSign,    // MOVSX, MOVSXD
  kPortOut,     // OUT
  kPortIn,      // IN
  kPortString,  // INS, OUTS with or without REP
  kSysenter,    // SYSENTER, SYSEXIT
};

// Where what a store writes comes from.
enum class Source : uint8_t {
  kUnknown,
  kRegister,  // general
  kImmediate,
  kSegment,  // a selector
  kNextRip,  // CALL
  kVector,   // an XMM register, or the low half of a wider one
  kMemory,   // another operand
};

struct Instruction {
  uint8_t length = 0;
  Form form = Form::kOther;
  bool repeated = false;  // a REP prefix with effect
  bool has_memory = false;
  MemoryOperand memory;  // of several the one that is written, else the first
  MemoryOperand other;   // Source::kMemory
  // The same for instructions that do the same: all operands, but no prefix without effect.
  uint64_t fingerprint = 0;

  // The registers that move with the access, beside a destination.
  bool moves_rdi = false;    // a string that writes or reads there: by one element, down with DF
  bool moves_rsi = false;    // the same
  uint8_t element = 0;       // bytes: how far
  int16_t stack_grows = 0;   // RSP goes down by so many bytes (PUSH, CALL); below 0: up (POP)
  bool makes_frame = false;  // ENTER: RBP was pushed, and is where RSP was then

  Source source = Source::kUnknown;
  GeneralRegister reg;     // Source::kRegister; kLoad*: the destination
  uint8_t segment = kDs;   // Source::kSegment
  uint8_t vector = 0;      // Source::kVector: its number
  uint64_t immediate = 0;  // Source::kImmediate; kPortIn/Out: the port
  bool immediate_port = false;
  uint8_t port_size = 0;  // kPort*: bytes
};

// How the bytes are to be read.
enum class CodeMode : uint8_t { k16, k32, k64 };
inline CodeMode CodeModeOf(const kvm_sregs& sregs) {
  if ((sregs.efer & kEferLongModeActive) != 0 && sregs.cs.l != 0) return CodeMode::k64;
  return (sregs.cr0 & kCr0Protection) != 0 && sregs.cs.db != 0 ? CodeMode::k32 : CodeMode::k16;
}
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

}  // namespace zircon::vcpu::x86
