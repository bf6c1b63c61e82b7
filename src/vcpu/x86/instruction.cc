#include "vcpu/x86/instruction.h"

#include <Zydis/Zydis.h>

#include <cstring>
#include <utility>

namespace zircon::vcpu::x86 {
namespace {

constexpr ZydisMachineMode MachineMode(CodeMode mode) {
  switch (mode) {
    case CodeMode::k16:
      return ZYDIS_MACHINE_MODE_LEGACY_16;
    case CodeMode::k32:
      return ZYDIS_MACHINE_MODE_LEGACY_32;
    default:
      return ZYDIS_MACHINE_MODE_LONG_64;
  }
}

GeneralRegister ToGeneral(ZydisRegister reg) {
  GeneralRegister general;
  const ZyanI8 id = ZydisRegisterGetId(reg);
  switch (ZydisRegisterGetClass(reg)) {
    case ZYDIS_REGCLASS_GPR8:
      general.size = 1;
      if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH) {
        general.high_byte = true;
        general.number = static_cast<uint8_t>(reg - ZYDIS_REGISTER_AH);
      } else if (reg <= ZYDIS_REGISTER_BL) {
        general.number = static_cast<uint8_t>(reg - ZYDIS_REGISTER_AL);
      } else {
        general.number = static_cast<uint8_t>(4 + (reg - ZYDIS_REGISTER_SPL));
      }
      return general;
    case ZYDIS_REGCLASS_GPR16:
      general.size = 2;
      break;
    case ZYDIS_REGCLASS_GPR32:
      general.size = 4;
      break;
    case ZYDIS_REGCLASS_GPR64:
      general.size = 8;
      break;
    default:
      return general;
  }
  general.number = static_cast<uint8_t>(id);
  return general;
}

uint8_t ToAddressRegister(ZydisRegister reg) {
  if (reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP) return kRipRegister;
  return ToGeneral(reg).number;
}

uint8_t ToSegment(ZydisRegister reg) {
  switch (reg) {
    case ZYDIS_REGISTER_ES:
      return kEs;
    case ZYDIS_REGISTER_CS:
      return kCs;
    case ZYDIS_REGISTER_SS:
      return kSs;
    case ZYDIS_REGISTER_FS:
      return kFs;
    case ZYDIS_REGISTER_GS:
      return kGs;
    default:
      return kDs;
  }
}

bool IsMemoryAccess(const ZydisDecodedOperand& operand) {
  return operand.type == ZYDIS_OPERAND_TYPE_MEMORY && (operand.mem.type == ZYDIS_MEMOP_TYPE_MEM);
}

bool IsGeneral(const ZydisDecodedOperand& operand) {
  return operand.type == ZYDIS_OPERAND_TYPE_REGISTER &&
         ToGeneral(operand.reg.value).number != kNoRegister;
}

bool IsHidden(const ZydisDecodedOperand& operand) {
  return operand.visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
}

MemoryOperand ToMemory(const ZydisDecodedOperand& operand, const ZydisDecodedInstruction& insn) {
  MemoryOperand memory;
  memory.base =
      operand.mem.base == ZYDIS_REGISTER_NONE ? kNoRegister : ToAddressRegister(operand.mem.base);
  memory.index =
      operand.mem.index == ZYDIS_REGISTER_NONE ? kNoRegister : ToAddressRegister(operand.mem.index);
  memory.scale = operand.mem.scale;
  memory.segment = ToSegment(operand.mem.segment);
  memory.address_size = static_cast<uint8_t>(insn.address_width / 8);
  memory.access_size = static_cast<uint16_t>(operand.size / 8);
  memory.displacement = operand.mem.disp.has_displacement ? operand.mem.disp.value : 0;
  memory.on_stack = IsHidden(operand) && memory.segment == kSs && memory.base == kRsp;
  // 64-bit code has no other segments.
  const bool long_code = insn.machine_mode == ZYDIS_MACHINE_MODE_LONG_64;
  if (long_code && memory.segment != kFs && memory.segment != kGs) memory.segment = kDs;
  memory.read = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
  memory.written = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
  // A SIB byte that names no base has a displacement of 4 bytes instead, whatever REX.B says. Zydis
  // 4.0 takes R13 for the base where the address has 32 bits.
  constexpr uint8_t kNoBase = 5;
  const bool has_sib = (insn.attributes & ZYDIS_ATTRIB_HAS_SIB) != 0;
  if (!IsHidden(operand) && has_sib && insn.raw.modrm.mod == 0 && insn.raw.sib.base == kNoBase) {
    memory.base = kNoRegister;
    memory.displacement = insn.raw.disp.value;
  }
  return memory;
}

Form FormOf(const ZydisDecodedInstruction& insn, const ZydisDecodedOperand* operands) {
  switch (insn.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
      return IsGeneral(operands[0]) && IsMemoryAccess(operands[1]) ? Form::kLoad : Form::kOther;
    case ZYDIS_MNEMONIC_MOVZX:
      return IsMemoryAccess(operands[1]) ? Form::kLoadZero : Form::kOther;
    case ZYDIS_MNEMONIC_MOVSX:
    case ZYDIS_MNEMONIC_MOVSXD:
      return IsMemoryAccess(operands[1]) ? Form::kLoadSign : Form::kOther;
    case ZYDIS_MNEMONIC_OUT:
      return Form::kPortOut;
    case ZYDIS_MNEMONIC_IN:
      return Form::kPortIn;
    case ZYDIS_MNEMONIC_SYSENTER:
    case ZYDIS_MNEMONIC_SYSEXIT:
      return Form::kSysenter;
    default:
      return insn.meta.category == ZYDIS_CATEGORY_IOSTRINGOP ? Form::kPortString : Form::kOther;
  }
}

bool IsVector(const ZydisDecodedOperand& operand) {
  if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) return false;
  const ZydisRegisterClass kind = ZydisRegisterGetClass(operand.reg.value);
  return kind == ZYDIS_REGCLASS_XMM || kind == ZYDIS_REGCLASS_YMM || kind == ZYDIS_REGCLASS_ZMM;
}

