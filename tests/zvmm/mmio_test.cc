// How zvmm carries out trapped accesses to memory.

#include "mmio/mmio_decode.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "mmio/mmio_execute.h"
#include "mmio/page_walk.h"

namespace zvmm {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint64_t kDevice = 0xFEC00010;

constexpr uint64_t kCf = 1 << 0;
constexpr uint64_t kBit1 = 1 << 1;
constexpr uint64_t kPf = 1 << 2;
constexpr uint64_t kAf = 1 << 4;
constexpr uint64_t kZf = 1 << 6;
constexpr uint64_t kSf = 1 << 7;
constexpr uint64_t kOf = 1 << 11;

// A register of a device: gives `value`, and keeps what is written.
class FakeDevice : public MmioDevice {
 public:
  std::string_view name() const override { return "fake"; }
  uint64_t Read(uint64_t address, uint8_t size) override {
    log += "r" + std::to_string(size);
    EXPECT_EQ(address, kDevice);
    return value;
  }
  void Write(uint64_t address, uint8_t size, uint64_t written) override {
    log += "w" + std::to_string(size);
    EXPECT_EQ(address, kDevice);
    value = written;
  }
  uint64_t value = 0;
  std::string log;
};

class MmioTest : public testing::Test {
 protected:
  // Decodes and executes; gives whether the state changed.
  bool Run(const Bytes& code) {
    const auto instruction = DecodeMmio(code);
    EXPECT_TRUE(instruction.ok()) << instruction.status();
    if (!instruction.ok()) {
      return false;
    }
    EXPECT_EQ(instruction->length, code.size());
    return ExecuteMmio(*instruction, kDevice, device_, state_);
  }

