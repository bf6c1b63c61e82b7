#include "mmio/mmio_decode.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "mmio/page_walk.h"

namespace zvmm {
namespace {

using Kind = MmioInstruction::Kind;
using enum AluOperation;

// What a mnemonic means.
struct Meaning {
  ZydisMnemonic mnemonic;
  Kind kind;
  AluOperation operation = kAdd;
};

constexpr Meaning kMeanings[] = {
    {ZYDIS_MNEMONIC_ADD, Kind::kCompute, kAdd},
    {ZYDIS_MNEMONIC_ADC, Kind::kCompute, kAdc},
    {ZYDIS_MNEMONIC_SUB, Kind::kCompute, kSub},
    {ZYDIS_MNEMONIC_SBB, Kind::kCompute, kSbb},
    {ZYDIS_MNEMONIC_AND, Kind::kCompute, kAnd},
    {ZYDIS_MNEMONIC_OR, Kind::kCompute, kOr},
    {ZYDIS_MNEMONIC_XOR, Kind::kCompute, kXor},
    {ZYDIS_MNEMONIC_CMP, Kind::kCompute, kCmp},
    {ZYDIS_MNEMONIC_TEST, Kind::kCompute, kTest},
    {ZYDIS_MNEMONIC_INC, Kind::kCompute, kInc},
    {ZYDIS_MNEMONIC_DEC, Kind::kCompute, kDec},
    {ZYDIS_MNEMONIC_NEG, Kind::kCompute, kNeg},
    {ZYDIS_MNEMONIC_NOT, Kind::kCompute, kNot},
    {ZYDIS_MNEMONIC_ROL, Kind::kCompute, kRol},
    {ZYDIS_MNEMONIC_ROR, Kind::kCompute, kRor},
    {ZYDIS_MNEMONIC_RCL, Kind::kCompute, kRcl},
    {ZYDIS_MNEMONIC_RCR, Kind::kCompute, kRcr},
    {ZYDIS_MNEMONIC_SHL, Kind::kCompute, kShl},
    {ZYDIS_MNEMONIC_SHR, Kind::kCompute, kShr},
    {ZYDIS_MNEMONIC_SAR, Kind::kCompute, kSar},
    {ZYDIS_MNEMONIC_BT, Kind::kCompute, kBt},
    {ZYDIS_MNEMONIC_BTS, Kind::kCompute, kBts},
    {ZYDIS_MNEMONIC_BTR, Kind::kCompute, kBtr},
    {ZYDIS_MNEMONIC_BTC, Kind::kCompute, kBtc},
    {ZYDIS_MNEMONIC_BSF, Kind::kCompute, kBsf},
    {ZYDIS_MNEMONIC_BSR, Kind::kCompute, kBsr},
    {ZYDIS_MNEMONIC_IMUL, Kind::kCompute, kImul},
    {ZYDIS_MNEMONIC_MUL, Kind::kMultiply},
    {ZYDIS_MNEMONIC_SHLD, Kind::kDoubleShift, kShl},
    {ZYDIS_MNEMONIC_SHRD, Kind::kDoubleShift, kShr},
    {ZYDIS_MNEMONIC_XCHG, Kind::kExchange},
    {ZYDIS_MNEMONIC_XADD, Kind::kExchangeAdd},
    {ZYDIS_MNEMONIC_CMPXCHG, Kind::kCompareExchange},
    {ZYDIS_MNEMONIC_CMPXCHG8B, Kind::kCompareExchange8},
};

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

// A move, to or from memory. False if the mnemonic is none.
bool SetMove(ZydisMnemonic mnemonic, MmioInstruction& instruction) {
  switch (mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVZX:
    case ZYDIS_MNEMONIC_MOVNTI:
    case ZYDIS_MNEMONIC_MOVDIRI:
      break;
    case ZYDIS_MNEMONIC_MOVSX:
    case ZYDIS_MNEMONIC_MOVSXD:
      instruction.sign_extend = true;
      break;
    case ZYDIS_MNEMONIC_MOVBE:
      instruction.swap_bytes = true;
      break;
    default:
      return false;
  }
  instruction.kind = instruction.memory_is_destination ? Kind::kStore : Kind::kLoad;
  return true;
}

// What the instruction does. False if it is none of ours.
bool SetKind(const ZydisDecodedInstruction& decoded, MmioInstruction& instruction) {
  constexpr uint8_t kConditionMask = 0x0F;
  switch (decoded.meta.category) {
    case ZYDIS_CATEGORY_CMOV:
      instruction.kind = Kind::kConditionalMove;
      instruction.condition = decoded.opcode & kConditionMask;
      return true;
    case ZYDIS_CATEGORY_SETCC:
      instruction.kind = Kind::kSetCondition;
      instruction.condition = decoded.opcode & kConditionMask;
      return true;
    default:
      break;
  }
  if (SetMove(decoded.mnemonic, instruction)) {
    return true;
  }
  for (const Meaning& meaning : kMeanings) {
    if (meaning.mnemonic == decoded.mnemonic) {
      instruction.kind = meaning.kind;
      instruction.operation = meaning.operation;
      // With one operand it has two results.
      if (meaning.operation == kImul && decoded.operand_count_visible == 1) {
        instruction.kind = Kind::kMultiply;
      }
      return true;
    }
  }
  return false;
}

// The operand that is not in memory.
bool SetOther(const ZydisDecodedOperand& operand, MmioInstruction& instruction) {
  if (operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
    instruction.immediate = operand.imm.value.u;  // Sign-extended already where it should be.
    return true;
  }
  if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) {
    return false;
  }
  const auto reg = ToRegister(operand.reg.value);
  if (!reg) {
    return false;  // A segment, control or vector register.
  }
  instruction.has_register = true;
  instruction.reg = *reg;
  return true;
}

bool SetThird(const ZydisDecodedOperand& operand, MmioInstruction& instruction) {
  instruction.has_third = true;
  if (operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
    instruction.immediate = operand.imm.value.u;
    return true;
  }
  instruction.third_is_cl =
      operand.type == ZYDIS_OPERAND_TYPE_REGISTER && operand.reg.value == ZYDIS_REGISTER_CL;
  return instruction.third_is_cl;
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
  const unsigned count = decoded.operand_count_visible;
  const bool memory_is_destination = operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY;
  if (count == 0 || count > 3 || (count == 1 && !memory_is_destination)) {
    return NotUnderstood(bytes.first(decoded.length));
  }
  const ZydisDecodedOperand& memory = operands[memory_is_destination ? 0 : 1];
  MmioInstruction instruction = {
      .length = decoded.length,
      .access_size = static_cast<uint8_t>(memory.size / 8),
      .memory_is_destination = memory_is_destination,
  };
  if (memory.type != ZYDIS_OPERAND_TYPE_MEMORY || !SetKind(decoded, instruction) ||
      (count > 1 && !SetOther(operands[memory_is_destination ? 1 : 0], instruction)) ||
      (count > 2 && !SetThird(operands[2], instruction))) {
    return NotUnderstood(bytes.first(decoded.length));
  }
  return instruction;
}

absl::StatusOr<MmioInstruction> MmioDecoder::Decode(const zx_packet_guest_mem_t& access,
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
    auto instruction = DecodeBytes(access.rip, std::span<const uint8_t>(bytes).first(fetched));
    if (instruction.ok() &&
        (access.instruction_size == 0 || instruction->length == access.instruction_size)) {
      return instruction;
    }
    status = instruction.ok() ? absl::InternalError("the instruction has another length")
                              : instruction.status();
  }
  return status;
}

absl::StatusOr<MmioInstruction> MmioDecoder::DecodeBytes(uint64_t rip,
                                                         std::span<const uint8_t> bytes) {
  Known& known = known_[rip % known_.size()];
  const size_t length = known.instruction.length;
  if (length != 0 && length <= bytes.size() &&
      std::equal(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length),
                 known.bytes.begin())) {
    return known.instruction;
  }
  auto instruction = DecodeMmio(bytes);
  if (instruction.ok()) {
    known.instruction = *instruction;
    std::copy_n(bytes.begin(), instruction->length, known.bytes.begin());
  }
  return instruction;
}

}  // namespace zvmm