// Moves of whole vectors and of their low elements.
bool StoresLowOfVector(ZydisMnemonic mnemonic) {
  switch (mnemonic) {
    case ZYDIS_MNEMONIC_MOVUPS:
    case ZYDIS_MNEMONIC_MOVUPD:
    case ZYDIS_MNEMONIC_MOVAPS:
    case ZYDIS_MNEMONIC_MOVAPD:
    case ZYDIS_MNEMONIC_MOVDQA:
    case ZYDIS_MNEMONIC_MOVDQU:
    case ZYDIS_MNEMONIC_MOVNTPS:
    case ZYDIS_MNEMONIC_MOVNTPD:
    case ZYDIS_MNEMONIC_MOVNTDQ:
    case ZYDIS_MNEMONIC_MOVSS:
    case ZYDIS_MNEMONIC_MOVSD:
    case ZYDIS_MNEMONIC_MOVD:
    case ZYDIS_MNEMONIC_MOVQ:
    case ZYDIS_MNEMONIC_MOVLPS:
    case ZYDIS_MNEMONIC_MOVLPD:
    case ZYDIS_MNEMONIC_VMOVUPS:
    case ZYDIS_MNEMONIC_VMOVUPD:
    case ZYDIS_MNEMONIC_VMOVAPS:
    case ZYDIS_MNEMONIC_VMOVAPD:
    case ZYDIS_MNEMONIC_VMOVDQA:
    case ZYDIS_MNEMONIC_VMOVDQU:
      return true;
    default:
      return false;
  }
}

void TakeSource(const ZydisDecodedOperand& operand, Instruction* out) {
  if (operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
    out->source = Source::kImmediate;
    out->immediate = operand.imm.value.u;
  } else if (IsGeneral(operand)) {
    out->source = Source::kRegister;
    out->reg = ToGeneral(operand.reg.value);
  } else if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER &&
             ZydisRegisterGetClass(operand.reg.value) == ZYDIS_REGCLASS_SEGMENT) {
    out->source = Source::kSegment;
    out->segment = ToSegment(operand.reg.value);
  }
}

