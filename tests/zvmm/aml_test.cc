// The AML of zvmm: encodings, against the ACPI specification.

#include "boot/aml.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "boot/dsdt.h"

namespace zvmm {
namespace {

using Bytes = std::vector<uint8_t>;

TEST(AmlTest, IntegersAreAsShortAsTheyCanBe) {
  EXPECT_EQ(aml::Integer(0).bytes(), (Bytes{0x00}));
  EXPECT_EQ(aml::Integer(1).bytes(), (Bytes{0x01}));
  EXPECT_EQ(aml::Integer(0xFF).bytes(), (Bytes{0x0A, 0xFF}));
  EXPECT_EQ(aml::Integer(0x100).bytes(), (Bytes{0x0B, 0x00, 0x01}));
  EXPECT_EQ(aml::Integer(0x12345678).bytes(), (Bytes{0x0C, 0x78, 0x56, 0x34, 0x12}));
}

TEST(AmlTest, EisaIdIsTheWellKnownNumber) {
  EXPECT_EQ(aml::EisaId("PNP0A03").bytes(), (Bytes{0x0C, 0x41, 0xD0, 0x0A, 0x03}));
}

TEST(AmlTest, NamesAndPackages) {
  EXPECT_EQ(aml::Name("_ADR", aml::Integer(1)).bytes(), (Bytes{0x08, '_', 'A', 'D', 'R', 0x01}));
  EXPECT_EQ(aml::Package({aml::Integer(0), aml::Integer(5)}).bytes(),
            (Bytes{0x12, 0x05, 0x02, 0x00, 0x0A, 0x05}));
}

// The length counts itself, which is one byte up to 63 and more beyond.
TEST(AmlTest, LengthsCountThemselves) {
  struct Case {
    size_t body;  // With the name.
    Bytes length;
  };
  for (const Case& size :
       {Case{62, {63}}, Case{63, {0x40 | (65 & 0x0F), 65 >> 4}}, Case{0xFFD, {0x40 | 0x0F, 0xFF}},
        Case{0xFFE, {0x80 | (0x1001 & 0x0F), 0x00, 0x01}}}) {
    const aml::Code body{Bytes(size.body - 4, 0)};
    const Bytes code = aml::Scope("_SB_", body).bytes();
    ASSERT_EQ(code.size(), 1 + size.length.size() + size.body);
    EXPECT_EQ(code[0], 0x10);
    EXPECT_EQ(
        Bytes(code.begin() + 1, code.begin() + 1 + static_cast<ptrdiff_t>(size.length.size())),
        size.length);
  }
}

TEST(AmlTest, ResourceDescriptors) {
  EXPECT_EQ(aml::IoPortRange(0xCF8, 8).bytes(),
            (Bytes{0x47, 0x01, 0xF8, 0x0C, 0xF8, 0x0C, 0x01, 0x08}));
  EXPECT_EQ(aml::BusNumbers(0, 0).bytes(),
            (Bytes{0x88, 13, 0, 2, 0x0C, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}));
  EXPECT_EQ(aml::MemoryWindow(0xE0000000, 0x10000000).bytes(),
            (Bytes{0x87, 23,   0,    0,    0x0C, 0x01, 0, 0, 0, 0, 0, 0, 0,
                   0xE0, 0xFF, 0xFF, 0xFF, 0xEF, 0,    0, 0, 0, 0, 0, 0, 0x10}));
  EXPECT_EQ(aml::ResourceTemplate(aml::Code()).bytes(),
            (Bytes{0x11, 0x05, 0x0A, 0x02, 0x79, 0x00}));
}

TEST(AmlTest, TheDsdtHasTheBus) {
  const Bytes code = DsdtCode().bytes();
  const std::string text(code.begin(), code.end());
  for (const char* name : {"_S5_", "_SB_", "PCI0", "_HID", "_CRS", "_PRT"}) {
    EXPECT_NE(text.find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace zvmm
