#include "fuzz/store_model.h"

#include <cstdlib>
#include <cstring>
#include <string>

namespace zircon::fuzz {
namespace {

constexpr uint64_t kLow32 = 0xFFFFFFFF;
constexpr uint64_t kDirectionFlag = 1u << 10;
constexpr uint64_t kResumeFlag = 1u << 16;
constexpr uint64_t kVirtual8086Flag = 1u << 17;

uint64_t MaskOf(unsigned bits) { return bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

// A register's low `bits` are set: as strings do with their address size, where 32 bits clear the
// rest.
void SetCounter(__u64* reg, uint64_t value, unsigned bits) {
  if (bits == 16) {
    *reg = (*reg & ~uint64_t{0xFFFF}) | (value & 0xFFFF);
  } else {
    *reg = value & MaskOf(bits);
  }
}

// As the stack does: the rest stays.
void SetStack(__u64* reg, uint64_t value, unsigned bits) {
  *reg = (*reg & ~MaskOf(bits)) | (value & MaskOf(bits));
}

}  // namespace

// One execution.
struct StoreModel::Machine {
  unsigned bits = 64;  // of the code
  const kvm_sregs& sregs;
  const kvm_fpu& fpu;
  kvm_regs regs;
  cs_insn* insn = nullptr;

  const cs_x86& detail() const { return insn->detail->x86; }
  const cs_x86_op& operand(size_t index) const { return detail().operands[index]; }

  __u64* Slot(unsigned number) {
    __u64* const slots[] = {&regs.rax, &regs.rcx, &regs.rdx, &regs.rbx, &regs.rsp, &regs.rbp,
                            &regs.rsi, &regs.rdi, &regs.r8,  &regs.r9,  &regs.r10, &regs.r11,
                            &regs.r12, &regs.r13, &regs.r14, &regs.r15};
    return slots[number];
  }

  // By the register's name, since Capstone's numbers have no order. False for none of the general.
  bool General(csh handle, unsigned reg, uint64_t* value) {
    static const char* const kNames[16][4] = {
        {"al", "ax", "eax", "rax"},      {"cl", "cx", "ecx", "rcx"},
        {"dl", "dx", "edx", "rdx"},      {"bl", "bx", "ebx", "rbx"},
        {"spl", "sp", "esp", "rsp"},     {"bpl", "bp", "ebp", "rbp"},
        {"sil", "si", "esi", "rsi"},     {"dil", "di", "edi", "rdi"},
        {"r8b", "r8w", "r8d", "r8"},     {"r9b", "r9w", "r9d", "r9"},
        {"r10b", "r10w", "r10d", "r10"}, {"r11b", "r11w", "r11d", "r11"},
        {"r12b", "r12w", "r12d", "r12"}, {"r13b", "r13w", "r13d", "r13"},
        {"r14b", "r14w", "r14d", "r14"}, {"r15b", "r15w", "r15d", "r15"}};
    static const char* const kHigh[4] = {"ah", "ch", "dh", "bh"};
    const char* found = cs_reg_name(handle, reg);
    if (found == nullptr) return false;
    const std::string name = found;
    for (unsigned i = 0; i < 4; ++i) {
      if (name != kHigh[i]) continue;
      *value = *Slot(i) >> 8 & 0xFF;
      return true;
    }
    for (unsigned i = 0; i < 16; ++i) {
      for (unsigned width = 0; width < 4; ++width) {
        if (name != kNames[i][width]) continue;
        *value = *Slot(i) & MaskOf(8u << width);
        return true;
      }
    }
    return false;
  }

  const kvm_segment* Segment(unsigned reg) const {
    switch (reg) {
      case X86_REG_ES:
        return &sregs.es;
      case X86_REG_CS:
        return &sregs.cs;
      case X86_REG_SS:
        return &sregs.ss;
      case X86_REG_DS:
        return &sregs.ds;
      case X86_REG_FS:
        return &sregs.fs;
      case X86_REG_GS:
        return &sregs.gs;
      default:
        return nullptr;
    }
  }

  uint64_t Linear(const kvm_segment& segment, bool based_in_long_mode, uint64_t offset) const {
    if (bits == 64) return based_in_long_mode ? segment.base + offset : offset;
    return (segment.base + offset) & kLow32;
  }

