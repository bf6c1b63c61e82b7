// The small form of an instruction, by the processor's manuals. Rows: TRAP-MEM-4.

#include "vcpu/x86/instruction.h"

#include <gtest/gtest.h>

#include <vector>

#include "fake/guest_memory.h"
#include "vcpu/x86/operand.h"

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
  EXPECT_EQ(insn.source, Source::kRegister);
  EXPECT_EQ(insn.reg, (GeneralRegister{9, 1, false}));
  EXPECT_EQ(insn.memory.base, 3);
  EXPECT_EQ(insn.memory.index, 1);
  EXPECT_EQ(insn.memory.scale, 4);
  EXPECT_EQ(insn.memory.displacement, 0x10);
  EXPECT_EQ(insn.memory.access_size, 1);
  EXPECT_EQ(insn.memory.address_size, 8);
  EXPECT_TRUE(insn.memory.written);
  EXPECT_FALSE(insn.memory.read);
  EXPECT_FALSE(insn.memory.on_stack);
  EXPECT_EQ(DecodeOk({0x88, 0x33}).reg, (GeneralRegister{2, 1, true}));         // dh
  EXPECT_EQ(DecodeOk({0x40, 0x88, 0x33}).reg, (GeneralRegister{6, 1, false}));  // sil
  insn = DecodeOk({0x48, 0xC7, 0x03, 0xFE, 0xFF, 0xFF, 0xFF});
  EXPECT_EQ(insn.source, Source::kImmediate);
  EXPECT_EQ(insn.immediate, ~uint64_t{1});
  EXPECT_EQ(DecodeOk({0x0F, 0xC3, 0x03}).source, Source::kRegister);  // movnti
  EXPECT_EQ(DecodeOk({0x0F, 0x11, 0x0B}).source, Source::kVector);    // movups %xmm1,(%rbx)
  EXPECT_EQ(DecodeOk({0x0F, 0x11, 0x0B}).vector, 1);
  EXPECT_EQ(DecodeOk({0x8C, 0x1B}).source, Source::kSegment);  // mov %ds,(%rbx)
  EXPECT_EQ(DecodeOk({0x8C, 0x1B}).segment, kDs);
  EXPECT_EQ(DecodeOk({0x8C, 0x1B}).memory.access_size, 2);
  EXPECT_EQ(DecodeOk({0x48, 0x8C, 0x1B}).memory.access_size, 8);            // so KVM
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

TEST(Instruction, Strings) {
  Instruction insn = DecodeOk({0xF3, 0xA4});  // rep movsb: the written operand counts
  EXPECT_TRUE(insn.repeated);
  EXPECT_TRUE(insn.moves_rsi);
  EXPECT_TRUE(insn.moves_rdi);
  EXPECT_EQ(insn.element, 1);
  EXPECT_EQ(insn.memory.base, kRdi);
  EXPECT_EQ(insn.memory.segment, kDs);  // without effect in 64-bit code
  EXPECT_TRUE(insn.memory.written);
  EXPECT_EQ(insn.source, Source::kMemory);
  EXPECT_EQ(insn.other.base, kRsi);
  EXPECT_EQ(DecodeOk({0x64, 0xA4}).other.segment, kFs);
  EXPECT_EQ(DecodeOk({0xA4}, CodeMode::k32).memory.segment, kEs);
  insn = DecodeOk({0xAB});  // stosl
  EXPECT_FALSE(insn.repeated);
  EXPECT_FALSE(insn.moves_rsi);
  EXPECT_TRUE(insn.moves_rdi);
  EXPECT_EQ(insn.element, 4);
  EXPECT_EQ(insn.source, Source::kRegister);
  EXPECT_EQ(insn.reg, (GeneralRegister{0, 4, false}));
  EXPECT_FALSE(DecodeOk({0xF3, 0x90}).repeated);  // pause
  // mov %ds,%es:(%di): RDI and ES, but no string.
  insn = DecodeOk({0x26, 0x8C, 0x1D}, CodeMode::k16);
  EXPECT_FALSE(insn.moves_rdi);
  EXPECT_EQ(insn.memory.segment, kEs);
  EXPECT_EQ(insn.memory.base, kRdi);
}

