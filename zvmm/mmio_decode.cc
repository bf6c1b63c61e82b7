#include "mmio_decode.h"

#include <Zydis/Zydis.h>

#include <array>
#include <bit>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "page_walk.h"

namespace zvmm {
namespace {

using Operation = MmioInstruction::Operation;
using Arithmetic = MmioInstruction::Arithmetic;

constexpr uint64_t zx_vcpu_state_t::*kRegisters[] = {
    &zx_vcpu_state_t::rax, &zx_vcpu_state_t::rcx, &zx_vcpu_state_t::rdx, &zx_vcpu_state_t::rbx,
    &zx_vcpu_state_t::rsp, &zx_vcpu_state_t::rbp, &zx_vcpu_state_t::rsi, &zx_vcpu_state_t::rdi,
    &zx_vcpu_state_t::r8,  &zx_vcpu_state_t::r9,  &zx_vcpu_state_t::r10, &zx_vcpu_state_t::r11,
    &zx_vcpu_state_t::r12, &zx_vcpu_state_t::r13, &zx_vcpu_state_t::r14, &zx_vcpu_state_t::r15,
};

constexpr uint64_t kCarry = 1 << 0;
constexpr uint64_t kRflagsValid = 1 << 1;  // zx_vcpu_write_state() takes the flags only with it.
constexpr uint64_t kParity = 1 << 2;
constexpr uint64_t kAuxiliaryCarry = 1 << 4;
constexpr uint64_t kZero = 1 << 6;
constexpr uint64_t kSign = 1 << 7;
constexpr uint64_t kOverflow = 1 << 11;
constexpr uint64_t kArithmeticFlags =
    kCarry | kParity | kAuxiliaryCarry | kZero | kSign | kOverflow;

constexpr uint64_t Mask(uint8_t size) {
  return size == 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * size)) - 1;
}

constexpr uint64_t SignExtend(uint64_t value, uint8_t size) {
  const unsigned shift = 64 - 8u * size;
  return static_cast<uint64_t>(static_cast<int64_t>(value << shift) >> shift);
}

uint64_t ReadRegister(const MmioInstruction::Register& reg, const zx_vcpu_state_t& state) {
  const uint64_t value = state.*kRegisters[reg.index];
  return (reg.high_byte ? value >> 8 : value) & Mask(reg.size);
}

void WriteRegister(const MmioInstruction::Register& reg, uint64_t value, zx_vcpu_state_t& state) {
  uint64_t& target = state.*kRegisters[reg.index];
  if (reg.size >= 4) {
    target = value & Mask(reg.size);  // A 32-bit result clears the upper half.
    return;
  }
  const unsigned shift = reg.high_byte ? 8 : 0;
  const uint64_t mask = Mask(reg.size) << shift;
  target = (target & ~mask) | ((value << shift) & mask);
}

struct Result {
  uint64_t value;
  uint64_t flags;
};

Result Compute(Arithmetic arithmetic, uint64_t left, uint64_t right, uint8_t size) {
  const uint64_t mask = Mask(size);
  const uint64_t sign = uint64_t{1} << (8 * size - 1);
  uint64_t value = 0;
  uint64_t flags = 0;
  switch (arithmetic) {
    case Arithmetic::kAdd:
      value = (left + right) & mask;
      flags |= value < left ? kCarry : 0;
      flags |= ((left ^ value) & (right ^ value) & sign) != 0 ? kOverflow : 0;
      flags |= (left ^ right ^ value) & kAuxiliaryCarry;
      break;
    case Arithmetic::kSub:
      value = (left - right) & mask;
      flags |= left < right ? kCarry : 0;
      flags |= ((left ^ right) & (left ^ value) & sign) != 0 ? kOverflow : 0;
      flags |= (left ^ right ^ value) & kAuxiliaryCarry;
      break;
    case Arithmetic::kAnd:
      value = left & right;
      break;
    case Arithmetic::kOr:
      value = left | right;
      break;
    case Arithmetic::kXor:
      value = left ^ right;
      break;
  }
  flags |= value == 0 ? kZero : 0;
  flags |= (value & sign) != 0 ? kSign : 0;
  flags |= std::popcount(value & 0xFF) % 2 == 0 ? kParity : 0;
  return {value, flags};
}

std::optional<MmioInstruction::Register> ToRegister(ZydisRegister reg) {
  const ZydisRegister enclosing = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
  if (ZydisRegisterGetClass(enclosing) != ZYDIS_REGCLASS_GPR64) {
    return std::nullopt;
  }
  return MmioInstruction::Register{
      .index = static_cast<uint8_t>(ZydisRegisterGetId(enclosing)),
      .size = static_cast<uint8_t>(ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, reg) / 8),
      .high_byte = reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH,
  };
}

