// The ACPI tables of zvmm, read back as a guest would: every sum, length and pointer.

#include "boot/acpi_tables.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "boot/memory_map.h"

namespace zvmm {
namespace {

constexpr size_t kHeaderSize = 36;

class AcpiTablesTest : public testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
    bytes_ = BuildAcpiTables(kAcpiTables, GetParam(), true);
    ASSERT_LE(bytes_.size(), kAcpiTablesCapacity);
    const uint64_t xsdt = Get<uint64_t>(kAcpiTables + 24);
    const uint32_t length = Get<uint32_t>(xsdt + 4);
    for (uint64_t at = xsdt + kHeaderSize; at < xsdt + length; at += 8) {
      const uint64_t table = Get<uint64_t>(at);
      tables_[Text(table, 4)] = table;
    }
    tables_["XSDT"] = xsdt;
    tables_["DSDT"] = Get<uint64_t>(tables_.at("FACP") + 140);
  }

  template <typename T>
  T Get(uint64_t address) const {
    T value = {};
    EXPECT_GE(address, kAcpiTables);
    EXPECT_LE(address + sizeof(T), kAcpiTables + bytes_.size());
    std::memcpy(&value, bytes_.data() + (address - kAcpiTables), sizeof(T));
    return value;
  }
  std::string Text(uint64_t address, size_t size) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + (address - kAcpiTables), size};
  }
  uint8_t Sum(uint64_t address, size_t size) const {
    uint8_t sum = 0;
    for (size_t i = 0; i < size; ++i) {
      sum = static_cast<uint8_t>(sum + Get<uint8_t>(address + i));
    }
    return sum;
  }

  std::vector<uint8_t> bytes_;
  std::map<std::string, uint64_t> tables_;
};

TEST_P(AcpiTablesTest, RsdpIsWhereGuestsSearchForIt) {
  EXPECT_EQ(kAcpiTables % 16, 0u);
  EXPECT_GE(kAcpiTables, 0xE0000u);
  EXPECT_EQ(Text(kAcpiTables, 8), "RSD PTR ");
  EXPECT_EQ(Get<uint8_t>(kAcpiTables + 15), 2) << "revision";
  EXPECT_EQ(Get<uint32_t>(kAcpiTables + 20), 36u);
  EXPECT_EQ(Sum(kAcpiTables, 20), 0);
  EXPECT_EQ(Sum(kAcpiTables, 36), 0);
}

TEST_P(AcpiTablesTest, EveryTableSumsToZero) {
  for (const auto& [signature, address] : tables_) {
    EXPECT_EQ(Text(address, 4), signature);
    EXPECT_EQ(Sum(address, Get<uint32_t>(address + 4)), 0) << signature;
  }
  EXPECT_EQ(tables_.size(), 5u);
}

TEST_P(AcpiTablesTest, FadtDescribesTheFixedHardware) {
  const uint64_t fadt = tables_.at("FACP");
  EXPECT_EQ(Get<uint32_t>(fadt + 4), 276u);
  EXPECT_EQ(Get<uint16_t>(fadt + 46), 9) << "SCI";
  EXPECT_EQ(Get<uint32_t>(fadt + 48), 0u) << "no SMI command: always in ACPI mode";
  EXPECT_EQ(Get<uint32_t>(fadt + 56), 0x600u) << "PM1a event";
  EXPECT_EQ(Get<uint32_t>(fadt + 64), 0x604u) << "PM1a control";
  EXPECT_EQ(Get<uint32_t>(fadt + 76), 0x608u) << "PM timer";
  EXPECT_EQ(Get<uint8_t>(fadt + 88), 4);
  EXPECT_EQ(Get<uint8_t>(fadt + 89), 2);
  EXPECT_EQ(Get<uint8_t>(fadt + 91), 4);
  EXPECT_EQ(Get<uint16_t>(fadt + 109) & 0x02, 0) << "no keyboard controller to probe";
  const uint32_t flags = Get<uint32_t>(fadt + 112);
  EXPECT_NE(flags & (1 << 8), 0u) << "32-bit PM timer";
  EXPECT_NE(flags & (1 << 10), 0u) << "reset register";
  EXPECT_NE(flags & (1 << 19), 0u) << "physical destinations";
  EXPECT_EQ(flags & (1 << 20), 0u) << "not hardware-reduced";
  // Reset register: I/O space, 8 bits, port 0xCF9, value 6.
  EXPECT_EQ(Get<uint32_t>(fadt + 116), 0x01000801u);
  EXPECT_EQ(Get<uint64_t>(fadt + 120), 0xCF9u);
  EXPECT_EQ(Get<uint8_t>(fadt + 128), 6);
  // The extended blocks repeat the plain ones.
  EXPECT_EQ(Get<uint64_t>(fadt + 148 + 4), 0x600u);
  EXPECT_EQ(Get<uint64_t>(fadt + 172 + 4), 0x604u);
  EXPECT_EQ(Get<uint64_t>(fadt + 208 + 4), 0x608u);
}