TEST(Instruction, Stacks) {
  Instruction insn = DecodeOk({0x50});  // push %rax
  EXPECT_TRUE(insn.memory.on_stack);
  EXPECT_EQ(insn.memory.base, kRsp);
  EXPECT_EQ(insn.memory.access_size, 8);
  EXPECT_EQ(insn.memory.displacement, -8);
  EXPECT_EQ(insn.stack_grows, 8);
  insn = DecodeOk({0x1E}, CodeMode::k32);  // push %ds
  EXPECT_EQ(insn.memory.access_size, 2);
  EXPECT_EQ(insn.memory.displacement, -4);
  EXPECT_EQ(insn.stack_grows, 4);
  EXPECT_EQ(insn.source, Source::kSegment);
  EXPECT_EQ(DecodeOk({0x0F, 0xA0}).memory.access_size, 8);  // push %fs in 64-bit code
  EXPECT_EQ(DecodeOk({0x6A, 0xFF}).immediate, ~uint64_t{0});
  insn = DecodeOk({0x60}, CodeMode::k32);  // pusha: the last of its stores
  EXPECT_EQ(insn.memory.access_size, 4);
  EXPECT_EQ(insn.memory.displacement, -32);
  EXPECT_EQ(insn.reg.number, kRdi);
  insn = DecodeOk({0xC8, 0x40, 0, 0});  // enter
  EXPECT_TRUE(insn.makes_frame);
  insn = DecodeOk({0x8F, 0x44, 0x24, 0x08});  // pop 8(%rsp): by RSP behind it
  EXPECT_EQ(insn.stack_grows, -8);
  EXPECT_EQ(insn.memory.displacement, 16);
  EXPECT_FALSE(insn.memory.on_stack);
  EXPECT_EQ(DecodeOk({0xE8, 0, 0, 0, 0}).source, Source::kNextRip);
}

TEST(Instruction, SizesAreNotCutShort) {
  EXPECT_EQ(DecodeOk({0x0F, 0xAE, 0x03}).memory.access_size, 512);  // fxsave
  EXPECT_EQ(DecodeOk({0x0F, 0xAE, 0x0B}).memory.access_size, 512);  // fxrstor
}

// A prefix without effect changes nothing; whatever else does.
TEST(Instruction, Fingerprints) {
  const uint64_t mov = DecodeOk({0x89, 0x03}).fingerprint;
  EXPECT_EQ(DecodeOk({0x3E, 0x89, 0x03}).fingerprint, mov);
  EXPECT_EQ(DecodeOk({0x2E, 0x89, 0x03}).fingerprint, mov);
  EXPECT_EQ(DecodeOk({0x40, 0x89, 0x03}).fingerprint, mov);
  EXPECT_NE(DecodeOk({0x64, 0x89, 0x03}).fingerprint, mov);
  EXPECT_NE(DecodeOk({0x44, 0x89, 0x03}).fingerprint, mov);
  const uint64_t movups = DecodeOk({0x0F, 0x11, 0x03}).fingerprint;
  EXPECT_NE(DecodeOk({0x44, 0x0F, 0x11, 0x03}).fingerprint, movups);
  EXPECT_NE(DecodeOk({0x66, 0x0F, 0x11, 0x03}).fingerprint, movups);
  EXPECT_NE(DecodeOk({0x64, 0xA5}).fingerprint, DecodeOk({0xA5}).fingerprint);
}

