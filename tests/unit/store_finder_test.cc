// The backward decoder. Rows: FAULT-8, TRAP-MEM-3, TRAP-MEM-11.

#include "vcpu/x86/store_finder.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "contract.h"
#include "fake/guest_memory.h"
#include "fuzz/store_finder_input.h"

namespace zircon::vcpu::x86 {
namespace {

constexpr uint64_t kCode = 0x20000;
constexpr uint64_t kTables = 0x10000;
constexpr uint64_t kDevice = 0x1000'0000;

using Answer = StoreFinder::Answer;

class StoreFinderTest : public ::testing::Test {
 protected:
  StoreFinderTest() {
    memory_.PutIdentityTables(kTables);
    regs_.rax = 0x8877665544332211;
    regs_.rbx = kDevice;
    regs_.rdi = kDevice;
    regs_.rsp = kDevice + 8;
    regs_.rflags = 2;
  }
  // Puts the code so that its last byte is before RIP, and asks.
  bool Find(const std::vector<uint8_t>& code, uint64_t gpa, uint64_t value, uint32_t size) {
    Put(code);
    return FindHere(gpa, value, size);
  }
  void Put(const std::vector<uint8_t>& code) {
    memory_.Put(kCode, code);
    regs_.rip = kCode + code.size();
  }
  static StoreExit Exit(uint64_t gpa, uint64_t value, uint32_t size) {
    uint8_t data[8];
    std::memcpy(data, &value, sizeof(data));
    return StoreExit(gpa, size, data);
  }
  static void Add(StoreExit* exit, uint64_t gpa, uint64_t value, uint32_t size) {
    uint8_t data[8];
    std::memcpy(data, &value, sizeof(data));
    exit->Add(gpa, size, data);
  }
  // The store is in one piece, and no more are known.
  bool FindHere(uint64_t gpa, uint64_t value, uint32_t size) {
    return Ask(Exit(gpa, value, size)) == Answer::kFound;
  }
  Answer Ask(const StoreExit& exit) { return finder_.Find(view_, regs_, sregs_, exit, &found_); }
  // What the store that was found is executed again with.
  kvm_regs Before() const { return found_.Before(regs_, sregs_); }