// What KVM's emulator makes of a segment register's store: 2 bytes, but 8 with REX.W.
uint16_t SegmentStoreSize(const ZydisDecodedInstruction& insn) {
  return insn.operand_width == 64 ? 8 : 2;
}

// The registers that the instruction moves, and what it stores. The stack is where the registers
// before it say.
void TakeEffects(const ZydisDecodedInstruction& insn, const ZydisDecodedOperand* operands,
                 Instruction* out) {
  MemoryOperand& memory = out->memory;
  const auto operand_size = static_cast<uint8_t>(insn.operand_width / 8);
  switch (insn.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVNTI:
      if (!IsMemoryAccess(operands[0])) return;
      TakeSource(operands[1], out);
      if (out->source == Source::kSegment) memory.access_size = SegmentStoreSize(insn);
      return;
    case ZYDIS_MNEMONIC_PUSH:
      out->stack_grows = operand_size;
      TakeSource(operands[0], out);
      // In 32-bit code a segment register moves ESP by 4 and stores 2 bytes.
      if (out->source == Source::kSegment && operand_size == 4) memory.access_size = 2;
      break;
    case ZYDIS_MNEMONIC_PUSHF:
    case ZYDIS_MNEMONIC_PUSHFD:
    case ZYDIS_MNEMONIC_PUSHFQ:
      out->stack_grows = operand_size;
      break;
    case ZYDIS_MNEMONIC_PUSHA:
    case ZYDIS_MNEMONIC_PUSHAD:
      // Eight stores, of which KVM reports the last one alone.
      out->stack_grows = static_cast<int16_t>(8 * operand_size);
      memory.access_size = operand_size;
      out->source = Source::kRegister;
      out->reg = {kRdi, operand_size, false};
      break;
    case ZYDIS_MNEMONIC_ENTER:
      out->stack_grows = operand_size;
      out->makes_frame = true;
      break;
    case ZYDIS_MNEMONIC_CALL:
      if (insn.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR) return;
      out->stack_grows = operand_size;
      out->source = Source::kNextRip;
      break;
    case ZYDIS_MNEMONIC_POP:
      if (!IsMemoryAccess(operands[0])) return;
      out->stack_grows = static_cast<int16_t>(-operand_size);
      // An address by RSP is that behind the POP.
      if (memory.base == kRsp) memory.displacement += operand_size;
      return;
    default:
      if (StoresLowOfVector(insn.mnemonic) && IsMemoryAccess(operands[0]) &&
          IsVector(operands[1])) {
        out->source = Source::kVector;
        out->vector = static_cast<uint8_t>(ZydisRegisterGetId(operands[1].reg.value));
      }
      return;
  }
  memory.displacement = -out->stack_grows;
}

// A string's pointers, and what STOS stores.
void TakeString(const ZydisDecodedInstruction& insn, const ZydisDecodedOperand* operands,
                Instruction* out) {
  if (insn.meta.category != ZYDIS_CATEGORY_STRINGOP &&
      insn.meta.category != ZYDIS_CATEGORY_IOSTRINGOP) {
    return;
  }
  for (ZyanU8 i = 0; i < insn.operand_count; ++i) {
    if (!IsMemoryAccess(operands[i])) continue;
    const uint8_t base = ToAddressRegister(operands[i].mem.base);
    out->moves_rdi = out->moves_rdi || base == kRdi;
    out->moves_rsi = out->moves_rsi || base == kRsi;
  }
  out->element = static_cast<uint8_t>(out->memory.access_size);
  if (out->moves_rdi && !out->moves_rsi && out->memory.written && out->form == Form::kOther) {
    out->source = Source::kRegister;
    out->reg = {0, out->element, false};
  }
}

