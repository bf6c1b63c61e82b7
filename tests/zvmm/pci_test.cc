// The PCI bus of zvmm: configuration mechanism 1, the host bridge, what a function shows.

#include <gtest/gtest.h>
#include <linux/pci_regs.h>

#include <array>
#include <cstdint>

#include "pci/host_bridge.h"
#include "pci/pci_bus.h"
#include "pci/pci_config.h"

namespace zvmm {
namespace {

constexpr uint16_t kAddress = 0xCF8;
constexpr uint16_t kData = 0xCFC;
constexpr uint32_t kEnable = 0x80000000;

uint32_t AddressOf(unsigned slot, unsigned offset, unsigned function = 0, unsigned bus = 0) {
  return kEnable | bus << 16 | slot << 11 | function << 8 | (offset & 0xFC);
}

// A function whose configuration is all memory.
class PlainFunction : public PciFunction {
 public:
  std::string_view name() const override { return "plain"; }
  uint32_t ReadConfig(unsigned word) override { return words.at(word); }
  void WriteConfig(unsigned word, uint32_t value, uint32_t mask) override {
    words.at(word) = (words.at(word) & ~mask) | (value & mask);
  }
  std::array<uint32_t, kConfigWords> words = {};
};

class PciTest : public testing::Test {
 protected:
  PciTest() { bus_.Add(3, function_); }

  uint32_t Read(uint32_t address, unsigned lane, uint8_t size) {
    bridge_.Write(kAddress, 4, address);
    return bridge_.Read(static_cast<uint16_t>(kData + lane), size);
  }
  void Write(uint32_t address, unsigned lane, uint8_t size, uint32_t value) {
    bridge_.Write(kAddress, 4, address);
    bridge_.Write(static_cast<uint16_t>(kData + lane), size, value);
  }