  // The address of a memory operand as it is written.
  bool Address(csh handle, const cs_x86_op& op, uint64_t* linear) {
    const x86_op_mem& mem = op.mem;
    uint64_t offset = static_cast<uint64_t>(mem.disp);
    if (mem.base == X86_REG_RIP || mem.base == X86_REG_EIP) {
      offset += regs.rip + insn->size;
    } else if (mem.base != X86_REG_INVALID) {
      uint64_t value = 0;
      if (!General(handle, mem.base, &value)) return false;
      offset += value;
    }
    if (mem.index != X86_REG_INVALID && mem.index != X86_REG_EIZ && mem.index != X86_REG_RIZ) {
      uint64_t value = 0;
      if (!General(handle, mem.index, &value)) return false;
      offset += value * static_cast<uint64_t>(mem.scale);
    }
    offset &= MaskOf(8u * detail().addr_size);
    unsigned segment = mem.segment;
    if (segment == X86_REG_INVALID) {
      const bool stack = mem.base == X86_REG_BP || mem.base == X86_REG_EBP ||
                         mem.base == X86_REG_ESP || mem.base == X86_REG_RBP ||
                         mem.base == X86_REG_RSP;
      segment = stack ? X86_REG_SS : X86_REG_DS;
    }
    *linear = Linear(*Segment(segment), segment == X86_REG_FS || segment == X86_REG_GS, offset);
    return true;
  }

