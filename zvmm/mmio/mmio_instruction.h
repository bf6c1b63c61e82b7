// An instruction with one operand in memory, decoded.

#pragma once

#include <cstdint>

#include "mmio/alu.h"

namespace zvmm {

// A value.
struct MmioInstruction {
  enum class Kind : uint8_t {
    kLoad,              // register = extend(memory)
    kStore,             // memory = source
    kExchange,          // both
    kCompute,           // destination = destination (operation) source, and flags
    kDoubleShift,       // memory = memory and source, shifted by count, and flags
    kMultiply,          // RDX:RAX = RAX * memory (AX = AL * memory), and flags
    kExchangeAdd,       // register and memory = memory and their sum, and flags
    kCompareExchange,   // if RAX is memory: memory = register; else RAX = memory; and flags
    kCompareExchange8,  // the same with EDX:EAX and ECX:EBX; of the flags, zero
    kConditionalMove,   // if the condition holds: register = memory
    kSetCondition,      // memory = does the condition hold?
  };

  struct Register {
    uint8_t index = 0;       // In the order of the instruction set: rax, rcx, rdx, rbx, rsp, …
    uint8_t size = 0;        // Bytes.
    bool high_byte = false;  // ah, ch, dh, bh.
  };

  Kind kind = Kind::kLoad;
  AluOperation operation = AluOperation::kAdd;
  uint8_t condition = 0;    // As ConditionHolds() takes it.
  uint8_t length = 0;       // Bytes of the instruction.
  uint8_t access_size = 0;  // Bytes of the operand in memory: 1, 2, 4 or 8.
  bool sign_extend = false;
  bool swap_bytes = false;
  bool memory_is_destination = false;
  // The other operand: a register, or else an immediate value, which is 0 if there is none.
  bool has_register = false;
  Register reg{};
  uint64_t immediate = 0;
  // The third operand of three: an immediate value, or the register CL.
  bool has_third = false;
  bool third_is_cl = false;
};

}  // namespace zvmm