TEST_P(AcpiTablesTest, FacsIsAligned) {
  const uint64_t facs = Get<uint32_t>(tables_.at("FACP") + 36);
  EXPECT_EQ(facs % 64, 0u);
  EXPECT_EQ(Text(facs, 4), "FACS");
  EXPECT_EQ(Get<uint32_t>(facs + 4), 64u);
}

TEST_P(AcpiTablesTest, DsdtNamesTheOffState) {
  const uint64_t dsdt = tables_.at("DSDT");
  const std::string aml = Text(dsdt + kHeaderSize, Get<uint32_t>(dsdt + 4) - kHeaderSize);
  EXPECT_EQ(aml.substr(0, 15), std::string("\x08\\_S5_\x12\x08\x04\x0a\x05\x0a\x05\x00\x00", 15));
  EXPECT_EQ(Get<uint32_t>(tables_.at("FACP") + 40), dsdt) << "both pointers";
}

TEST_P(AcpiTablesTest, MadtListsTheProcessorsAndOneIoApic) {
  const uint64_t madt = tables_.at("APIC");
  EXPECT_EQ(Get<uint32_t>(madt + 36), 0xFEE00000u);
  const uint64_t end = madt + Get<uint32_t>(madt + 4);
  uint64_t at = madt + 44;
  for (unsigned id = 0; id < GetParam(); ++id) {
    EXPECT_EQ(Get<uint16_t>(at), 0x0800) << "local APIC, 8 bytes";
    EXPECT_EQ(Get<uint8_t>(at + 2), id);
    EXPECT_EQ(Get<uint8_t>(at + 3), id);
    EXPECT_EQ(Get<uint32_t>(at + 4), 1u);
    at += 8;
  }
  EXPECT_EQ(Get<uint16_t>(at), 0x0C01) << "I/O APIC, 12 bytes";
  EXPECT_EQ(Get<uint32_t>(at + 4), 0xFEC00000u);
  EXPECT_EQ(Get<uint32_t>(at + 8), 0u);
  at += 12;
  EXPECT_EQ(Get<uint32_t>(at), 0x00000A02u) << "override, 10 bytes: interrupt 0 of the ISA bus";
  EXPECT_EQ(Get<uint32_t>(at + 4), 2u) << "is at pin 2";
  EXPECT_EQ(at + 10, end) << "lengths sum exactly";
}

TEST_P(AcpiTablesTest, HpetIsThereWithItsOptionOnly) {
  const uint64_t hpet = tables_.at("HPET");
  EXPECT_EQ(Get<uint32_t>(hpet + 4), 56u);
  EXPECT_EQ(Get<uint32_t>(hpet + 36), 0x8086A201u);
  EXPECT_EQ(Get<uint64_t>(hpet + 44), 0xFED00000u);
  const std::string without = [] {
    const std::vector<uint8_t> bytes = BuildAcpiTables(kAcpiTables, 1, false);
    return std::string(bytes.begin(), bytes.end());
  }();
  EXPECT_EQ(without.find("HPET"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Processors, AcpiTablesTest, testing::Values(1u, 2u, 4u));

}  // namespace
}  // namespace zvmm
