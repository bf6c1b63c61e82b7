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
    memory_.Put(kCode, code);
    regs_.rip = kCode + code.size();
    return FindHere(gpa, value, size);
  }
  bool FindHere(uint64_t gpa, uint64_t value, uint32_t size) {
    uint8_t data[8];
    std::memcpy(data, &value, sizeof(data));
    return finder_.Find(view_, regs_, sregs_, {gpa, size, data}, &found_);
  }

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
  EXPECT_EQ(found_.insn.length, 2);
  EXPECT_FALSE(found_.at_rip);
  EXPECT_FALSE(Find(kMov, kDevice + 4, 0x44332211, 4));
  EXPECT_FALSE(Find(kMov, kDevice, 0x44332212, 4));
  EXPECT_FALSE(Find(kMov, kDevice, 0x2211, 2));  // not at the end of a page
  EXPECT_FALSE(Find(kMov, kDevice, 0x44332211, 8));
}

TEST_F(StoreFinderTest, PiecesAtTheEndOfAPage) {
  regs_.rbx = kDevice + 0xFFD;
  EXPECT_TRUE(Find({0x89, 0x03}, kDevice + 0xFFD, 0x332211, 3));
  EXPECT_EQ(found_.insn.memory.access_size, 4);
}

TEST_F(StoreFinderTest, APrefixWithoutEffectBelongsToTheInstructionBefore) {
  // mov $0x3E,%cl; mov %eax,(%rbx): 3E is also a segment prefix.
  EXPECT_TRUE(Find({0xB1, 0x3E, 0x89, 0x03}, kDevice, 0x44332211, 4));
  EXPECT_EQ(found_.insn.length, 2);
  // A prefix with effect: 16 bits.
  EXPECT_TRUE(Find({0xB1, 0x66, 0x89, 0x03}, kDevice, 0x2211, 2));
  EXPECT_EQ(found_.insn.length, 3);
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
  sregs_.ds.base = 0xB8000;
  regs_.rbx = 0x40;
  memory_.Put(kCode, {0x89, 0x07});  // mov %ax,(%bx)
  regs_.rip = kCode - 0x10000 + 2;
  EXPECT_TRUE(FindHere(0xB8040, 0x2211, 2));
  sregs_ = fake::ProtectedModeSregs();
  regs_.rbx = kDevice;
  EXPECT_TRUE(Find({0x89, 0x03}, kDevice, 0x44332211, 4));
}

TEST_F(StoreFinderTest, StringsHaveMovedTheirRegisters) {
  regs_.rdi = kDevice + 4;
  EXPECT_TRUE(Find({0x90, 0xAB}, kDevice, 0x44332211, 4));
  EXPECT_EQ(found_.insn.length, 1);
  regs_.rflags |= 1 << 10;
  regs_.rdi = kDevice - 4;
  EXPECT_TRUE(Find({0x90, 0xAB}, kDevice, 0x44332211, 4));
  regs_.rflags = 2;
  // The last iteration of a repeated one: RIP past it, RCX = 0.
  regs_.rdi = kDevice + 4;
  regs_.rcx = 0;
  EXPECT_TRUE(Find({0x90, 0xF3, 0xAB}, kDevice, 0x44332211, 4));
  EXPECT_EQ(found_.insn.length, 2);
  // With RCX left, what ends there is no REP.
  regs_.rcx = 3;
  EXPECT_TRUE(Find({0x90, 0xF3, 0xAB}, kDevice, 0x44332211, 4));
  EXPECT_EQ(found_.insn.length, 1);
}

TEST_F(StoreFinderTest, ARepeatedStringStandsAtRip) {
  memory_.Put(kCode, {0x90, 0x90, 0x90, 0x90, 0xF3, 0xA4, 0x90});
  regs_.rip = kCode + 4;
  regs_.rdi = kDevice + 1;
  regs_.rcx = 9;
  EXPECT_TRUE(FindHere(kDevice, 0x77, 1));
  EXPECT_TRUE(found_.at_rip);
  EXPECT_EQ(found_.insn.length, 2);
  EXPECT_FALSE(FindHere(kDevice + 8, 0x77, 1));
}

TEST_F(StoreFinderTest, Undo) {
  kvm_regs regs = regs_;
  ASSERT_TRUE(Find({0x89, 0x03}, kDevice, 0x44332211, 4));
  regs = regs_;
  UndoStore(found_, &regs);
  EXPECT_EQ(regs.rip, kCode);
  // push %rax; call *%rax
  for (const std::vector<uint8_t>& push :
       {std::vector<uint8_t>{0x50}, std::vector<uint8_t>{0x68, 1, 0, 0, 0}}) {
    regs_.rsp = kDevice;
    ASSERT_TRUE(Find(push, kDevice, push.size() == 1 ? regs_.rax : 1, 8));
    regs = regs_;
    UndoStore(found_, &regs);
    EXPECT_EQ(regs.rip, kCode);
    EXPECT_EQ(regs.rsp, kDevice + 8);
  }
  // movsl, upwards and downwards
  for (const bool down : {false, true}) {
    regs_.rflags = down ? 0x402 : 0x2;
    regs_.rdi = down ? kDevice - 4 : kDevice + 4;
    regs_.rsi = 0x5000;
    ASSERT_TRUE(Find({0xA5}, kDevice, 0, 4));
    regs = regs_;
    UndoStore(found_, &regs);
    EXPECT_EQ(regs.rdi, kDevice);
    EXPECT_EQ(regs.rsi, down ? 0x5004u : 0x4FFCu);
    EXPECT_EQ(regs.rcx, regs_.rcx);
    EXPECT_EQ(regs.rip, kCode);
  }
}

TEST(StoreFinderFuzz, RandomInputs) {
  fuzz::StoreFinderInput input;
  std::mt19937_64 random(20181224);
  // What stores begin with, so that many inputs are one.
  const uint8_t kOpcodes[] = {0x88, 0x89, 0xC6, 0xC7, 0xA2, 0xA3, 0x66, 0x67,
                              0x48, 0x4C, 0x44, 0x64, 0x65, 0x0F, 0xAB, 0xF3};
  int played = 0;
  for (int i = 0; i < 6000; ++i) {
    std::vector<uint8_t> bytes(100 + random() % 40);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    constexpr size_t kCodeOffset = 1 + 64 + 1 + 1;
    const size_t prefixes = random() % 3;
    for (size_t p = 0; p <= prefixes; ++p) {
      bytes[kCodeOffset + p] = kOpcodes[random() % std::size(kOpcodes)];
    }
    if (i % 100 == 0) bytes.resize(random() % 60);
    played += input.Play(bytes.data(), bytes.size());
  }
  EXPECT_GT(played, 500);  // else the test plays nothing
}

}  // namespace
}  // namespace zircon::vcpu::x86