  StopLatch stop_;
  PciBus bus_;
  HostBridge bridge_{stop_, bus_};
  PlainFunction function_;
};

TEST_F(PciTest, AddressRegisterKeepsWhatMechanism1Has) {
  bridge_.Write(kAddress, 4, 0xFFFFFFFF);
  EXPECT_EQ(bridge_.Read(kAddress, 4), 0x80FFFFFCu);
  bridge_.Write(kAddress, 4, kEnable);
  EXPECT_EQ(bridge_.Read(kAddress, 4), kEnable) << "how a guest finds out that there is a bus";
  bridge_.Write(0xCFB, 1, 0x01);
  EXPECT_EQ(bridge_.Read(kAddress, 4), kEnable) << "bytes are for the reset register alone";
  bridge_.Write(kAddress, 2, 0x1234);
  EXPECT_EQ(bridge_.Read(kAddress, 4), kEnable);
}

TEST_F(PciTest, AnAddressIsNoReset) {
  bridge_.Write(kAddress, 4, 0x80000600);  // Bits 8 to 15 would be a reset, if it were bytes.
  EXPECT_FALSE(stop_.requested());
}

TEST_F(PciTest, ResetRegister) {
  bridge_.Write(HostBridge::kResetPort, 1, 0x02);
  EXPECT_EQ(bridge_.Read(HostBridge::kResetPort, 1), 0x02u);
  EXPECT_FALSE(stop_.requested());
  bridge_.Write(HostBridge::kResetPort, 1, HostBridge::kResetValue);
  ASSERT_TRUE(stop_.requested());
  EXPECT_EQ(stop_.Wait().reason, StopRequest::Reason::kReset);
}

TEST_F(PciTest, SlotZeroIsTheHostBridge) {
  EXPECT_EQ(Read(AddressOf(0, PCI_CLASS_DEVICE), 2, 2), uint32_t{0x0600})
      << "what Linux looks for before it believes in mechanism 1";
  Write(AddressOf(0, PCI_COMMAND), 0, 2, 0xFFFF);
  EXPECT_EQ(Read(AddressOf(0, PCI_COMMAND), 0, 2), 0u);
}

TEST_F(PciTest, AccessesOfEveryWidthReachTheirBytes) {
  function_.words[5] = 0x44332211;
  const uint32_t at = AddressOf(3, 20);
  EXPECT_EQ(Read(at, 0, 4), 0x44332211u);
  EXPECT_EQ(Read(at, 0, 2), 0x2211u);
  EXPECT_EQ(Read(at, 2, 2), 0x4433u);
  EXPECT_EQ(Read(at, 1, 1), 0x22u);
  EXPECT_EQ(Read(at, 3, 1), 0x44u);
  Write(at, 1, 1, 0xAB);
  EXPECT_EQ(function_.words[5], 0x4433AB11u);
  Write(at, 2, 2, 0xCDEF);
  EXPECT_EQ(function_.words[5], 0xCDEFAB11u);
  Write(at, 0, 4, 0x01020304);
  EXPECT_EQ(function_.words[5], 0x01020304u);
}

TEST_F(PciTest, WhatLiesBehindTheDoubleWordReadsAsOnes) {
  function_.words[5] = 0x44332211;
  function_.words[6] = 0;
  EXPECT_EQ(Read(AddressOf(3, 20), 3, 2), 0xFF44u);
  EXPECT_EQ(Read(AddressOf(3, 20), 2, 4), 0xFFFF4433u);
  Write(AddressOf(3, 20), 3, 4, 0xA1A2A3A4);
  EXPECT_EQ(function_.words[5], 0xA4332211u);
  EXPECT_EQ(function_.words[6], 0u);
}

TEST_F(PciTest, NothingElseIsThere) {
  function_.words[0] = 0x12345678;
  for (const uint32_t nowhere : {
           AddressOf(3, 0) & ~kEnable,
           AddressOf(3, 0, 1),
           AddressOf(3, 0, 0, 1),
           AddressOf(4, 0),
           AddressOf(31, 0),
       }) {
    EXPECT_EQ(Read(nowhere, 0, 4), 0xFFFFFFFF) << std::hex << nowhere;
    EXPECT_EQ(Read(nowhere, 0, 2), 0xFFFFu) << "a guest's look for a vendor";
    Write(nowhere, 0, 4, 0);
  }
  EXPECT_EQ(function_.words[0], 0x12345678u);
}

// A function with memory.
class MemoryFunction : public PlainFunction {
 public:
  explicit MemoryFunction(uint64_t start) : range_{.start = start, .size = 0x1000} {}
  Range memory() const override { return range_; }
  uint64_t ReadMemory(uint64_t offset, uint8_t size) override { return offset << 8 | size; }
  void WriteMemory(uint64_t offset, uint8_t size, uint64_t value) override {
    written = value + offset;
  }
  uint64_t written = 0;

 private:
  const Range range_;
};

TEST_F(PciTest, MemoryGoesToTheFunctionThatHasIt) {
  MemoryFunction first(0xE0001000);
  MemoryFunction second(0xE0003000);
  bus_.Add(5, first);
  bus_.Add(6, second);
  MmioDevice& memory = bus_;
  EXPECT_EQ(memory.Read(0xE0001010, 4), 0x1004u);
  EXPECT_EQ(memory.Read(0xE0003FFF, 8), 0xFFF08u);
  memory.Write(0xE0003001, 1, 7);
  EXPECT_EQ(second.written, 8u);
  EXPECT_EQ(first.written, 0u);
  for (const uint64_t nowhere : {0xE0000FFFull, 0xE0002000ull, 0xE0004000ull, 0x1E0001000ull}) {
    EXPECT_EQ(memory.Read(nowhere, 8), ~uint64_t{0});
    memory.Write(nowhere, 8, 1);
  }
}

class PciConfigTest : public testing::Test {
 protected:
  static constexpr unsigned kBar = PCI_BASE_ADDRESS_0 / 4;

