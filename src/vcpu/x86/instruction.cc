#include "vcpu/x86/instruction.h"

#include <Zydis/Zydis.h>

#include <cstring>

namespace zircon::vcpu::x86 {
namespace {

constexpr uint64_t kEferLongModeActive = 1u << 10;
constexpr uint64_t kCr0Protection = 1u << 0;
constexpr uint8_t kRsi = 6;

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

constexpr ZydisStackWidth StackWidth(CodeMode mode) {
  switch (mode) {
    case CodeMode::k16:
      return ZYDIS_STACK_WIDTH_16;
    case CodeMode::k32:
      return ZYDIS_STACK_WIDTH_32;
    default:
      return ZYDIS_STACK_WIDTH_64;
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

MemoryOperand ToMemory(const ZydisDecodedOperand& operand, const ZydisDecodedInstruction& insn) {
  MemoryOperand memory;
  memory.base =
      operand.mem.base == ZYDIS_REGISTER_NONE ? kNoRegister : ToAddressRegister(operand.mem.base);
  memory.index =
      operand.mem.index == ZYDIS_REGISTER_NONE ? kNoRegister : ToAddressRegister(operand.mem.index);
  memory.scale = operand.mem.scale;
  memory.segment = ToSegment(operand.mem.segment);
  memory.address_size = static_cast<uint8_t>(insn.address_width / 8);
  memory.access_size = static_cast<uint8_t>(operand.size / 8);
  memory.displacement = operand.mem.disp.has_displacement ? operand.mem.disp.value : 0;
  memory.read = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
  memory.written = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
  return memory;
}

bool IsGeneralOrImmediate(const ZydisDecodedOperand& operand) {
  return operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE ||
         (operand.type == ZYDIS_OPERAND_TYPE_REGISTER &&
          ToGeneral(operand.reg.value).number != kNoRegister);
}

Form FormOf(const ZydisDecodedInstruction& insn, const ZydisDecodedOperand* operands) {
  switch (insn.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVNTI:
      if (IsMemoryAccess(operands[0])) {
        return IsGeneralOrImmediate(operands[1]) ? Form::kStore : Form::kOther;
      }
      if (IsMemoryAccess(operands[1]) && operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
          ToGeneral(operands[0].reg.value).number != kNoRegister) {
        return Form::kLoad;
      }
      return Form::kOther;
    case ZYDIS_MNEMONIC_PUSH:
      return IsGeneralOrImmediate(operands[0]) ? Form::kPush : Form::kOther;
    case ZYDIS_MNEMONIC_MOVZX:
      return IsMemoryAccess(operands[1]) ? Form::kLoadZero : Form::kOther;
    case ZYDIS_MNEMONIC_MOVSX:
    case ZYDIS_MNEMONIC_MOVSXD:
      return IsMemoryAccess(operands[1]) ? Form::kLoadSign : Form::kOther;
    case ZYDIS_MNEMONIC_OUT:
      return Form::kPortOut;
    case ZYDIS_MNEMONIC_IN:
      return Form::kPortIn;
    case ZYDIS_MNEMONIC_INSB:
    case ZYDIS_MNEMONIC_INSW:
    case ZYDIS_MNEMONIC_INSD:
    case ZYDIS_MNEMONIC_OUTSB:
    case ZYDIS_MNEMONIC_OUTSW:
    case ZYDIS_MNEMONIC_OUTSD:
      return Form::kPortString;
    default:
      return Form::kOther;
  }
}

const kvm_segment& SegmentOf(const kvm_sregs& sregs, uint8_t number) {
  switch (number) {
    case kEs:
      return sregs.es;
    case kCs:
      return sregs.cs;
    case kSs:
      return sregs.ss;
    case kFs:
      return sregs.fs;
    case kGs:
      return sregs.gs;
    default:
      return sregs.ds;
  }
}

uint64_t Truncate(uint64_t value, uint8_t bytes) {
  return bytes >= 8 ? value : value & ((uint64_t{1} << (8 * bytes)) - 1);
}

}  // namespace

CodeMode CodeModeOf(const kvm_sregs& sregs) {
  if ((sregs.efer & kEferLongModeActive) != 0 && sregs.cs.l != 0) return CodeMode::k64;
  if ((sregs.cr0 & kCr0Protection) != 0 && sregs.cs.db != 0) return CodeMode::k32;
  return CodeMode::k16;
}

uint8_t DefaultOperandSize(const kvm_sregs& sregs) {
  const bool long_code = (sregs.efer & kEferLongModeActive) != 0 && sregs.cs.l != 0;
  return long_code || sregs.cs.db != 0 ? 4 : 2;
}

bool Decode(const uint8_t* bytes, size_t size, CodeMode mode, Instruction* out) {
  ZydisDecoder decoder;
  if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, MachineMode(mode), StackWidth(mode)))) return false;
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
    const bool hidden = operands[i].visibility != ZYDIS_OPERAND_VISIBILITY_EXPLICIT;
    if (hidden && memory.read && memory.base == kRsi) out->moves_rsi = true;
    // Of two operands (MOVS, PUSH m) the one that is written is what a store exit is about.
    if (!out->has_memory || (memory.written && !out->memory.written)) {
      out->memory = memory;
      out->implicit_memory = hidden;
    }
    out->has_memory = true;
  }
  switch (out->form) {
    case Form::kStore:
    case Form::kPush: {
      const ZydisDecodedOperand& source = operands[out->form == Form::kStore ? 1 : 0];
      if (source.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        out->has_immediate = true;
        out->immediate = source.imm.value.u;
      } else {
        out->reg = ToGeneral(source.reg.value);
      }
      break;
    }
    case Form::kLoad:
    case Form::kLoadZero:
    case Form::kLoadSign:
      out->reg = ToGeneral(operands[0].reg.value);
      break;
    case Form::kPortOut:
    case Form::kPortIn: {
      const ZydisDecodedOperand& port = operands[out->form == Form::kPortOut ? 0 : 1];
      const ZydisDecodedOperand& data = operands[out->form == Form::kPortOut ? 1 : 0];
      if (port.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        out->has_immediate = true;
        out->immediate = port.imm.value.u & 0xFF;
      }
      out->port_size = static_cast<uint8_t>(data.size / 8);
      break;
    }
    case Form::kPortString:
      out->port_size = out->memory.access_size;
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

__u64* RegisterSlot(kvm_regs* regs, uint8_t number) {
  // kvm_regs has its own order for the first eight.
  switch (number) {
    case 0:
      return &regs->rax;
    case 1:
      return &regs->rcx;
    case 2:
      return &regs->rdx;
    case 3:
      return &regs->rbx;
    case 4:
      return &regs->rsp;
    case 5:
      return &regs->rbp;
    case 6:
      return &regs->rsi;
    case 7:
      return &regs->rdi;
    default:
      return &regs->r8 + (number - 8);
  }
}

uint64_t ReadRegister(const kvm_regs& regs, const GeneralRegister& reg) {
  const uint64_t value = *RegisterSlot(const_cast<kvm_regs*>(&regs), reg.number);
  if (reg.high_byte) return (value >> 8) & 0xFF;
  return Truncate(value, reg.size);
}

uint64_t LinearAddress(const MemoryOperand& operand, const kvm_regs& regs, const kvm_sregs& sregs,
                       uint64_t next_rip) {
  auto value = [&](uint8_t number) -> uint64_t {
    if (number == kNoRegister) return 0;
    if (number == kRipRegister) return next_rip;
    return *RegisterSlot(const_cast<kvm_regs*>(&regs), number);
  };
  uint64_t offset = value(operand.base) + value(operand.index) * operand.scale +
                    static_cast<uint64_t>(operand.displacement);
  offset = Truncate(offset, operand.address_size);
  const bool long_code = CodeModeOf(sregs) == CodeMode::k64;
  if (long_code && operand.segment != kFs && operand.segment != kGs) return offset;
  const uint64_t linear = SegmentOf(sregs, operand.segment).base + offset;
  return long_code ? linear : linear & 0xFFFFFFFF;
}

}  // namespace zircon::vcpu::x86