  FakeDevice device_;
  zx_vcpu_state_t state_ = {};
};

TEST_F(MmioTest, StoresOfRegisters) {
  state_.rax = 0x1122334455667788;
  state_.r9 = 0x99AABBCCDDEEFF00;
  EXPECT_FALSE(Run({0x89, 0x02})) << "mov [rdx], eax";
  EXPECT_EQ(device_.value, 0x55667788u);
  Run({0x88, 0x22});  // mov [rdx], ah
  EXPECT_EQ(device_.value, 0x77u);
  Run({0x66, 0x89, 0x02});  // mov [rdx], ax
  EXPECT_EQ(device_.value, 0x7788u);
  Run({0x4C, 0x89, 0x0A});  // mov [rdx], r9
  EXPECT_EQ(device_.value, 0x99AABBCCDDEEFF00);
  EXPECT_EQ(device_.log, "w4w1w2w8");
}

TEST_F(MmioTest, ByteRegistersWithRexAreTheLowOnes) {
  state_.rsi = 0xAABB;
  state_.rdx = 0x1100;
  Run({0x40, 0x88, 0x30});  // mov [rax], sil
  EXPECT_EQ(device_.value, 0xBBu);
  Run({0x88, 0x30});  // mov [rax], dh
  EXPECT_EQ(device_.value, 0x11u);
}

TEST_F(MmioTest, StoresOfImmediates) {
  Run({0xC7, 0x02, 0x78, 0x56, 0x34, 0x12});  // mov dword [rdx], 0x12345678
  EXPECT_EQ(device_.value, 0x12345678u);
  Run({0xC6, 0x02, 0xFE});  // mov byte [rdx], 0xFE
  EXPECT_EQ(device_.value, 0xFEu);
  Run({0x66, 0xC7, 0x02, 0x34, 0x12});  // mov word [rdx], 0x1234
  EXPECT_EQ(device_.value, 0x1234u);
  Run({0x48, 0xC7, 0x02, 0xFF, 0xFF, 0xFF, 0xFF});  // mov qword [rdx], -1
  EXPECT_EQ(device_.value, ~uint64_t{0}) << "sign-extended";
}

TEST_F(MmioTest, Loads) {
  device_.value = 0x8877665544332211;
  const auto reset = [this] { state_.rax = state_.r8 = ~uint64_t{0}; };
  reset();
  EXPECT_TRUE(Run({0x8B, 0x02})) << "mov eax, [rdx]";
  EXPECT_EQ(state_.rax, 0x44332211u) << "the upper half is cleared";
  reset();
  Run({0x66, 0x8B, 0x02});  // mov ax, [rdx]
  EXPECT_EQ(state_.rax, 0xFFFFFFFFFFFF2211);
  reset();
  Run({0x8A, 0x02});  // mov al, [rdx]
  EXPECT_EQ(state_.rax, 0xFFFFFFFFFFFFFF11);
  reset();
  Run({0x8A, 0x22});  // mov ah, [rdx]
  EXPECT_EQ(state_.rax, 0xFFFFFFFFFFFF11FF);
  reset();
  Run({0x4C, 0x8B, 0x02});  // mov r8, [rdx]
  EXPECT_EQ(state_.r8, 0x8877665544332211);
  EXPECT_EQ(state_.rflags & kBit1, 0u) << "a load leaves the flags alone";
}

TEST_F(MmioTest, ExtendingLoads) {
  device_.value = 0x80;
  state_.rax = ~uint64_t{0};
  Run({0x0F, 0xB6, 0x02});  // movzx eax, byte [rdx]
  EXPECT_EQ(state_.rax, 0x80u);
  Run({0x0F, 0xBE, 0x02});  // movsx eax, byte [rdx]
  EXPECT_EQ(state_.rax, 0xFFFFFF80u);
  Run({0x48, 0x0F, 0xBE, 0x02});  // movsx rax, byte [rdx]
  EXPECT_EQ(state_.rax, 0xFFFFFFFFFFFFFF80);
  device_.value = 0x80000000;
  Run({0x48, 0x63, 0x02});  // movsxd rax, dword [rdx]
  EXPECT_EQ(state_.rax, 0xFFFFFFFF80000000);
  device_.value = 0xFFFF1234;
  Run({0x0F, 0xB7, 0x02});  // movzx eax, word [rdx]
  EXPECT_EQ(state_.rax, 0x1234u);
}

TEST_F(MmioTest, AbsoluteAddressForms) {
  device_.value = 0x55;
  Run({0xA1, 0x10, 0, 0xC0, 0xFE, 0, 0, 0, 0});  // mov eax, [0xFEC00010]
  EXPECT_EQ(state_.rax, 0x55u);
  state_.rax = 0x66;
  Run({0xA3, 0x10, 0, 0xC0, 0xFE, 0, 0, 0, 0});  // mov [0xFEC00010], eax
  EXPECT_EQ(device_.value, 0x66u);
}

TEST_F(MmioTest, Exchange) {
  device_.value = 5;
  state_.rcx = 6;
  EXPECT_TRUE(Run({0x87, 0x0A}));  // xchg [rdx], ecx
  EXPECT_EQ(device_.value, 6u);
  EXPECT_EQ(state_.rcx, 5u);
  EXPECT_EQ(device_.log, "r4w4");
}

TEST_F(MmioTest, ComputeIntoMemory) {
  device_.value = 0x0F;
  EXPECT_TRUE(Run({0x81, 0x0A, 0xF0, 0, 0, 0x80}));  // or dword [rdx], 0x800000F0
  EXPECT_EQ(device_.value, 0x800000FFu);
  EXPECT_EQ(state_.rflags, kBit1 | kSf | kPf);
  EXPECT_EQ(device_.log, "r4w4");
  device_.value = 1;
  Run({0x83, 0x22, 0xFE});  // and dword [rdx], -2
  EXPECT_EQ(device_.value, 0u);
  EXPECT_EQ(state_.rflags, kBit1 | kZf | kPf);
}

TEST_F(MmioTest, ComputeIntoRegister) {
  device_.value = 0xFFFFFFFF;
  state_.rax = 1;
  Run({0x03, 0x02});  // add eax, [rdx]
  EXPECT_EQ(state_.rax, 0u);
  EXPECT_EQ(state_.rflags, kBit1 | kCf | kZf | kPf | kAf);
  EXPECT_EQ(device_.log, "r4") << "memory is only read";
  device_.value = 1;
  state_.rax = 0x80000000;
  Run({0x2B, 0x02});  // sub eax, [rdx]
  EXPECT_EQ(state_.rax, 0x7FFFFFFFu);
  EXPECT_EQ(state_.rflags, kBit1 | kOf | kPf | kAf);
}

TEST_F(MmioTest, TestAndCompareOnlySetFlags) {
  device_.value = 0x10;
  Run({0xF6, 0x02, 0x10});  // test byte [rdx], 0x10
  EXPECT_EQ(state_.rflags & kZf, 0u);
  Run({0xF6, 0x02, 0x01});
  EXPECT_NE(state_.rflags & kZf, 0u);
  Run({0x81, 0x3A, 0x11, 0, 0, 0});  // cmp dword [rdx], 0x11
  EXPECT_EQ(state_.rflags & (kCf | kSf | kZf), kCf | kSf);
  state_.rax = 0x11;
  Run({0x3B, 0x02});  // cmp eax, [rdx]: the register is on the left
  EXPECT_EQ(state_.rflags & (kCf | kSf | kZf), 0u);
  EXPECT_EQ(device_.value, 0x10u);
  EXPECT_EQ(device_.log, "r1r1r4r4");
}

TEST_F(MmioTest, OtherFlagsSurvive) {
  constexpr uint64_t kDf = 1 << 10;
  state_.rflags = kDf | kCf;
  Run({0xF6, 0x02, 0x01});
  EXPECT_EQ(state_.rflags, kDf | kBit1 | kZf | kPf);
}

// The arithmetic against the processor's own.
TEST_F(MmioTest, FlagsAgreeWithTheProcessor) {
  constexpr uint64_t kStatus = kCf | kPf | kAf | kZf | kSf | kOf;
  const uint8_t values[] = {0, 1, 2, 0x0F, 0x10, 0x7F, 0x80, 0x81, 0xF0, 0xFE, 0xFF};
  for (const uint8_t left : values) {
    for (const uint8_t right : values) {
      uint64_t flags;
      uint8_t result = left;
      asm("addb %2, %1\n\tpushfq\n\tpopq %0" : "=r"(flags), "+q"(result) : "q"(right) : "cc");
      device_.value = left;
      state_.rcx = right;
      Run({0x00, 0x0A});  // add [rdx], cl
      EXPECT_EQ(device_.value, result);
      EXPECT_EQ(state_.rflags & kStatus, flags & kStatus) << +left << " + " << +right;

      result = left;
      asm("subb %2, %1\n\tpushfq\n\tpopq %0" : "=r"(flags), "+q"(result) : "q"(right) : "cc");
      device_.value = left;
      Run({0x28, 0x0A});  // sub [rdx], cl
      EXPECT_EQ(device_.value, result);
      EXPECT_EQ(state_.rflags & kStatus, flags & kStatus) << +left << " - " << +right;

      result = left;
      asm("xorb %2, %1\n\tpushfq\n\tpopq %0" : "=r"(flags), "+q"(result) : "q"(right) : "cc");
      device_.value = left;
      Run({0x30, 0x0A});  // xor [rdx], cl
      EXPECT_EQ(device_.value, result);
      constexpr uint64_t kLogic = kStatus & ~kAf;  // Undefined after logic.
      EXPECT_EQ(state_.rflags & kLogic, flags & kLogic) << +left << " ^ " << +right;
    }
  }
}

TEST(DecodeMmioTest, RefusesWhatItDoesNotUnderstand) {
  const Bytes codes[] = {
      {},
      {0x89},                    // Cut off.
      {0x89, 0xC2},              // mov edx, eax: no memory
      {0xA5},                    // movsd
      {0x0F, 0x11, 0x02},        // movups [rdx], xmm0
      {0x8C, 0x02},              // mov [rdx], es
      {0xF7, 0x32},              // div dword [rdx]
      {0xFF, 0x32},              // push qword [rdx]
      {0xFF, 0x12},              // call [rdx]
      {0x8F, 0x02},              // pop qword [rdx]
      {0xC5, 0xFA, 0x6F, 0x02},  // vmovdqu xmm0, [rdx]
      {0x06},                    // Invalid in 64-bit code.
  };
  for (const Bytes& code : codes) {
    EXPECT_FALSE(DecodeMmio(code).ok());
  }
  EXPECT_EQ(DecodeMmio(Bytes{0xFF, 0x32, 0x90}).status().message(),
            "instruction not understood: ff 32");
}

// Page tables in a small RAM: one 4-KiB page for each entry, made on demand.
class PageTableTest : public testing::Test {
 protected:
  static constexpr uint64_t kCr3 = 0x1000;
  static constexpr uint64_t kUserBits = 0x67;  // Present, writable, user, accessed, dirty.

