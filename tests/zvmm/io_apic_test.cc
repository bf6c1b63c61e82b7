// The I/O APIC of zvmm.

#include "devices/io_apic.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace zvmm {
namespace {

class Recorder : public InterruptSink {
 public:
  void Interrupt(uint64_t vcpu_mask, uint8_t vector) override {
    interrupts.emplace_back(vcpu_mask, vector);
  }
  std::vector<std::pair<uint64_t, uint8_t>> interrupts;
};

class IoApicTest : public testing::Test {
 protected:
  uint32_t ReadRegister(uint8_t index) {
    apic_.Write(IoApic::kAddress, 4, index);
    return static_cast<uint32_t>(apic_.Read(IoApic::kAddress + 0x10, 4));
  }
  void WriteRegister(uint8_t index, uint32_t value) {
    apic_.Write(IoApic::kAddress, 4, index);
    apic_.Write(IoApic::kAddress + 0x10, 4, value);
  }
  void Program(unsigned pin, uint32_t low, uint8_t destination) {
    WriteRegister(static_cast<uint8_t>(0x11 + 2 * pin), uint32_t{destination} << 24);
    WriteRegister(static_cast<uint8_t>(0x10 + 2 * pin), low);
  }
  size_t count() const { return sink_.interrupts.size(); }

  static constexpr uint32_t kLevel = 1 << 15;
  static constexpr uint32_t kMasked = 1 << 16;
  static constexpr uint32_t kRemoteIrr = 1 << 14;

  Recorder sink_;
  IoApic apic_{sink_};
};

TEST_F(IoApicTest, VersionTellsOf24PinsAndAnEoiRegister) {
  EXPECT_EQ(ReadRegister(1), 0x00170020u);
}

TEST_F(IoApicTest, IdKeepsFourBits) {
  WriteRegister(0, 0xFF000000);
  EXPECT_EQ(ReadRegister(0), 0x0F000000u);
}

TEST_F(IoApicTest, AllPinsStartMasked) {
  for (unsigned pin = 0; pin < IoApic::kPins; ++pin) {
    EXPECT_EQ(ReadRegister(static_cast<uint8_t>(0x10 + 2 * pin)), kMasked);
    apic_.SetLine(pin, true);
  }
  EXPECT_EQ(count(), 0u);
}

TEST_F(IoApicTest, EdgeFiresOncePerRise) {
  Program(4, 0x30, 2);
  apic_.SetLine(4, true);
  apic_.SetLine(4, true);
  ASSERT_EQ(count(), 1u);
  EXPECT_EQ(sink_.interrupts[0].first, 1u << 2);
  EXPECT_EQ(sink_.interrupts[0].second, 0x30);
  apic_.SetLine(4, false);
  EXPECT_EQ(count(), 1u);
  apic_.SetLine(4, true);
  EXPECT_EQ(count(), 2u);
}

TEST_F(IoApicTest, AnEdgeWhileMaskedIsDeliveredIfTheLineIsStillUp) {
  Program(4, 0x30 | kMasked, 0);
  apic_.SetLine(4, true);
  EXPECT_EQ(count(), 0u);
  Program(4, 0x30, 0);
  EXPECT_EQ(count(), 1u);
  Program(4, 0x30 | kMasked, 0);
  apic_.SetLine(4, false);
  apic_.SetLine(4, true);
  apic_.SetLine(4, false);
  Program(4, 0x30, 0);
  EXPECT_EQ(count(), 1u);
}

TEST_F(IoApicTest, LevelWaitsForTheEndOfInterrupt) {
  Program(9, 0x41 | kLevel, 0);
  apic_.SetLine(9, true);
  EXPECT_EQ(count(), 1u);
  EXPECT_NE(ReadRegister(0x10 + 18) & kRemoteIrr, 0u);
  Program(9, 0x41 | kLevel, 0);
  EXPECT_EQ(count(), 1u) << "remote-IRR is read-only and stays";
  apic_.Write(IoApic::kAddress + 0x40, 4, 0x40);
  EXPECT_EQ(count(), 1u) << "another vector's end";
  apic_.Write(IoApic::kAddress + 0x40, 4, 0x41);
  EXPECT_EQ(count(), 2u) << "the line is still up";
  apic_.SetLine(9, false);
  apic_.Write(IoApic::kAddress + 0x40, 4, 0x41);
  EXPECT_EQ(count(), 2u);
  EXPECT_EQ(ReadRegister(0x10 + 18) & kRemoteIrr, 0u);
}

TEST_F(IoApicTest, LevelWorksWithoutAnyEndOfInterrupt) {
  Program(9, 0x41 | kLevel, 0);
  for (size_t i = 1; i <= 3; ++i) {
    apic_.SetLine(9, true);
    EXPECT_EQ(count(), i);
    apic_.SetLine(9, false);
  }
}

TEST_F(IoApicTest, SwitchingToEdgeClearsRemoteIrr) {
  Program(9, 0x41 | kLevel, 0);
  apic_.SetLine(9, true);
  Program(9, 0x41 | kMasked, 0);
  Program(9, 0x41 | kLevel, 0);
  EXPECT_EQ(count(), 2u);
}

TEST_F(IoApicTest, Destinations) {
  Program(1, 0x50, 0xFF);
  apic_.SetLine(1, true);
  EXPECT_EQ(sink_.interrupts.back().first, ~uint64_t{0}) << "physical broadcast";
  Program(2, 0x51 | (1 << 11), 0x06);
  apic_.SetLine(2, true);
  EXPECT_EQ(sink_.interrupts.back().first, 0x06u) << "logical";
  Program(3, 0x52 | (1 << 11) | (1 << 8), 0x06);
  apic_.SetLine(3, true);
  EXPECT_EQ(sink_.interrupts.back().first, 0x02u) << "lowest priority: one of them";
  Program(5, 4 << 8, 3);
  apic_.SetLine(5, true);
  EXPECT_EQ(sink_.interrupts.back(), std::make_pair(uint64_t{8}, uint8_t{2})) << "NMI";
}

TEST_F(IoApicTest, ExceptionVectorsAreNotDelivered) {
  Program(1, 14, 0);
  apic_.SetLine(1, true);
  EXPECT_EQ(count(), 0u);
}

TEST_F(IoApicTest, WhatDoesNotExistIsHarmless) {
  apic_.SetLine(IoApic::kPins, true);
  WriteRegister(0x10 + 2 * IoApic::kPins, 0x30);
  EXPECT_EQ(ReadRegister(0xFF), 0u);
  EXPECT_EQ(apic_.Read(IoApic::kAddress + 0x20, 4), 0u);
  apic_.Write(IoApic::kAddress + 0x20, 4, 1);
  EXPECT_EQ(count(), 0u);
}

}  // namespace
}  // namespace zvmm
