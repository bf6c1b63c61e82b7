#include "steps/touched.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <vector>

namespace bench {
namespace {

constexpr int kPageShift = 12;

uint64_t ValueOf(const user_regs_struct& regs, ZydisRegister reg, uint64_t next_rip) {
  // It has no larger one.
  if (reg == ZYDIS_REGISTER_RIP) return next_rip;
  switch (ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg)) {
    case ZYDIS_REGISTER_RAX:
      return regs.rax;
    case ZYDIS_REGISTER_RCX:
      return regs.rcx;
    case ZYDIS_REGISTER_RDX:
      return regs.rdx;
    case ZYDIS_REGISTER_RBX:
      return regs.rbx;
    case ZYDIS_REGISTER_RSP:
      return regs.rsp;
    case ZYDIS_REGISTER_RBP:
      return regs.rbp;
    case ZYDIS_REGISTER_RSI:
      return regs.rsi;
    case ZYDIS_REGISTER_RDI:
      return regs.rdi;
    case ZYDIS_REGISTER_R8:
      return regs.r8;
    case ZYDIS_REGISTER_R9:
      return regs.r9;
    case ZYDIS_REGISTER_R10:
      return regs.r10;
    case ZYDIS_REGISTER_R11:
      return regs.r11;
    case ZYDIS_REGISTER_R12:
      return regs.r12;
    case ZYDIS_REGISTER_R13:
      return regs.r13;
    case ZYDIS_REGISTER_R14:
      return regs.r14;
    case ZYDIS_REGISTER_R15:
      return regs.r15;
    default:
      return 0;
  }
}

}  // namespace

void Touched::Step(const user_regs_struct& regs, const uint8_t* code) {
  constexpr uint8_t kSyscall[] = {0x0F, 0x05};
  if (std::equal(std::begin(kSyscall), std::end(kSyscall), code)) ++system_calls_;
  if (!library_.Contains(regs.rip)) return;
  ++instructions_;
  const std::string& function = library_.FunctionAt(regs.rip);
  ++functions_[function];

  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  ZydisDecodedInstruction insn;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, 15, &insn, operands))) return;
  code_.insert(regs.rip >> kPageShift);
  code_.insert((regs.rip + insn.length - 1) >> kPageShift);
  for (int i = 0; i < insn.operand_count; ++i) {
    const ZydisDecodedOperand& operand = operands[i];
    if (insn.mnemonic == ZYDIS_MNEMONIC_NOP || operand.type != ZYDIS_OPERAND_TYPE_MEMORY ||
        operand.mem.type != ZYDIS_MEMOP_TYPE_MEM) {
      continue;
    }
    const uint64_t next = regs.rip + insn.length;
    uint64_t address = ValueOf(regs, operand.mem.base, next) +
                       ValueOf(regs, operand.mem.index, next) * operand.mem.scale;
    if (operand.mem.disp.has_displacement) address += static_cast<uint64_t>(operand.mem.disp.value);
    if (operand.mem.segment == ZYDIS_REGISTER_FS) address += regs.fs_base;
    const bool hidden = operand.visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
    const bool pushes = hidden && operand.mem.base == ZYDIS_REGISTER_RSP &&
                        (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    const uint64_t size = operand.size / 8;
    if (pushes) address -= size;
    data_.emplace(address >> kPageShift, function);
    if (size != 0) data_.emplace((address + size - 1) >> kPageShift, function);
  }
}

void Touched::PrintFunctions() const {
  std::vector<std::pair<size_t, std::string>> sorted;
  for (const auto& [name, count] : functions_) sorted.emplace_back(count, name);
  std::sort(sorted.rbegin(), sorted.rend());
  for (const auto& [count, name] : sorted) std::printf("    %6zu  %s\n", count, name.c_str());
  for (const uint64_t page : code_) {
    std::printf("    code %#llx\n", static_cast<unsigned long long>(page << kPageShift));
  }
  for (const auto& [page, name] : data_) {
    std::printf("    data %#llx  %s\n", static_cast<unsigned long long>(page << kPageShift),
                name.c_str());
  }
}

}  // namespace bench
