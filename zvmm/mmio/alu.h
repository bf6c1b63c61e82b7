// The arithmetic of x86 on plain numbers: what an instruction makes of its operands and of the
// flags. The processor does it itself, by the register form of the same instruction, so that
// results and flags, the undefined ones too, are what the guest would get from memory.

#pragma once

#include <cstdint>

namespace zvmm {

enum class AluOperation : uint8_t {
  // destination = destination (operation) source
  kAdd,
  kAdc,
  kSub,
  kSbb,
  kAnd,
  kOr,
  kXor,
  kCmp,   // As kSub, and keeps the destination.
  kTest,  // As kAnd, and keeps the destination.
  // destination = (operation) destination
  kInc,
  kDec,
  kNeg,
  kNot,
  // destination = destination (operation) count, in the low byte of the source
  kRol,
  kRor,
  kRcl,
  kRcr,
  kShl,
  kShr,
  kSar,
  // Bit number source modulo the size of the destination: to the carry flag, and then…
  kBt,   // nothing
  kBts,  // set
  kBtr,  // clear
  kBtc,  // complement
  // destination = (operation) source
  kBsf,
  kBsr,
  // destination = destination * source, signed
  kImul,
};

// Both numbers. A value.
struct AluResult {
  uint64_t value;
  uint64_t flags;
};

// The arithmetic flags: carry, parity, auxiliary carry, zero, sign, overflow.
inline constexpr uint64_t kArithmeticFlags = 0x8D5;

// `size` is 1, 2, 4 or 8; what lies above it in destination and source does not matter, and is 0 in
// the value. kBt to kImul have no size 1. `flags` are those of before; only kArithmeticFlags of the
// result mean something.
AluResult Compute(AluOperation operation, uint8_t size, uint64_t destination, uint64_t source,
                  uint64_t flags);

// SHLD, or SHRD: bits of `source` come after those of `destination`. Sizes 2, 4 and 8.
AluResult ComputeDoubleShift(bool left, uint8_t size, uint64_t destination, uint64_t source,
                             uint8_t count, uint64_t flags);

// The product of RAX and a number: its lower and its upper half, each of `size` bytes. The flags
// that it leaves undefined stay.
struct AluProduct {
  uint64_t low;
  uint64_t high;
  uint64_t flags;
};
AluProduct Multiply(bool is_signed, uint8_t size, uint64_t rax, uint64_t factor, uint64_t flags);

// Does a condition hold? `code` is that of Jcc, SETcc and CMOVcc: 0 (overflow) to 15 (greater).
bool ConditionHolds(unsigned code, uint64_t flags);

}  // namespace zvmm