// What the mnemonic means. False if it is not one of ours.
bool SetOperation(ZydisMnemonic mnemonic, MmioInstruction& instruction) {
  const Operation move = instruction.memory_is_destination ? Operation::kStore : Operation::kLoad;
  switch (mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVZX:
      instruction.operation = move;
      return true;
    case ZYDIS_MNEMONIC_MOVSX:
    case ZYDIS_MNEMONIC_MOVSXD:
      instruction.operation = move;
      instruction.sign_extend = true;
      return true;
    case ZYDIS_MNEMONIC_XCHG:
      instruction.operation = Operation::kExchange;
      return true;
    case ZYDIS_MNEMONIC_ADD:
      instruction.operation = Operation::kCompute;
      instruction.arithmetic = Arithmetic::kAdd;
      return true;
    case ZYDIS_MNEMONIC_SUB:
      instruction.operation = Operation::kCompute;
      instruction.arithmetic = Arithmetic::kSub;
      return true;
    case ZYDIS_MNEMONIC_AND:
      instruction.operation = Operation::kCompute;
      instruction.arithmetic = Arithmetic::kAnd;
      return true;
    case ZYDIS_MNEMONIC_OR:
      instruction.operation = Operation::kCompute;
      instruction.arithmetic = Arithmetic::kOr;
      return true;
    case ZYDIS_MNEMONIC_XOR:
      instruction.operation = Operation::kCompute;
      instruction.arithmetic = Arithmetic::kXor;
      return true;
    case ZYDIS_MNEMONIC_CMP:
      instruction.operation = Operation::kTest;
      instruction.arithmetic = Arithmetic::kSub;
      return true;
    case ZYDIS_MNEMONIC_TEST:
      instruction.operation = Operation::kTest;
      instruction.arithmetic = Arithmetic::kAnd;
      return true;
    default:
      return false;
  }
}

absl::Status NotUnderstood(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : bytes) {
    absl::StrAppendFormat(&text, " %02x", byte);
  }
  return absl::UnimplementedError("instruction not understood:" + text);
}

}  // namespace

absl::StatusOr<MmioInstruction> DecodeMmio(std::span<const uint8_t> bytes) {
  ZydisDecoder decoder;
  ZydisDecodedInstruction decoded;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)) ||
      !ZYAN_SUCCESS(
          ZydisDecoderDecodeFull(&decoder, bytes.data(), bytes.size(), &decoded, operands))) {
    return NotUnderstood(bytes);
  }
  const std::span<const uint8_t> own_bytes = bytes.first(decoded.length);
  if (decoded.operand_count_visible != 2) {
    return NotUnderstood(own_bytes);
  }
  const bool memory_is_destination = operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY;
  const ZydisDecodedOperand& memory = operands[memory_is_destination ? 0 : 1];
  const ZydisDecodedOperand& other = operands[memory_is_destination ? 1 : 0];
  MmioInstruction instruction = {
      .length = decoded.length,
      .access_size = static_cast<uint8_t>(memory.size / 8),
      .memory_is_destination = memory_is_destination,
  };
  if (memory.type != ZYDIS_OPERAND_TYPE_MEMORY || !SetOperation(decoded.mnemonic, instruction)) {
    return NotUnderstood(own_bytes);
  }
  if (other.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
    instruction.immediate = other.imm.value.u;  // Sign-extended already where it should be.
  } else if (other.type == ZYDIS_OPERAND_TYPE_REGISTER) {
    const auto reg = ToRegister(other.reg.value);
    if (!reg) {
      return NotUnderstood(own_bytes);  // A segment, control or vector register.
    }
    instruction.has_register = true;
    instruction.reg = *reg;
  } else {
    return NotUnderstood(own_bytes);
  }
  return instruction;
}

absl::StatusOr<MmioInstruction> FetchMmioInstruction(const zx_packet_guest_mem_t& access,
                                                     const MemoryView& memory) {
  constexpr uint8_t kSixteenBitCode = 2;
  if (access.default_operand_size == kSixteenBitCode) {
    return absl::UnimplementedError("16-bit code");
  }
  absl::Status status = absl::NotFoundError("the instruction is not in the guest's memory");
  for (const PagingLevels levels : {PagingLevels::kFour, PagingLevels::kFive}) {
    std::array<uint8_t, ZYDIS_MAX_INSTRUCTION_LENGTH> bytes;
    const size_t limit = access.instruction_size == 0 ? bytes.size() : access.instruction_size;
    if (limit > bytes.size()) {
      break;
    }
    const size_t fetched =
        FetchLinear(memory, access.cr3, access.rip, levels, std::span(bytes).first(limit));
    if (fetched == 0 || fetched < access.instruction_size) {
      continue;
    }
    auto instruction = DecodeMmio(std::span<const uint8_t>(bytes).first(fetched));
    if (instruction.ok() &&
        (access.instruction_size == 0 || instruction->length == access.instruction_size)) {
      return instruction;
    }
    status = instruction.ok() ? absl::InternalError("the instruction has another length")
                              : instruction.status();
  }
  return status;
}

bool ExecuteMmio(const MmioInstruction& instruction, uint64_t address, MmioDevice& device,
                 zx_vcpu_state_t& state) {
  const uint8_t size = instruction.access_size;
  const uint64_t mask = Mask(size);
  const uint64_t other = instruction.has_register ? ReadRegister(instruction.reg, state)
                                                  : instruction.immediate & mask;
  if (instruction.operation == Operation::kStore) {
    device.Write(address, size, other);
    return false;
  }
  const uint64_t memory = device.Read(address, size) & mask;
  switch (instruction.operation) {
    case Operation::kStore:
      break;
    case Operation::kLoad:
      WriteRegister(instruction.reg, instruction.sign_extend ? SignExtend(memory, size) : memory,
                    state);
      break;
    case Operation::kExchange:
      device.Write(address, size, other);
      WriteRegister(instruction.reg, memory, state);
      break;
    case Operation::kCompute:
    case Operation::kTest: {
      const bool to_memory = instruction.memory_is_destination;
      const Result result = Compute(instruction.arithmetic, to_memory ? memory : other,
                                    to_memory ? other : memory, size);
      state.rflags = (state.rflags & ~kArithmeticFlags) | result.flags | kRflagsValid;
      if (instruction.operation == Operation::kTest) {
        break;
      }
      if (to_memory) {
        device.Write(address, size, result.value);
      } else {
        WriteRegister(instruction.reg, result.value, state);
      }
      break;
    }
  }
  return true;
}

}  // namespace zvmm