  unsigned StackBits() const { return bits == 64 ? 64 : sregs.ss.db != 0 ? 32 : 16; }
  uint64_t StackLinear(uint64_t rsp) const {
    return Linear(sregs.ss, false, rsp & MaskOf(StackBits()));
  }
  // Of instructions that work with the stack.
  size_t OperandSize() const {
    const bool prefix = detail().prefix[2] == 0x66;
    if (bits == 64) return prefix ? 2 : 8;
    return (bits == 32) != prefix ? 4 : 2;
  }
};

StoreModel::StoreModel() {
  const cs_mode kModes[] = {CS_MODE_16, CS_MODE_32, CS_MODE_64};
  for (size_t i = 0; i < 3; ++i) {
    if (cs_open(CS_ARCH_X86, kModes[i], &handles_[i]) != CS_ERR_OK) std::abort();
    cs_option(handles_[i], CS_OPT_DETAIL, CS_OPT_ON);
  }
}

StoreModel::~StoreModel() {
  for (csh& handle : handles_) cs_close(&handle);
}

namespace {

// What Capstone 4 reads otherwise than a processor, or two processors each in their way: several
// prefixes of one kind, two that name an operand's size, a REX that is not the last of the
// prefixes, LOCK, and REP before anything but a string.
bool HasOddPrefixes(const uint8_t* code, size_t size, unsigned bits) {
  int segments = 0, sizes = 0, addresses = 0, repeats = 0;
  for (size_t i = 0; i < size; ++i) {
    switch (code[i]) {
      case 0x26:
      case 0x2E:
      case 0x36:
      case 0x3E:
      case 0x64:
      case 0x65:
        ++segments;
        break;
      case 0x66:
        ++sizes;
        break;
      case 0x67:
        ++addresses;
        break;
      case 0xF2:
      case 0xF3:
        ++repeats;
        break;
      case 0xF0:
        return true;
      default: {
        const bool rex = bits == 64 && (code[i] & 0xF0) == 0x40 && i + 1 < size;
        constexpr uint8_t kRexW = 8;
        if (rex && (code[i] & kRexW) != 0 && sizes > 0) return true;
        // Of two bytes KVM knows one that REP chooses, MOVDQU.
        const size_t opcode = rex ? i + 1 : i;
        if (code[opcode] == 0x0F && repeats > 0) {
          if (sizes > 0 || opcode + 1 == size || code[opcode + 1] != 0x7F) return true;
        }
        if (rex) {
          const uint8_t next = code[i + 1];
          const bool prefix = next == 0x26 || next == 0x2E || next == 0x36 || next == 0x3E ||
                              (next >= 0x64 && next <= 0x67) || next == 0xF2 || next == 0xF3 ||
                              next == 0xF0 || (next & 0xF0) == 0x40;
          if (prefix) return true;
        }
        return segments > 1 || sizes > 1 || addresses > 1 || repeats > 1;
      }
    }
  }
  return true;
}

unsigned BitsOf(const kvm_sregs& sregs) {
  if ((sregs.efer & 1u << 10) != 0 && sregs.cs.l != 0) return 64;
  return (sregs.cr0 & 1) != 0 && sregs.cs.db != 0 ? 32 : 16;
}

}  // namespace

bool StoreModel::Execute(const uint8_t* code, size_t size, const kvm_regs& regs,
                         const kvm_sregs& sregs, const kvm_fpu& fpu, const Read& read,
                         ModelStore* store) {
  Machine machine{.bits = BitsOf(sregs), .sregs = sregs, .fpu = fpu, .regs = regs};
  if (HasOddPrefixes(code, size, machine.bits)) return false;
  const csh handle = handles_[machine.bits == 64 ? 2 : machine.bits == 32 ? 1 : 0];
  cs_insn* insn = nullptr;
  if (cs_disasm(handle, code, size, regs.rip, 1, &insn) != 1) return false;
  const std::unique_ptr<cs_insn, void (*)(cs_insn*)> owner(insn,
                                                           [](cs_insn* one) { cs_free(one, 1); });
  machine.insn = insn;
  const cs_x86& x86 = insn->detail->x86;
  kvm_regs& after = machine.regs;
  *store = {};
  store->length = insn->size;
  store->wraps_at = machine.bits == 64 ? ~uint64_t{0} : kLow32;

  const auto put = [store](uint64_t value, size_t bytes) {
    std::memcpy(store->bytes, &value, bytes);
    store->size = bytes;
  };
  const auto value_of = [&](const cs_x86_op& op, uint64_t* value) {
    if (op.type == X86_OP_IMM) {
      *value = static_cast<uint64_t>(op.imm);
      return true;
    }
    if (op.type != X86_OP_REG) return false;
    if (const kvm_segment* segment = machine.Segment(op.reg); segment != nullptr) {
      *value = segment->selector;
      return true;
    }
    return machine.General(handle, op.reg, value);
  };
  const auto push = [&](uint64_t value, size_t bytes, size_t moves) {
    SetStack(&after.rsp, after.rsp - moves, machine.StackBits());
    store->linear = machine.StackLinear(after.rsp);
    put(value, bytes);
  };

  const bool repeat = x86.prefix[0] == 0xF2 || x86.prefix[0] == 0xF3;
  bool string = false;
  switch (insn->id) {
    case X86_INS_MOV:
    case X86_INS_MOVABS:
    case X86_INS_MOVNTI: {
      if (x86.op_count != 2 || machine.operand(0).type != X86_OP_MEM || repeat) return false;
      uint64_t value = 0;
      if (!machine.Address(handle, machine.operand(0), &store->linear)) return false;
      if (!value_of(machine.operand(1), &value)) return false;
      size_t bytes = machine.operand(0).size;
      // KVM stores a selector in 8 bytes where the operand is that wide.
      const bool selector = machine.operand(1).type == X86_OP_REG &&
                            machine.Segment(machine.operand(1).reg) != nullptr;
      if (selector) bytes = machine.bits == 64 && (x86.rex & 8) != 0 ? 8 : 2;
      put(value, bytes);
      break;
    }
    case X86_INS_MOVUPS:
    case X86_INS_MOVUPD:
    case X86_INS_MOVAPS:
    case X86_INS_MOVAPD:
    case X86_INS_MOVDQU:
    case X86_INS_MOVDQA:
    case X86_INS_MOVNTPS:
    case X86_INS_MOVNTPD:
    case X86_INS_MOVNTDQ: {
      if (x86.op_count != 2 || machine.operand(0).type != X86_OP_MEM) return false;
      const unsigned reg = machine.operand(1).reg;
      if (reg < X86_REG_XMM0 || reg > X86_REG_XMM15) return false;
      if (!machine.Address(handle, machine.operand(0), &store->linear)) return false;
      std::memcpy(store->bytes, fpu.xmm[reg - X86_REG_XMM0], 16);
      store->size = 16;
      break;
    }
    case X86_INS_STOSB:
    case X86_INS_STOSW:
    case X86_INS_STOSD:
    case X86_INS_STOSQ:
      string = true;
      put(after.rax, machine.operand(0).size);
      break;
    case X86_INS_MOVSB:
    case X86_INS_MOVSW:
    case X86_INS_MOVSD:
    case X86_INS_MOVSQ: {
      // MOVSD has a namesake among the vector instructions.
      if (x86.op_count != 2 || machine.operand(1).type != X86_OP_MEM) return false;
      string = true;
      uint64_t source = 0;
      if (!machine.Address(handle, machine.operand(1), &source)) return false;
      store->size = machine.operand(0).size;
      if (!read(source, store->bytes, store->size)) return false;
      break;
    }
    case X86_INS_PUSH: {
      if (repeat) return false;
      const size_t bytes = machine.OperandSize();
      const cs_x86_op& op = machine.operand(0);
      if (op.type == X86_OP_MEM) {
        uint64_t source = 0, value = 0;
        if (!machine.Address(handle, op, &source)) return false;
        if (!read(source, reinterpret_cast<uint8_t*>(&value), bytes)) return false;
        push(value, bytes, bytes);
        break;
      }
      uint64_t value = 0;
      if (!value_of(op, &value)) return false;
      const bool selector = op.type == X86_OP_REG && machine.Segment(op.reg) != nullptr;
      push(value, selector && bytes == 4 ? 2 : bytes, bytes);
      break;
    }
    case X86_INS_PUSHF:
    case X86_INS_PUSHFD:
    case X86_INS_PUSHFQ:
      if (repeat) return false;
      push(after.rflags & ~kVirtual8086Flag, machine.OperandSize(), machine.OperandSize());
      break;
    case X86_INS_PUSHAW:
    case X86_INS_PUSHAL: {
      if (repeat) return false;
      // KVM reports the last of eight stores.
      const size_t bytes = insn->id == X86_INS_PUSHAW ? 2 : 4;
      push(after.rdi, bytes, 8 * bytes);
      break;
    }
    case X86_INS_ENTER: {
      // KVM has no nesting, and pushes as wide as the stack is.
      const size_t bytes = machine.StackBits() / 8;
      if (repeat || (machine.operand(1).imm & 31) != 0 || machine.OperandSize() != bytes) {
        return false;
      }
      push(after.rbp, bytes, bytes);
      SetStack(&after.rbp, after.rsp, machine.StackBits());
      SetStack(&after.rsp, after.rsp - static_cast<uint64_t>(machine.operand(0).imm & 0xFFFF),
               machine.StackBits());
      break;
    }
    case X86_INS_POP: {
      const cs_x86_op& op = machine.operand(0);
      if (op.type != X86_OP_MEM || repeat) return false;
      const size_t bytes = machine.OperandSize();
      store->size = bytes;
      if (!read(machine.StackLinear(after.rsp), store->bytes, bytes)) return false;
      // An address by RSP is that behind the POP. KVM moves it by the operand, whatever the width,
      // and does not let it wrap where the stack does.
      const uint64_t before = after.rsp;
      after.rsp = before + bytes;
      if (!machine.Address(handle, op, &store->linear)) return false;
      after.rsp = before;
      SetStack(&after.rsp, before + bytes, machine.StackBits());
      break;
    }
    default:
      return false;
  }

  if (string) {
    const unsigned bits = 8u * x86.addr_size;
    const uint64_t step = (regs.rflags & kDirectionFlag) != 0 ? -store->size : store->size;
    const bool moves_source = insn->id != X86_INS_STOSB && insn->id != X86_INS_STOSW &&
                              insn->id != X86_INS_STOSD && insn->id != X86_INS_STOSQ;
    store->linear = machine.Linear(sregs.es, false, regs.rdi & MaskOf(bits));
    if (repeat && (regs.rcx & MaskOf(bits)) == 0) return false;
    SetCounter(&after.rdi, regs.rdi + step, bits);
    if (moves_source) SetCounter(&after.rsi, regs.rsi + step, bits);
    if (repeat) SetCounter(&after.rcx, regs.rcx - 1, bits);
    store->repeats = repeat;
  } else if (repeat && insn->id != X86_INS_MOVDQU) {
    return false;
  }
  after.rflags &= ~kResumeFlag;
  if (store->repeats) {
    after.rflags |= kResumeFlag;
  } else {
    after.rip += insn->size;
  }
  if (machine.bits != 64) after.rip &= kLow32;
  store->after = after;
  return true;
}

}  // namespace zircon::fuzz
