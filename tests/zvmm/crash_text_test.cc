// What zvmm says of a crash.

#include "crash_text.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "boot/page_tables.h"

namespace zvmm {
namespace {

constexpr uint64_t kSize = 4 << 20;

class CrashTextTest : public testing::Test {
 protected:
  void SetUp() override {
    WriteIdentityPageTables(memory_);
    general_.rip = 0x200FFC;
    system_.cr0 = 0x80000011;
    system_.cr4 = 0x20;
    system_.efer = 0x500;
    system_.cs.selector = 8;
    const uint8_t code[] = {0x0F, 0x0B, 0xEB, 0xFE};
    std::memcpy(&bytes_[general_.rip], code, sizeof(code));
  }
  std::string Text() const { return CrashText(general_, system_, memory_); }
  bool Says(const std::string& words) const { return Text().find(words) != std::string::npos; }

  std::vector<uint8_t> bytes_ = std::vector<uint8_t>(kSize);
  MemoryView memory_{bytes_.data(), kSize};
  zircon_kvm_general_registers_t general_ = {};
  zircon_kvm_system_registers_t system_ = {};
};

TEST_F(CrashTextTest, RegistersCodeAndTheWay) {
  EXPECT_TRUE(Says("  rip 0000000000200ffc  cs 0008 base 0  cr0 80000011")) << Text();
  EXPECT_TRUE(Says("\n  page walk: PML4[0] 0x")) << Text();
  EXPECT_TRUE(Says(" PDPT[0] 0x")) << Text();
  EXPECT_TRUE(Says("\n  code at rip: 0f 0b eb fe")) << Text();
  EXPECT_TRUE(Text().ends_with("eb fe")) << "to the page's end: " << Text();
}

TEST_F(CrashTextTest, WhatIsNotMapped) {
  general_.rip = 0xFFFFFFFF80000000;
  EXPECT_TRUE(Says(" PML4[511] 0 (not present)")) << Text();
  EXPECT_TRUE(Says("\n  code at rip: not mapped")) << Text();
  system_.cr3 = kSize;
  EXPECT_TRUE(Says(" PML4 at 0x400000 is not in RAM")) << Text();
  system_.efer = 0;
  EXPECT_TRUE(Says("page tables of 32 bits")) << Text();
}

TEST_F(CrashTextTest, WithoutPaging) {
  system_.cr0 = 0x10;
  system_.cs.base = 0x200000;
  general_.rip = 0xFFC;
  EXPECT_TRUE(Says("paging is off")) << Text();
  EXPECT_TRUE(Says("code at rip: 0f 0b eb fe")) << Text();
  general_.rip = kSize;
  EXPECT_TRUE(Says("0x600000 is not in RAM")) << Text();
}

}  // namespace
}  // namespace zvmm