  PciConfigTest() {
    config_.SetBar(0xE0002000, 0x2000);
    config_.SetInterrupt(17);
  }
  PciConfig config_{{.vendor = 0x1AF4,
                     .device = 0x1042,
                     .class_code = 0x018000,
                     .revision = 1,
                     .subsystem_vendor = 0x1AF4,
                     .subsystem = 2}};
};

TEST_F(PciConfigTest, SaysWhoItIs) {
  EXPECT_EQ(config_.Read(0), 0x10421AF4u);
  EXPECT_EQ(config_.Read(PCI_CLASS_REVISION / 4), 0x01800001u);
  EXPECT_EQ(config_.Read(PCI_SUBSYSTEM_VENDOR_ID / 4), 0x00021AF4u);
  EXPECT_EQ(config_.Read(PCI_INTERRUPT_LINE / 4), 0x0111u) << "INTA, pin 17";
}

TEST_F(PciConfigTest, IdsCannotBeWritten) {
  config_.Write(0, 0, 0xFFFFFFFF);
  config_.Write(PCI_CLASS_REVISION / 4, 0, 0xFFFFFFFF);
  EXPECT_EQ(config_.Read(0), 0x10421AF4u);
  EXPECT_EQ(config_.Read(PCI_CLASS_REVISION / 4), 0x01800001u);
}

TEST_F(PciConfigTest, BarTellsItsSizeAndMoves) {
  EXPECT_EQ(config_.Read(kBar), 0xE0002000u);
  config_.Write(kBar, 0xFFFFFFFF, 0xFFFFFFFF);
  EXPECT_EQ(config_.Read(kBar), 0xFFFFE000u);
  config_.Write(kBar, 0xE0002000, 0xFFFFFFFF);
  EXPECT_EQ(config_.Read(kBar), 0xE0002000u);
  EXPECT_EQ(config_.memory().start, 0xE0002000u);
  EXPECT_EQ(config_.memory().size, 0x2000u);
  config_.Write(kBar, 0xD0001234, 0xFFFFFFFF);
  EXPECT_EQ(config_.Read(kBar), 0xD0000000u) << "a multiple of its size";
  EXPECT_EQ(config_.memory().start, 0xD0000000u);
  config_.Write(PCI_COMMAND / 4, 0, 0xFFFF);
  EXPECT_EQ(config_.memory().size, 0u) << "turned off";
}

TEST_F(PciConfigTest, TheOtherBarsAreNotThere) {
  for (unsigned bar = 1; bar < 6; ++bar) {
    config_.Write(kBar + bar, 0xFFFFFFFF, 0xFFFFFFFF);
    EXPECT_EQ(config_.Read(kBar + bar), 0u);
  }
}

TEST_F(PciConfigTest, CommandKeepsWhatTheFunctionHas) {
  EXPECT_EQ(config_.Read(PCI_COMMAND / 4) & 0xFFFF, uint32_t{PCI_COMMAND_MEMORY});
  config_.Write(PCI_COMMAND / 4, 0xFFFFFFFF, 0x0000FFFF);
  EXPECT_EQ(config_.Read(PCI_COMMAND / 4) & 0xFFFF,
            uint32_t{PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE});
  EXPECT_TRUE(config_.interrupt_disabled());
  config_.Write(PCI_COMMAND / 4, 0, 0x0000FFFF);
  EXPECT_FALSE(config_.interrupt_disabled());
}

TEST_F(PciConfigTest, CapabilitiesAreAList) {
  EXPECT_EQ(config_.Read(PCI_STATUS / 4) >> 16 & PCI_STATUS_CAP_LIST, 0u);
  const uint8_t first_body[] = {1, 2, 3};
  const uint8_t second_body[] = {4, 5};
  const uint8_t first = config_.AddCapability(PCI_CAP_ID_VNDR, first_body);
  const uint8_t second = config_.AddCapability(PCI_CAP_ID_VNDR, second_body);
  EXPECT_NE(config_.Read(PCI_STATUS / 4) >> 16 & PCI_STATUS_CAP_LIST, 0u);
  EXPECT_EQ(config_.Read(PCI_CAPABILITY_LIST / 4) & 0xFF, first);
  EXPECT_EQ(first % 4, 0);
  EXPECT_EQ(second % 4, 0);
  EXPECT_EQ(config_.Read(first / 4u), 0x02010000u | uint32_t{second} << 8 | PCI_CAP_ID_VNDR);
  EXPECT_EQ(config_.Read(first / 4u + 1), 3u);
  EXPECT_EQ(config_.Read(second / 4u), 0x05040000u | PCI_CAP_ID_VNDR) << "the last one";
}

}  // namespace
}  // namespace zvmm