TEST(Instruction, Ports) {
  Instruction insn = DecodeOk({0xEC});
  EXPECT_EQ(insn.form, Form::kPortIn);
  EXPECT_EQ(insn.port_size, 1);
  EXPECT_FALSE(insn.immediate_port);
  insn = DecodeOk({0x66, 0xE5, 0xF0});
  EXPECT_EQ(insn.port_size, 2);
  EXPECT_TRUE(insn.immediate_port);
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

TEST(Instruction, CodeAddressesAreThoseOfTheMode) {
  kvm_sregs sregs = LongModeSregs(0);
  sregs.cs.base = 0xFFFF0000;  // without effect in 64-bit mode
  EXPECT_EQ(LinearCode(sregs, 0x1'2345'6789), 0x1'2345'6789u);
  sregs.cs.l = 0;
  EXPECT_EQ(LinearCode(sregs, 0x1234), 0xFFFF1234u);
  EXPECT_EQ(LinearCode(sregs, 0x12345), 0x2345u);  // beyond 4 GiB it begins anew
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
  auto linear = [&](const std::vector<uint8_t>& bytes) {
    const Instruction insn = DecodeOk(bytes, CodeModeOf(sregs));
    return LinearAddress(insn.memory, regs, 0x5000, sregs);
  };
  EXPECT_EQ(linear({0x89, 0x04, 0xB0}), 0x180u);                     // (%rax,%rsi,4)
  EXPECT_EQ(linear({0x89, 0x43, 0x10}), 0xFFFFFFFFFFFFF010u);        // 0x10(%rbx)
  EXPECT_EQ(linear({0x67, 0x89, 0x43, 0x10}), 0xFFFFF010u);          // 0x10(%ebx)
  EXPECT_EQ(linear({0x89, 0x05, 0xF0, 0xFF, 0xFF, 0xFF}), 0x4FF0u);  // -16(%rip)
  EXPECT_EQ(linear({0x64, 0x89, 0x00}), 0xF0100u);                   // %fs:(%rax)
  EXPECT_EQ(linear({0x65, 0x89, 0x00}), 0x60100u);                   // %gs:(%rax)
  EXPECT_EQ(linear({0x2E, 0x89, 0x00}), 0x100u);                     // %cs: has no effect
  // A SIB byte without a base: REX.B does not name one.
  EXPECT_EQ(linear({0x67, 0x41, 0x88, 0x04, 0x35, 0x10, 0, 0, 0}), 0x30u);
  EXPECT_EQ(linear({0x67, 0x88, 0x04, 0x25, 0x10, 0, 0, 0}), 0x10u);
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

TEST(Instruction, StacksOfEitherWidth) {
  kvm_regs regs = {};
  regs.rsp = 0x1'0001'0002;
  const uint8_t kPush[] = {0x50};
  for (const CodeMode mode : {CodeMode::k16, CodeMode::k32}) {
    Instruction insn;
    ASSERT_TRUE(Decode(kPush, 1, mode, &insn));
    kvm_sregs sregs = ProtectedModeSregs();
    sregs.cs.db = mode == CodeMode::k32 ? 1 : 0;
    sregs.ss.base = 0x100000;
    const auto size = static_cast<uint64_t>(insn.stack_grows);
    sregs.ss.db = 1;
    EXPECT_EQ(LinearAddress(insn.memory, regs, 0, sregs), 0x110002 - size);
    sregs.ss.db = 0;
    EXPECT_EQ(LinearAddress(insn.memory, regs, 0, sregs), 0x100000 + ((2 - size) & 0xFFFF));
    regs.rsp = 0x1'0001'0000 + ((2 - size) & 0xFFFF);
    EXPECT_EQ(RegistersBefore(insn, Progress::kOver, regs, sregs, 0).rsp, 0x1'0001'0002u);
    regs.rsp = 0x1'0001'0002;
  }
}

TEST(Instruction, RegistersAreMovedBackInTheAddressSize) {
  kvm_regs after = {};
  after.rip = 0x102;
  after.rdi = 0x1234'5678'0000'0000;
  after.rsi = 0xABCD'0000'0000'FFFF;
  after.rcx = 0x7777'7777'FFFF'FFFF;
  const uint8_t kRepMovsb[] = {0xF3, 0xA4};
  Instruction insn;
  kvm_sregs sregs = RealModeSregs();
  ASSERT_TRUE(Decode(kRepMovsb, 2, CodeMode::k16, &insn));
  kvm_regs before = RegistersBefore(insn, Progress::kRepeats, after, sregs, 0);
  EXPECT_EQ(before.rip, after.rip);
  EXPECT_EQ(before.rdi, 0x1234'5678'0000'FFFFu);
  EXPECT_EQ(before.rsi, 0xABCD'0000'0000'FFFEu);
  EXPECT_EQ(before.rcx, 0x7777'7777'FFFF'0000u);
  sregs = ProtectedModeSregs();
  ASSERT_TRUE(Decode(kRepMovsb, 2, CodeMode::k32, &insn));
  before = RegistersBefore(insn, Progress::kRepeats, after, sregs, 0);
  EXPECT_EQ(before.rdi, 0x1234'5678'FFFF'FFFFu);
  EXPECT_EQ(before.rsi, 0xABCD'0000'0000'FFFEu);
  EXPECT_EQ(before.rcx, 0x7777'7777'0000'0000u);
  after.rflags = 1 << 10;  // DF
  EXPECT_EQ(RegistersBefore(insn, Progress::kRepeats, after, sregs, 0).rdi, 0x1234'5678'0000'0001u);
  after.rflags = 0;
  sregs = LongModeSregs(0);
  ASSERT_TRUE(Decode(kRepMovsb, 2, CodeMode::k64, &insn));
  before = RegistersBefore(insn, Progress::kOver, after, sregs, 0);
  EXPECT_EQ(before.rip, 0x100u);
  EXPECT_EQ(before.rdi, 0x1234'5677'FFFF'FFFFu);
}

TEST(Instruction, FramesAreUnmade) {
  const uint8_t kEnter[] = {0xC8, 0x40, 0, 0};
  Instruction insn;
  ASSERT_TRUE(Decode(kEnter, sizeof(kEnter), CodeMode::k64, &insn));
  kvm_regs after = {};
  after.rip = 0x104;
  after.rbp = 0x7FF8;
  after.rsp = 0x7FF8 - 0x40;
  const kvm_regs before =
      RegistersBefore(insn, Progress::kOver, after, LongModeSregs(0), 0x1122334455667788);
  EXPECT_EQ(before.rsp, 0x8000u);
  EXPECT_EQ(before.rbp, 0x1122334455667788u);
  EXPECT_EQ(LinearAddress(insn.memory, before, 0, LongModeSregs(0)), 0x7FF8u);
}

}  // namespace
}  // namespace zircon::vcpu::x86