  void Map(uint64_t linear, uint64_t physical, int levels, int leaf_level = 1) {
    uint64_t table = kCr3;
    for (int level = levels; level > leaf_level; --level) {
      uint64_t& entry = Entry(table, linear, level);
      if (entry == 0) {
        entry = next_table_ | kUserBits;
        next_table_ += 0x1000;
      }
      table = entry & 0xFFFFFFFFFF000;
    }
    Entry(table, linear, leaf_level) =
        physical | kUserBits | (leaf_level > 1 ? 0x80 : 0) | (uint64_t{1} << 63);
  }

  uint64_t& Entry(uint64_t table, uint64_t linear, int level) {
    const uint64_t index = (linear >> (12 + 9 * (level - 1))) & 511;
    return *reinterpret_cast<uint64_t*>(ram_.data() + table + 8 * index);
  }

  void Put(uint64_t physical, const Bytes& code) {
    std::memcpy(ram_.data() + physical, code.data(), code.size());
  }

  uint64_t next_table_ = 0x2000;
  std::vector<uint8_t> ram_ = std::vector<uint8_t>(4 << 20);
  MemoryView memory_{ram_.data(), ram_.size()};
};

TEST_F(PageTableTest, Translates) {
  Map(0xFFFFFFFF81234000, 0x5000, 4);
  Map(0xFFFF888000000000, 0x200000, 4, 2);
  Map(0x4000000000, 0x40000000, 4, 3);
  const auto translate = [this](uint64_t linear) {
    return TranslateLinear(memory_, kCr3 | 0x18, linear, PagingLevels::kFour);
  };
  EXPECT_EQ(translate(0xFFFFFFFF81234567), 0x5567u);
  EXPECT_EQ(translate(0xFFFF88800012ABCD), 0x32ABCDu);
  EXPECT_EQ(translate(0x4012345678), 0x52345678u);
  EXPECT_EQ(translate(0xFFFFFFFF81235000), std::nullopt);
  EXPECT_EQ(TranslateLinear(memory_, 0x7FFFFFFF000, 0, PagingLevels::kFour), std::nullopt)
      << "a table outside RAM";
}

TEST_F(PageTableTest, FetchStopsWhereMemoryEnds) {
  Map(0x10000, 0x100000, 4);
  Map(0x11000, 0x180000, 4);
  Map(0x13000, 0x40000000, 4);  // Not RAM.
  Put(0x100FFE, {1, 2});
  Put(0x180000, {3, 4});
  Bytes bytes(4);
  EXPECT_EQ(FetchLinear(memory_, kCr3, 0x10FFE, PagingLevels::kFour, bytes), 4u);
  EXPECT_EQ(bytes, (Bytes{1, 2, 3, 4}));
  EXPECT_EQ(FetchLinear(memory_, kCr3, 0x11FFD, PagingLevels::kFour, bytes), 3u);
  EXPECT_EQ(FetchLinear(memory_, kCr3, 0x12000, PagingLevels::kFour, bytes), 0u);
  EXPECT_EQ(FetchLinear(memory_, kCr3, 0x13000, PagingLevels::kFour, bytes), 0u);
}

TEST_F(PageTableTest, FindsTheInstructionOfAnAccess) {
  const uint64_t rip = 0xFFFFFFFF81000FFF;  // The second byte is on the next page.
  Map(rip & ~uint64_t{0xFFF}, 0x100000, 4);
  Map((rip & ~uint64_t{0xFFF}) + 0x1000, 0x180000, 4);
  Put(0x100FFF, {0x89});
  Put(0x180000, {0x02, 0xCC});
  zx_packet_guest_mem_t access = {};
  access.addr = kDevice;
  access.cr3 = kCr3;
  access.rip = rip;
  access.instruction_size = 2;
  access.default_operand_size = 4;
  MmioDecoder decoder;
  auto instruction = decoder.Decode(access, memory_);
  ASSERT_TRUE(instruction.ok()) << instruction.status();
  EXPECT_EQ(instruction->kind, MmioInstruction::Kind::kStore);

  access.instruction_size = 0;  // Not known.
  EXPECT_TRUE(decoder.Decode(access, memory_).ok());
  access.instruction_size = 3;
  EXPECT_FALSE(decoder.Decode(access, memory_).ok());
  access.instruction_size = 200;
  EXPECT_FALSE(decoder.Decode(access, memory_).ok());
  access.instruction_size = 2;
  access.default_operand_size = 2;
  EXPECT_FALSE(decoder.Decode(access, memory_).ok());
}

TEST_F(PageTableTest, FiveLevelsAreTriedToo) {
  const uint64_t rip = 0xFFFFFFFF81000010;
  Map(rip & ~uint64_t{0xFFF}, 0x100000, 5);
  Put(0x100010, {0x8B, 0x02});
  MmioDecoder decoder;
  zx_packet_guest_mem_t access = {};
  access.cr3 = kCr3;
  access.rip = rip;
  access.instruction_size = 2;
  access.default_operand_size = 4;
  EXPECT_TRUE(decoder.Decode(access, memory_).ok());
}

TEST_F(PageTableTest, CodeThatChangesIsDecodedAnew) {
  const uint64_t rip = 0xFFFFFFFF81000010;
  Map(rip & ~uint64_t{0xFFF}, 0x100000, 4);
  zx_packet_guest_mem_t access = {};
  access.cr3 = kCr3;
  access.rip = rip;
  access.default_operand_size = 4;
  MmioDecoder decoder;
  for (unsigned round = 0; round < 3; ++round) {
    Put(0x100010, {0x8B, 0x02});
    EXPECT_EQ(decoder.Decode(access, memory_)->kind, MmioInstruction::Kind::kLoad);
    EXPECT_EQ(decoder.Decode(access, memory_)->kind, MmioInstruction::Kind::kLoad);
    Put(0x100010, {0x89, 0x02});
    EXPECT_EQ(decoder.Decode(access, memory_)->kind, MmioInstruction::Kind::kStore);
    Put(0x100010, {0x0F, 0x0B});
    EXPECT_FALSE(decoder.Decode(access, memory_).ok());
  }
}

}  // namespace
}  // namespace zvmm