// Two instructions of equal length or not, in the same mode.
uint64_t FingerprintOf(const ZydisDecodedInstruction& insn, const ZydisDecodedOperand* operands,
                       const Instruction& known) {
  uint64_t hash = 0xCBF29CE484222325;
  const auto mix = [&hash](uint64_t value) { hash = (hash ^ value) * 0x100000001B3; };
  mix(static_cast<uint64_t>(insn.mnemonic));
  mix(known.memory.access_size);
  for (ZyanU8 i = 0; i < insn.operand_count; ++i) {
    const ZydisDecodedOperand& operand = operands[i];
    mix(static_cast<uint64_t>(operand.type) << 32 | operand.size);
    mix(operand.actions);
    switch (operand.type) {
      case ZYDIS_OPERAND_TYPE_REGISTER:
        mix(static_cast<uint64_t>(operand.reg.value));
        break;
      case ZYDIS_OPERAND_TYPE_MEMORY: {
        const MemoryOperand memory = ToMemory(operand, insn);
        mix(uint64_t{memory.base} << 24 | uint64_t{memory.index} << 16 |
            uint64_t{memory.scale} << 8 | memory.segment);
        mix(memory.address_size);
        mix(static_cast<uint64_t>(memory.displacement));
        break;
      }
      case ZYDIS_OPERAND_TYPE_IMMEDIATE:
        mix(operand.imm.value.u);
        break;
      default:
        mix(operand.ptr.segment);
        mix(operand.ptr.offset);
        break;
    }
  }
  return hash;
}

void TakePort(const ZydisDecodedOperand* operands, Instruction* out) {
  const bool to_port = out->form == Form::kPortOut;
  const ZydisDecodedOperand& port = operands[to_port ? 0 : 1];
  const ZydisDecodedOperand& data = operands[to_port ? 1 : 0];
  out->port_size = static_cast<uint8_t>(data.size / 8);
  if (port.type != ZYDIS_OPERAND_TYPE_IMMEDIATE) return;
  out->immediate_port = true;
  out->immediate = port.imm.value.u & 0xFF;
}

}  // namespace

uint8_t DefaultOperandSize(const kvm_sregs& sregs) {
  const bool long_code = CodeModeOf(sregs) == CodeMode::k64;
  return long_code || sregs.cs.db != 0 ? 4 : 2;
}

bool Decode(const uint8_t* bytes, size_t size, CodeMode mode, Instruction* out) {
  // How wide the stack is is known when an address is computed (vcpu/x86/operand.h), not here.
  const ZydisStackWidth any_stack =
      mode == CodeMode::k64 ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32;
  ZydisDecoder decoder;
  if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, MachineMode(mode), any_stack))) return false;
  ZydisDecodedInstruction insn;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, size, &insn, operands))) return false;

  *out = Instruction{};
  out->length = insn.length;
  out->form = FormOf(insn, operands);
  out->repeated = (insn.attributes &
                   (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)) != 0;
  for (ZyanU8 i = 0; i < insn.operand_count; ++i) {
    if (!IsMemoryAccess(operands[i])) continue;
    const MemoryOperand memory = ToMemory(operands[i], insn);
    if (!out->has_memory) {
      out->memory = memory;
    } else if (memory.written && !out->memory.written) {
      out->other = std::exchange(out->memory, memory);
      out->source = Source::kMemory;
    } else if (memory.read) {
      out->other = memory;
      out->source = Source::kMemory;
    }
    out->has_memory = true;
  }
  if (out->memory.read || !out->memory.written) out->source = Source::kUnknown;
  TakeEffects(insn, operands, out);
  TakeString(insn, operands, out);
  out->fingerprint = FingerprintOf(insn, operands, *out);
  switch (out->form) {
    case Form::kLoad:
    case Form::kLoadZero:
    case Form::kLoadSign:
      out->reg = ToGeneral(operands[0].reg.value);
      break;
    case Form::kPortOut:
    case Form::kPortIn:
      TakePort(operands, out);
      break;
    case Form::kPortString:
      out->port_size = out->element;
      break;
    default:
      break;
  }
  return true;
}

bool DecodeCache::Decode(const uint8_t* bytes, size_t size, CodeMode mode, Instruction* out) {
  const size_t known = last_.length;
  if (known != 0 && mode == mode_ && size >= known && std::memcmp(bytes, bytes_, known) == 0) {
    *out = last_;
    return true;
  }
  if (!x86::Decode(bytes, size, mode, out)) return false;
  last_ = *out;
  mode_ = mode;
  std::memcpy(bytes_, bytes, out->length);
  return true;
}

}  // namespace zircon::vcpu::x86
