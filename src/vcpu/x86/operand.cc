#include "vcpu/x86/operand.h"

namespace zircon::vcpu::x86 {
namespace {

constexpr uint64_t kDirectionFlag = 1u << 10;
constexpr uint64_t kLow32 = 0xFFFFFFFF;

constexpr uint64_t Mask(uint8_t bytes) {
  return bytes >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * bytes)) - 1;
}

// Moves the low `bytes` of a register.
void Add(__u64* reg, uint64_t distance, uint8_t bytes) {
  const uint64_t mask = Mask(bytes);
  *reg = (*reg & ~mask) | ((*reg + distance) & mask);
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

}  // namespace

uint64_t ReadRegister(const kvm_regs& regs, const GeneralRegister& reg) {
  const uint64_t value = RegisterValue(regs, reg.number);
  if (reg.high_byte) return (value >> 8) & 0xFF;
  return value & Mask(reg.size);
}

uint8_t StackWidth(const kvm_sregs& sregs) {
  if (CodeModeOf(sregs) == CodeMode::k64) return 8;
  return sregs.ss.db != 0 ? 4 : 2;
}

uint64_t LinearCode(const kvm_sregs& sregs, uint64_t rip) {
  return CodeModeOf(sregs) == CodeMode::k64 ? rip : (sregs.cs.base + rip) & kLow32;
}

uint64_t LinearAddress(const MemoryOperand& operand, const kvm_regs& before, uint64_t next_rip,
                       const kvm_sregs& sregs) {
  auto offset = static_cast<uint64_t>(operand.displacement);
  if (operand.base == kRipRegister) {
    offset += next_rip;
  } else if (operand.base != kNoRegister) {
    offset += RegisterValue(before, operand.base);
  }
  if (operand.index != kNoRegister) offset += RegisterValue(before, operand.index) * operand.scale;
  offset &= Mask(operand.on_stack ? StackWidth(sregs) : operand.address_size);
  const bool long_code = CodeModeOf(sregs) == CodeMode::k64;
  if (long_code && operand.segment != kFs && operand.segment != kGs) return offset;
  const uint64_t linear = SegmentOf(sregs, operand.segment).base + offset;
  return long_code ? linear : linear & kLow32;
}

bool StoredValue(const Instruction& insn, const kvm_regs& before, uint64_t next_rip,
                 const kvm_sregs& sregs, uint64_t* value) {
  switch (insn.source) {
    case Source::kRegister:
      *value = ReadRegister(before, insn.reg);
      return true;
    case Source::kImmediate:
      *value = insn.immediate;
      return true;
    case Source::kSegment:
      *value = SegmentOf(sregs, insn.segment).selector;
      return true;
    case Source::kNextRip:
      *value = next_rip;
      return true;
    default:
      return false;
  }
}

bool MovesNothing(const Instruction& insn) {
  return !insn.moves_rdi && !insn.moves_rsi && !insn.repeated && !insn.makes_frame &&
         insn.stack_grows == 0;
}

bool CanHaveLeft(const Instruction& insn, const kvm_regs& after) {
  if (insn.memory.address_size != 4) return true;
  const uint64_t moved = (insn.moves_rdi ? after.rdi : 0) | (insn.moves_rsi ? after.rsi : 0) |
                         (insn.repeated ? after.rcx : 0);
  return moved >> 32 == 0;
}

kvm_regs RegistersBefore(const Instruction& insn, Progress progress, const kvm_regs& after,
                         const kvm_sregs& sregs, uint64_t stored) {
  kvm_regs before = after;
  if (progress == Progress::kOver) {
    before.rip -= insn.length;
    if (CodeModeOf(sregs) != CodeMode::k64) before.rip &= kLow32;
  }
  const uint8_t address_size = insn.memory.address_size;
  const uint64_t element = insn.element;
  const uint64_t back = (after.rflags & kDirectionFlag) != 0 ? element : -element;
  if (insn.moves_rdi) Add(&before.rdi, back, address_size);
  if (insn.moves_rsi) Add(&before.rsi, back, address_size);
  if (insn.repeated) Add(&before.rcx, 1, address_size);
  if (insn.makes_frame) {
    const uint64_t mask = Mask(StackWidth(sregs));
    before.rsp = (after.rsp & ~mask) | (after.rbp & mask);
    const uint64_t pushed = mask & Mask(static_cast<uint8_t>(insn.memory.access_size));
    before.rbp = (after.rbp & ~pushed) | (stored & pushed);
  }
  if (insn.stack_grows != 0) {
    Add(&before.rsp, static_cast<uint64_t>(int64_t{insn.stack_grows}), StackWidth(sregs));
  }
  return before;
}

}  // namespace zircon::vcpu::x86