  fake::GuestMemory memory_;
  GuestView view_{memory_.space()};
  kvm_sregs sregs_ = fake::LongModeSregs(kTables);
  kvm_regs regs_ = {};
  StoreFinder finder_;
  Store found_;
};

TEST_F(StoreFinderTest, AddressSizeAndValueMustFit) {
  const std::vector<uint8_t> kMov = {0x89, 0x03};
  EXPECT_TRUE(Find(kMov, kDevice, 0x44332211, 4));
  EXPECT_EQ(found_.insn->length, 2);
  EXPECT_EQ(found_.progress, Progress::kOver);
  EXPECT_TRUE(found_.whole);
  EXPECT_FALSE(Find(kMov, kDevice + 4, 0x44332211, 4));
  EXPECT_FALSE(Find(kMov, kDevice, 0x44332212, 4));
  EXPECT_FALSE(Find(kMov, kDevice, 0x2211, 2));  // not at the end of a page
  EXPECT_FALSE(Find(kMov, kDevice, 0x44332211, 8));
}

TEST_F(StoreFinderTest, PiecesAtTheEndOfAPage) {
  regs_.rbx = kDevice + 0xFFD;
  EXPECT_TRUE(Find({0x89, 0x03}, kDevice + 0xFFD, 0x332211, 3));
  EXPECT_EQ(found_.insn->memory.access_size, 4);
  EXPECT_FALSE(found_.whole);
  StoreExit exit = Exit(kDevice + 0xFFD, 0x332211, 3);
  Add(&exit, kDevice + 0x1000, 0x44, 1);
  exit.Complete();
  EXPECT_EQ(Ask(exit), Answer::kFound);
  EXPECT_TRUE(found_.whole);
  // The first part went to memory.
  regs_.rbx = fake::GuestMemory::kSize - 3;
  EXPECT_TRUE(FindHere(fake::GuestMemory::kSize, 0x44, 1));
  EXPECT_TRUE(found_.whole);
  EXPECT_FALSE(FindHere(fake::GuestMemory::kSize, 0x4433, 2));
}

// mov $0x48,%al; mov %eax,(%rbx), or mov %rax,(%rbx)? At the end of a page the first piece fits
// both.
TEST_F(StoreFinderTest, AskForTheOtherPiecesWhileWidthsAreInDoubt) {
  Shows("FAULT-8 TRAP-MEM-11");
  regs_.rax = 0x48;
  regs_.rbx = kDevice + 0xFFC;
  Put({0xB0, 0x48, 0x89, 0x03});
  StoreExit four = Exit(kDevice + 0xFFC, 0x48, 4);
  EXPECT_EQ(Ask(four), Answer::kMorePieces);
  four.Complete();
  EXPECT_EQ(Ask(four), Answer::kFound);
  EXPECT_EQ(found_.insn->length, 2);
  StoreExit eight = Exit(kDevice + 0xFFC, 0x48, 4);
  Add(&eight, kDevice + 0x1000, 0, 4);
  eight.Complete();
  EXPECT_EQ(Ask(eight), Answer::kFound);
  EXPECT_EQ(found_.insn->length, 3);
  // In the middle of a page there is no doubt.
  regs_.rbx = kDevice + 0x10;
  EXPECT_EQ(Ask(Exit(kDevice + 0x10, 0x48, 4)), Answer::kFound);
  EXPECT_EQ(found_.insn->length, 2);
  EXPECT_EQ(Ask(Exit(kDevice + 0x10, 0x48, 8)), Answer::kFound);
  EXPECT_EQ(found_.insn->length, 3);
}

// The rest of the wider one would lie in memory: what is there says whether it was stored, and if
// it may have been, the narrow one is right in any case.
TEST_F(StoreFinderTest, TheRestOfAWiderStoreIsInMemory) {
  Shows("FAULT-8");
  ASSERT_TRUE(memory_.Map(kDevice + 0x1000, 0x1000, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE));
  regs_.rbx = kDevice + 0xFFC;
  Put({0xB0, 0x48, 0x89, 0x03});
  for (const uint64_t upper : {uint64_t{0}, uint64_t{0x99}}) {
    regs_.rax = upper << 32 | 0x48;
    StoreExit exit = Exit(kDevice + 0xFFC, 0x48, 4);
    exit.Complete();
    memory_.Put64(kDevice + 0x1000, 0);
    EXPECT_EQ(Ask(exit), Answer::kFound);
    EXPECT_EQ(found_.insn->length, 2);
  }
  memory_.Put64(kDevice + 0x1000, 0x99);
  StoreExit exit = Exit(kDevice + 0xFFC, 0x48, 4);
  exit.Complete();
  EXPECT_EQ(Ask(exit), Answer::kFound);
  EXPECT_EQ(found_.insn->length, 2);
}

// movups %xmm0,(%rbx) or movups %xmm8,(%rbx): the same widths.
TEST_F(StoreFinderTest, VectorRegistersTellCandidatesApart) {
  Shows("FAULT-8");
  Put({0xB0, 0x44, 0x0F, 0x11, 0x03});
  StoreExit exit = Exit(kDevice, 0x1111, 8);
  Add(&exit, kDevice + 8, 0x2222, 8);
  exit.Complete();
  EXPECT_EQ(Ask(exit), Answer::kVectorRegisters);
  kvm_fpu fpu = {};
  fpu.xmm[0][0] = fpu.xmm[0][1] = 0x11;
  fpu.xmm[0][8] = fpu.xmm[0][9] = 0x22;
  exit.SetVectors(&fpu);
  EXPECT_EQ(Ask(exit), Answer::kFound);
  EXPECT_EQ(found_.insn->length, 3);
  std::swap(fpu.xmm[0], fpu.xmm[8]);
  exit.SetVectors(&fpu);
  EXPECT_EQ(Ask(exit), Answer::kFound);
  EXPECT_EQ(found_.insn->length, 4);
  // Without another candidate nobody asks.
  Put({0x90, 0x0F, 0x11, 0x03});
  EXPECT_EQ(Ask(Exit(kDevice, 1, 8)), Answer::kFound);
  EXPECT_FALSE(found_.whole);
}

// movsl or movsl %fs:(%rsi),…: what it has copied.
TEST_F(StoreFinderTest, TheSourceInMemoryTellsCandidatesApart) {
  sregs_.fs.base = 0x1000;
  memory_.Put32(0x5000, 0x55);
  memory_.Put32(0x6000, 0x66);
  regs_.rsi = 0x5004;
  regs_.rdi = kDevice + 4;
  EXPECT_TRUE(Find({0xB0, 0x64, 0xA5}, kDevice, 0x55, 4));
  EXPECT_EQ(found_.insn->length, 1);
  EXPECT_TRUE(Find({0xB0, 0x64, 0xA5}, kDevice, 0x66, 4));
  EXPECT_EQ(found_.insn->length, 2);
}

// The same where the page ends inside of what is stored: the pieces, and what went to memory, tell.
TEST_F(StoreFinderTest, TheSourceInMemoryTellsPiecesApart) {
  Shows("FAULT-8 TRAP-MEM-11");
  sregs_.fs.base = 0x1000;
  memory_.Put32(0x5000, 0x44332255);
  memory_.Put32(0x6000, 0x44332266);
  regs_.rsi = 0x5004;
  regs_.rdi = kDevice + 0xFFD + 4;
  EXPECT_TRUE(Find({0xB0, 0x64, 0xA5}, kDevice + 0xFFD, 0x332255, 3));
  EXPECT_EQ(found_.insn->length, 1);
  EXPECT_TRUE(FindHere(kDevice + 0xFFD, 0x332266, 3));
  EXPECT_EQ(found_.insn->length, 2);
  // Where what has come is the same, the rest is asked for.
  memory_.Put32(0x6000, 0x66332255);
  StoreExit exit = Exit(kDevice + 0xFFD, 0x332255, 3);
  EXPECT_EQ(Ask(exit), Answer::kMorePieces);
  Add(&exit, kDevice + 0x1000, 0x44, 1);
  exit.Complete();
  EXPECT_EQ(Ask(exit), Answer::kFound);
  EXPECT_EQ(found_.insn->length, 1);
  // The last piece alone.
  regs_.rdi = fake::GuestMemory::kSize - 3 + 4;
  memory_.Put32(fake::GuestMemory::kSize - 4, 0x33225500);
  EXPECT_TRUE(FindHere(fake::GuestMemory::kSize, 0x44, 1));
  EXPECT_EQ(found_.insn->length, 1);
  EXPECT_TRUE(FindHere(fake::GuestMemory::kSize, 0x66, 1));
  EXPECT_EQ(found_.insn->length, 2);
  // Memory.
  memory_.Put32(0x6000, 0x44332266);
  EXPECT_TRUE(FindHere(fake::GuestMemory::kSize, 0x44, 1));
  EXPECT_EQ(found_.insn->length, 1);
  memory_.Put32(fake::GuestMemory::kSize - 4, 0x33226600);
  EXPECT_TRUE(FindHere(fake::GuestMemory::kSize, 0x44, 1));
  EXPECT_EQ(found_.insn->length, 2);
}

// ENTER has put RSP into RBP: what RBP was is known by the store alone, and from all of it.
TEST_F(StoreFinderTest, WhatEnterHasPushedIsPutTogether) {
  Shows("FAULT-8 TRAP-MEM-11");
  constexpr uint64_t kRbp = 0x8877665544332211;
  Put({0xC8, 0x10, 0x00, 0x00});
  const auto entered = [this](uint64_t frame) {
    regs_.rbp = frame;
    regs_.rsp = frame - 0x10;
  };
  const auto is_back = [this](uint64_t frame) {
    const kvm_regs before = Before();
    return before.rbp == kRbp && before.rsp == frame + 8 && before.rip == kCode;
  };
  // In one piece.
  entered(kDevice + 0x100);
  EXPECT_EQ(Ask(Exit(kDevice + 0x100, kRbp, 8)), Answer::kFound);
  EXPECT_TRUE(is_back(kDevice + 0x100));
  // In two.
  entered(kDevice + 0xFFD);
  StoreExit exit = Exit(kDevice + 0xFFD, kRbp & 0xFFFFFF, 3);
  EXPECT_EQ(Ask(exit), Answer::kMorePieces);
  Add(&exit, kDevice + 0x1000, kRbp >> 24, 5);
  exit.Complete();
  EXPECT_EQ(Ask(exit), Answer::kFound);
  EXPECT_TRUE(is_back(kDevice + 0xFFD));
  // The first part went to memory, and the rest is all that is reported.
  constexpr uint64_t kEdge = fake::GuestMemory::kSize;
  entered(kEdge - 3);
  std::memcpy(memory_.at(kEdge - 3), &kRbp, 3);
  EXPECT_EQ(Ask(Exit(kEdge, kRbp >> 24, 5)), Answer::kFound);
  EXPECT_TRUE(found_.whole);
  EXPECT_TRUE(is_back(kEdge - 3));
}

TEST_F(StoreFinderTest, APrefixWithoutEffectBelongsToTheInstructionBefore) {
  // mov $0x3E,%cl; mov %eax,(%rbx): 3E is also a segment prefix.
  EXPECT_TRUE(Find({0xB1, 0x3E, 0x89, 0x03}, kDevice, 0x44332211, 4));
  EXPECT_EQ(found_.insn->length, 2);
  // A prefix with effect: 16 bits.
  EXPECT_TRUE(Find({0xB1, 0x66, 0x89, 0x03}, kDevice, 0x2211, 2));
  EXPECT_EQ(found_.insn->length, 3);
}

// mov $0x67,%al; movsb in 16-bit code: by 32-bit addresses it would have cleared the upper halves.
TEST_F(StoreFinderTest, WhatTheRegistersCannotComeFromIsNot) {
  Shows("FAULT-8 TRAP-MEM-3");
  sregs_ = fake::RealModeSregs();
  sregs_.es.base = kDevice;
  regs_.rsi = 0x5001;
  regs_.rdi = 0x101;
  EXPECT_TRUE(Find({0xB0, 0x67, 0xA4}, kDevice + 0x100, 0, 1));
  EXPECT_EQ(found_.insn->length, 2);
  for (__u64* const reg : {&regs_.rsi, &regs_.rdi}) {
    *reg |= uint64_t{1} << 32;
    EXPECT_TRUE(FindHere(kDevice + 0x100, 0, 1));
    EXPECT_EQ(found_.insn->length, 1);
    EXPECT_EQ(Before().rdi >> 32, regs_.rdi >> 32);
    *reg &= 0xFFFF;
  }
}

// What it has copied cannot be seen any more.
TEST_F(StoreFinderTest, OneThatHasStoredOverItsOwnSourceIsFound) {
  Shows("FAULT-8");
  constexpr uint64_t kEdge = fake::GuestMemory::kSize;
  constexpr uint8_t kLeft[] = {0x11, 0x22, 0x33, 0x11, 0x22};  // there was 44 behind 33
  std::memcpy(memory_.at(kEdge - sizeof(kLeft)), kLeft, sizeof(kLeft));
  regs_.rsi = kEdge - 1;
  regs_.rdi = kEdge + 2;
  EXPECT_TRUE(Find({0xA5}, kEdge, 0x4433, 2));
  EXPECT_EQ(Before().rsi, kEdge - 5);
  EXPECT_EQ(Before().rdi, kEdge - 2);
}

TEST_F(StoreFinderTest, TheSameCodeAgainWithOtherRegisters) {
  EXPECT_TRUE(Find({0x89, 0x03}, kDevice, 0x44332211, 4));
  regs_.rax = 1;
  regs_.rbx = kDevice + 0x100;
  EXPECT_TRUE(FindHere(kDevice + 0x100, 1, 4));
  EXPECT_FALSE(FindHere(kDevice, 1, 4));
}

TEST_F(StoreFinderTest, CodeAtTheBeginningOfAPageWithNothingBefore) {
  ASSERT_TRUE(memory_.Map(0x800000, 0x1000, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE));
  memory_.Put(0x800000, {0x89, 0x03});
  regs_.rip = 0x800002;
  EXPECT_TRUE(FindHere(kDevice, 0x44332211, 4));
  regs_.rip = 0x801000;
  EXPECT_FALSE(FindHere(kDevice, 0x44332211, 4));
  memory_.Put(0x800FFE, {0x89, 0x03});
  EXPECT_TRUE(FindHere(kDevice, 0x44332211, 4));
}

TEST_F(StoreFinderTest, NothingBeginsBeforeTheSegment) {
  Shows("TRAP-MEM-3");
  // mov %al,0x10000000; with the byte before: add %ah,0x10000000(%edx).
  sregs_ = fake::ProtectedModeSregs();
  sregs_.cs.base = kCode;
  memory_.Put(kCode - 1, {0x00, 0xA2, 0x00, 0x00, 0x00, 0x10});
  regs_.rip = 5;
  EXPECT_TRUE(FindHere(kDevice, 0x11, 1));
  EXPECT_EQ(found_.insn->length, 5);
  sregs_.cs.base = kCode - 1;
  regs_.rip = 6;
  EXPECT_TRUE(FindHere(kDevice, 0x11, 1));
  EXPECT_EQ(found_.insn->length, 6);
}

TEST_F(StoreFinderTest, CodeThatIsNotMapped) {
  regs_.rip = 0x2000'0000;
  EXPECT_FALSE(FindHere(kDevice, 0x44332211, 4));
  regs_.rip = 0;
  EXPECT_FALSE(FindHere(kDevice, 0x44332211, 4));
}

TEST_F(StoreFinderTest, RealAndProtectedMode) {
  Shows("TRAP-MEM-14");
  sregs_ = fake::RealModeSregs();
  sregs_.cs.base = 0x10000;
  sregs_.ds.base = kDevice;
  regs_.rbx = 0x40;
  memory_.Put(kCode, {0x89, 0x07});  // mov %ax,(%bx)
  regs_.rip = kCode - 0x10000 + 2;
  EXPECT_TRUE(FindHere(kDevice + 0x40, 0x2211, 2));
  sregs_ = fake::ProtectedModeSregs();
  regs_.rbx = kDevice;
  EXPECT_TRUE(Find({0x89, 0x03}, kDevice, 0x44332211, 4));
}

TEST_F(StoreFinderTest, StringsHaveMovedTheirRegisters) {
  regs_.rdi = kDevice + 4;
  EXPECT_TRUE(Find({0x90, 0xAB}, kDevice, 0x44332211, 4));
  EXPECT_EQ(found_.insn->length, 1);
  regs_.rflags |= 1 << 10;
  regs_.rdi = kDevice - 4;
  EXPECT_TRUE(Find({0x90, 0xAB}, kDevice, 0x44332211, 4));
  regs_.rflags = 2;
  // KVM leaves no REP behind: this is a STOS behind a byte F3.
  regs_.rdi = kDevice + 4;
  for (const uint64_t count : {0, 3}) {
    regs_.rcx = count;
    EXPECT_TRUE(Find({0x90, 0xF3, 0xAB}, kDevice, 0x44332211, 4));
    EXPECT_EQ(found_.insn->length, 1);
    EXPECT_EQ(Before().rcx, count);
  }
  // In the address size: DI was 0xFFFF.
  sregs_ = fake::RealModeSregs();
  sregs_.es.base = kDevice;
  regs_.rdi = 0x50000;
  EXPECT_TRUE(Find({0x90, 0xAA}, kDevice + 0xFFFF, 0x11, 1));
  EXPECT_EQ(Before().rdi, 0x5FFFFu);
}

// RFLAGS.RF: KVM is in the middle of a REP, whatever ends at RIP.
TEST_F(StoreFinderTest, ARepeatedStringStandsAtRip) {
  Shows("TRAP-MEM-13 TRAP-BELL-13");
  memory_.Put(kCode, {0x90, 0x90, 0xB0, 0xAA, 0xF3, 0xAA, 0x90});
  regs_.rip = kCode + 4;
  regs_.rax = 0xAA;
  regs_.rdi = kDevice + 1;
  for (const uint64_t left : {9, 0}) {
    regs_.rcx = left;
    regs_.rflags = 0x10002;
    EXPECT_TRUE(FindHere(kDevice, 0xAA, 1));
    EXPECT_EQ(found_.progress, Progress::kRepeats);
    EXPECT_EQ(found_.insn->length, 2);
    EXPECT_EQ(Before().rip, kCode + 4);
    EXPECT_EQ(Before().rcx, left + 1);
    EXPECT_FALSE(FindHere(kDevice + 8, 0xAA, 1));
    // The STOS before the REP: AA ends at RIP.
    regs_.rflags = 2;
    EXPECT_TRUE(FindHere(kDevice, 0xAA, 1));
    EXPECT_EQ(found_.progress, Progress::kOver);
    EXPECT_EQ(found_.insn->length, 1);
  }
}

TEST_F(StoreFinderTest, Undo) {
  ASSERT_TRUE(Find({0x89, 0x03}, kDevice, 0x44332211, 4));
  EXPECT_EQ(Before().rip, kCode);
  // push %rax; push $1
  for (const std::vector<uint8_t>& push :
       {std::vector<uint8_t>{0x50}, std::vector<uint8_t>{0x68, 1, 0, 0, 0}}) {
    regs_.rsp = kDevice;
    ASSERT_TRUE(Find(push, kDevice, push.size() == 1 ? regs_.rax : 1, 8));
    EXPECT_EQ(Before().rip, kCode);
    EXPECT_EQ(Before().rsp, kDevice + 8);
  }
  // movsl, upwards and downwards
  for (const bool down : {false, true}) {
    regs_.rflags = down ? 0x402 : 0x2;
    regs_.rdi = down ? kDevice - 4 : kDevice + 4;
    regs_.rsi = 0x5000;
    ASSERT_TRUE(Find({0xA5}, kDevice, 0, 4));
    EXPECT_EQ(Before().rdi, kDevice);
    EXPECT_EQ(Before().rsi, down ? 0x5004u : 0x4FFCu);
    EXPECT_EQ(Before().rcx, regs_.rcx);
    EXPECT_EQ(Before().rip, kCode);
  }
}

// What tests/fuzz does with a coverage-guided fuzzer, for a while and at random.
TEST(StoreFinderFuzz, RandomInputs) {
  Shows("FAULT-8 TRAP-MEM-3 TRAP-MEM-11 TRAP-MEM-14");
  fuzz::StoreFinderInput input;
  std::mt19937_64 random(20181224);
  // What stores begin with, so that many inputs are one.
  const uint8_t kOpcodes[] = {0x88, 0x89, 0xC6, 0xC7, 0xA2, 0xA3, 0x66, 0x67, 0x48, 0x4C,
                              0x44, 0x64, 0x65, 0x26, 0x0F, 0xAA, 0xAB, 0xA4, 0xA5, 0xF3,
                              0x50, 0x1E, 0x6A, 0x60, 0x8C, 0x8F, 0xC8, 0xFF, 0x41, 0x9C};
  int played = 0;
  for (int i = 0; i < 20000; ++i) {
    std::vector<uint8_t> bytes(fuzz::StoreFinderInput::kHeaderSize + 48);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    // The store begins behind up to 15 bytes.
    uint8_t* code = &bytes[fuzz::StoreFinderInput::kHeaderSize];
    code += bytes[fuzz::StoreFinderInput::kHeaderSize - 2] % 16;
    const size_t prefixes = random() % 3;
    for (size_t p = 0; p <= prefixes; ++p) code[p] = kOpcodes[random() % std::size(kOpcodes)];
    if (i % 100 == 0) bytes.resize(random() % 60);
    played += input.Play(bytes.data(), bytes.size());
  }
  EXPECT_GT(played, 2000);  // else the test plays nothing
}

}  // namespace
}  // namespace zircon::vcpu::x86
