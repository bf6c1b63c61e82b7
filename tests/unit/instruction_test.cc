// The small form of an instruction, by the processor's manuals. Rows: TRAP-MEM-4.

#include "vcpu/x86/instruction.h"

#include <gtest/gtest.h>

#include <vector>

#include "fake/guest_memory.h"

namespace zircon::vcpu::x86 {
namespace {

using fake::LongModeSregs;
using fake::ProtectedModeSregs;
using fake::RealModeSregs;

Instruction DecodeOk(const std::vector<uint8_t>& bytes, CodeMode mode = CodeMode::k64) {
  Instruction insn;
  EXPECT_TRUE(Decode(bytes.data(), bytes.size(), mode, &insn));
  return insn;
}

TEST(Instruction, Modes) {
  kvm_sregs sregs = LongModeSregs(0);
  EXPECT_EQ(CodeModeOf(sregs), CodeMode::k64);
  EXPECT_EQ(DefaultOperandSize(sregs), 4);  // "never 8"
  sregs.cs.l = 0;
  EXPECT_EQ(CodeModeOf(sregs), CodeMode::k16);
  EXPECT_EQ(DefaultOperandSize(sregs), 2);
  sregs.cs.db = 1;
  EXPECT_EQ(CodeModeOf(sregs), CodeMode::k32);
  EXPECT_EQ(DefaultOperandSize(sregs), 4);
  EXPECT_EQ(CodeModeOf(RealModeSregs()), CodeMode::k16);
  EXPECT_EQ(DefaultOperandSize(RealModeSregs()), 2);
  EXPECT_EQ(CodeModeOf(ProtectedModeSregs()), CodeMode::k32);
}

TEST(Instruction, StoresFromRegistersAndImmediates) {
  Instruction insn = DecodeOk({0x44, 0x88, 0x4C, 0x8B, 0x10});  // mov %r9b,0x10(%rbx,%rcx,4)
  EXPECT_EQ(insn.length, 5);
  EXPECT_EQ(insn.form, Form::kStore);
  EXPECT_EQ(insn.reg, (GeneralRegister{9, 1, false}));
  EXPECT_EQ(insn.memory.base, 3);
  EXPECT_EQ(insn.memory.index, 1);
  EXPECT_EQ(insn.memory.scale, 4);
  EXPECT_EQ(insn.memory.displacement, 0x10);
  EXPECT_EQ(insn.memory.access_size, 1);
  EXPECT_EQ(insn.memory.address_size, 8);
  EXPECT_TRUE(insn.memory.written);
  EXPECT_FALSE(insn.memory.read);
  EXPECT_FALSE(insn.implicit_memory);
  EXPECT_EQ(DecodeOk({0x88, 0x33}).reg, (GeneralRegister{2, 1, true}));         // dh
  EXPECT_EQ(DecodeOk({0x40, 0x88, 0x33}).reg, (GeneralRegister{6, 1, false}));  // sil
  insn = DecodeOk({0x48, 0xC7, 0x03, 0xFE, 0xFF, 0xFF, 0xFF});
  EXPECT_TRUE(insn.has_immediate);
  EXPECT_EQ(insn.immediate, ~uint64_t{1});
  EXPECT_EQ(DecodeOk({0x0F, 0xC3, 0x03}).form, Form::kStore);               // movnti
  EXPECT_EQ(DecodeOk({0x8C, 0x1B}).form, Form::kOther);                     // mov %ds,(%rbx)
  EXPECT_EQ(DecodeOk({0x89, 0x05, 1, 0, 0, 0}).memory.base, kRipRegister);  // mov %eax,1(%rip)
}

TEST(Instruction, Loads) {
  EXPECT_EQ(DecodeOk({0x8B, 0x03}).form, Form::kLoad);
  EXPECT_EQ(DecodeOk({0x8B, 0x03}).reg, (GeneralRegister{0, 4, false}));
  EXPECT_EQ(DecodeOk({0x8E, 0x1B}).form, Form::kOther);  // mov (%rbx),%ds
  EXPECT_EQ(DecodeOk({0x0F, 0xB6, 0x03}).form, Form::kLoadZero);
  EXPECT_EQ(DecodeOk({0x0F, 0xB6, 0xC3}).form, Form::kOther);  // from a register
  EXPECT_EQ(DecodeOk({0x0F, 0xBE, 0x03}).form, Form::kLoadSign);
  EXPECT_EQ(DecodeOk({0x48, 0x63, 0x03}).form, Form::kLoadSign);
  EXPECT_EQ(DecodeOk({0x48, 0x63, 0xC3}).form, Form::kOther);
  EXPECT_EQ(DecodeOk({0x89, 0xC3}).form, Form::kOther);  // between registers
  EXPECT_FALSE(DecodeOk({0x89, 0xC3}).has_memory);
  const Instruction add = DecodeOk({0x01, 0x03});
  EXPECT_EQ(add.form, Form::kOther);
  EXPECT_TRUE(add.memory.read && add.memory.written);
}

TEST(Instruction, LeaTouchesNoMemory) { EXPECT_FALSE(DecodeOk({0x8D, 0x03}).has_memory); }

TEST(Instruction, StringsAndStacks) {
  Instruction insn = DecodeOk({0xF3, 0xA4});  // rep movsb: the written operand counts
  EXPECT_TRUE(insn.repeated);
  EXPECT_TRUE(insn.implicit_memory);
  EXPECT_TRUE(insn.moves_rsi);
  EXPECT_EQ(insn.memory.base, 7);
  EXPECT_EQ(insn.memory.segment, kEs);
  EXPECT_TRUE(insn.memory.written);
  insn = DecodeOk({0xAB});  // stosl
  EXPECT_FALSE(insn.repeated);
  EXPECT_FALSE(insn.moves_rsi);
  insn = DecodeOk({0x50});  // push %rax
  EXPECT_TRUE(insn.implicit_memory);
  EXPECT_EQ(insn.memory.base, 4);
  EXPECT_EQ(insn.memory.segment, kSs);
  EXPECT_EQ(insn.memory.access_size, 8);
  EXPECT_FALSE(DecodeOk({0xF3, 0x90}).repeated);  // pause
}

TEST(Instruction, Ports) {
  Instruction insn = DecodeOk({0xEC});
  EXPECT_EQ(insn.form, Form::kPortIn);
  EXPECT_EQ(insn.port_size, 1);
  EXPECT_FALSE(insn.has_immediate);
  insn = DecodeOk({0x66, 0xE5, 0xF0});
  EXPECT_EQ(insn.port_size, 2);
  EXPECT_TRUE(insn.has_immediate);
  EXPECT_EQ(insn.immediate, 0xF0u);
  insn = DecodeOk({0xEF});
  EXPECT_EQ(insn.form, Form::kPortOut);
  EXPECT_EQ(insn.port_size, 4);
  EXPECT_EQ(DecodeOk({0xEF}, CodeMode::k16).port_size, 2);
  insn = DecodeOk({0xF3, 0x6D});
  EXPECT_EQ(insn.form, Form::kPortString);
  EXPECT_TRUE(insn.repeated);
  EXPECT_EQ(insn.port_size, 4);
  EXPECT_EQ(DecodeOk({0x6E}).port_size, 1);
  EXPECT_EQ(DecodeOk({0x66, 0x6F}).port_size, 2);
}

TEST(Instruction, NoInstruction) {
  Instruction insn;
  const uint8_t kNothing[] = {0x06};  // push %es: not in 64-bit mode
  EXPECT_FALSE(Decode(kNothing, 1, CodeMode::k64, &insn));
  EXPECT_TRUE(Decode(kNothing, 1, CodeMode::k32, &insn));
  const uint8_t kCut[] = {0x89};
  EXPECT_FALSE(Decode(kCut, 1, CodeMode::k64, &insn));
  EXPECT_FALSE(Decode(kCut, 0, CodeMode::k64, &insn));
}

TEST(Instruction, CacheKnowsTheLastOne) {
  DecodeCache cache;
  Instruction insn;
  const uint8_t kStore[] = {0x89, 0x03, 0x90};
  const uint8_t kOther[] = {0x88, 0x03, 0x90};
  EXPECT_TRUE(cache.Decode(kStore, 3, CodeMode::k64, &insn));
  EXPECT_EQ(insn.memory.access_size, 4);
  EXPECT_TRUE(cache.Decode(kStore, 2, CodeMode::k64, &insn));
  EXPECT_EQ(insn.memory.access_size, 4);
  EXPECT_TRUE(cache.Decode(kStore, 3, CodeMode::k16, &insn));  // another mode
  EXPECT_EQ(insn.memory.access_size, 2);
  EXPECT_TRUE(cache.Decode(kOther, 3, CodeMode::k16, &insn));
  EXPECT_EQ(insn.memory.access_size, 1);
  EXPECT_FALSE(cache.Decode(kOther, 1, CodeMode::k16, &insn));  // too few bytes for it
}

TEST(Instruction, Registers) {
  kvm_regs regs = {};
  const uint8_t kCount = 16;
  for (uint8_t i = 0; i < kCount; ++i) *RegisterSlot(&regs, i) = 0x1000u + i;
  EXPECT_EQ(regs.rax, 0x1000u);
  EXPECT_EQ(regs.rcx, 0x1001u);
  EXPECT_EQ(regs.rdx, 0x1002u);
  EXPECT_EQ(regs.rbx, 0x1003u);
  EXPECT_EQ(regs.rsp, 0x1004u);
  EXPECT_EQ(regs.rbp, 0x1005u);
  EXPECT_EQ(regs.rsi, 0x1006u);
  EXPECT_EQ(regs.rdi, 0x1007u);
  EXPECT_EQ(regs.r8, 0x1008u);
  EXPECT_EQ(regs.r15, 0x100Fu);
  regs.rbx = 0x1122334455667788;
  EXPECT_EQ(ReadRegister(regs, {3, 1, false}), 0x88u);
  EXPECT_EQ(ReadRegister(regs, {3, 1, true}), 0x77u);
  EXPECT_EQ(ReadRegister(regs, {3, 2, false}), 0x7788u);
  EXPECT_EQ(ReadRegister(regs, {3, 4, false}), 0x55667788u);
  EXPECT_EQ(ReadRegister(regs, {3, 8, false}), 0x1122334455667788u);
}

TEST(Instruction, LinearAddresses) {
  kvm_regs regs = {};
  regs.rax = 0x100;
  regs.rbx = 0xFFFF'FFFF'FFFF'F000;
  regs.rsi = 0x20;
  regs.rbp = 0xFFF0;
  kvm_sregs sregs = LongModeSregs(0);
  sregs.ds.base = 0xD0000;  // without effect in 64-bit mode
  sregs.fs.base = 0xF0000;
  sregs.gs.base = 0x60000;
  auto linear = [&](const std::vector<uint8_t>& bytes, uint64_t next_rip = 0x5000) {
    return LinearAddress(DecodeOk(bytes, CodeModeOf(sregs)).memory, regs, sregs, next_rip);
  };
  EXPECT_EQ(linear({0x89, 0x04, 0xB0}), 0x180u);                     // (%rax,%rsi,4)
  EXPECT_EQ(linear({0x89, 0x43, 0x10}), 0xFFFFFFFFFFFFF010u);        // 0x10(%rbx)
  EXPECT_EQ(linear({0x67, 0x89, 0x43, 0x10}), 0xFFFFF010u);          // 0x10(%ebx)
  EXPECT_EQ(linear({0x89, 0x05, 0xF0, 0xFF, 0xFF, 0xFF}), 0x4FF0u);  // -16(%rip)
  EXPECT_EQ(linear({0x64, 0x89, 0x00}), 0xF0100u);                   // %fs:(%rax)
  EXPECT_EQ(linear({0x65, 0x89, 0x00}), 0x60100u);                   // %gs:(%rax)
  EXPECT_EQ(linear({0x2E, 0x89, 0x00}), 0x100u);                     // %cs: has no effect
  sregs = ProtectedModeSregs();
  sregs.ds.base = 0xFFFF0000;
  sregs.ss.base = 0x1000;
  sregs.es.base = 0x2000;
  sregs.cs.base = 0x3000;
  regs.rax = 0x10100;
  EXPECT_EQ(linear({0x89, 0x00}), 0x100u);          // wraps at 4 GiB
  EXPECT_EQ(linear({0x89, 0x45, 0x04}), 0x10FF4u);  // 4(%ebp) is in %ss
  EXPECT_EQ(linear({0x26, 0x89, 0x00}), 0x12100u);  // %es:
  EXPECT_EQ(linear({0x2E, 0x89, 0x00}), 0x13100u);  // %cs:
  sregs = RealModeSregs();
  sregs.ds.base = 0x20000;
  sregs.ss.base = 0x30000;
  regs.rbx = 0xFFF8;
  EXPECT_EQ(linear({0x89, 0x00}), 0x20000u + ((0xFFF8 + 0x20) & 0xFFFF));  // (%bx,%si) wraps
  EXPECT_EQ(linear({0x89, 0x46, 0x08}), 0x30000u + 0xFFF8);                // 8(%bp) is in %ss
  EXPECT_EQ(linear({0x89, 0x06, 0x34, 0x12}), 0x21234u);                   // 0x1234
}

}  // namespace
}  // namespace zircon::vcpu::x86
