// The I/O APIC of zvmm.

#include "devices/io_apic.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "devices/interrupt_message.h"

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
  void SetLine(unsigned pin, bool level) { lines_[pin](level); }
  size_t count() const { return sink_.interrupts.size(); }

  static constexpr uint32_t kLevel = 1 << 15;
  static constexpr uint32_t kMasked = 1 << 16;
  static constexpr uint32_t kRemoteIrr = 1 << 14;

  IoApicTest() {
    for (unsigned pin = 0; pin < IoApic::kPins; ++pin) {
      lines_.push_back(apic_.Connect(pin));
    }
  }

  Recorder sink_;
  IoApic apic_{sink_};
  std::vector<InterruptLine> lines_;  // One at each pin.
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
    SetLine(pin, true);
  }
  EXPECT_EQ(count(), 0u);
}

TEST_F(IoApicTest, EdgeFiresOncePerRise) {
  Program(4, 0x30, 2);
  SetLine(4, true);
  SetLine(4, true);
  ASSERT_EQ(count(), 1u);
  EXPECT_EQ(sink_.interrupts[0].first, 1u << 2);
  EXPECT_EQ(sink_.interrupts[0].second, 0x30);
  SetLine(4, false);
  EXPECT_EQ(count(), 1u);
  SetLine(4, true);
  EXPECT_EQ(count(), 2u);
}

TEST_F(IoApicTest, AnEdgeWhileMaskedIsDeliveredIfTheLineIsStillUp) {
  Program(4, 0x30 | kMasked, 0);
  SetLine(4, true);
  EXPECT_EQ(count(), 0u);
  Program(4, 0x30, 0);
  EXPECT_EQ(count(), 1u);
  Program(4, 0x30 | kMasked, 0);
  SetLine(4, false);
  SetLine(4, true);
  SetLine(4, false);
  Program(4, 0x30, 0);
  EXPECT_EQ(count(), 1u);
}

TEST_F(IoApicTest, LevelWaitsForTheEndOfInterrupt) {
  Program(9, 0x41 | kLevel, 0);
  SetLine(9, true);
  EXPECT_EQ(count(), 1u);
  EXPECT_NE(ReadRegister(0x10 + 18) & kRemoteIrr, 0u);
  Program(9, 0x41 | kLevel, 0);
  EXPECT_EQ(count(), 1u) << "remote-IRR is read-only and stays";
  apic_.Write(IoApic::kAddress + 0x40, 4, 0x40);
  EXPECT_EQ(count(), 1u) << "another vector's end";
  apic_.Write(IoApic::kAddress + 0x40, 4, 0x41);
  EXPECT_EQ(count(), 2u) << "the line is still up";
  SetLine(9, false);
  apic_.Write(IoApic::kAddress + 0x40, 4, 0x41);
  EXPECT_EQ(count(), 2u);
  EXPECT_EQ(ReadRegister(0x10 + 18) & kRemoteIrr, 0u);
}

TEST_F(IoApicTest, LevelWorksWithoutAnyEndOfInterrupt) {
  Program(9, 0x41 | kLevel, 0);
  for (size_t i = 1; i <= 3; ++i) {
    SetLine(9, true);
    EXPECT_EQ(count(), i);
    SetLine(9, false);
  }
}

TEST_F(IoApicTest, SwitchingToEdgeClearsRemoteIrr) {
  Program(9, 0x41 | kLevel, 0);
  SetLine(9, true);
  Program(9, 0x41 | kMasked, 0);
  Program(9, 0x41 | kLevel, 0);
  EXPECT_EQ(count(), 2u);
}

TEST_F(IoApicTest, Destinations) {
  Program(1, 0x50, 0xFF);
  SetLine(1, true);
  EXPECT_EQ(sink_.interrupts.back().first, ~uint64_t{0}) << "physical broadcast";
  Program(2, 0x51 | (1 << 11), 0x06);
  SetLine(2, true);
  EXPECT_EQ(sink_.interrupts.back().first, 0x06u) << "logical";
  Program(3, 0x52 | (1 << 11) | (1 << 8), 0x06);
  SetLine(3, true);
  EXPECT_EQ(sink_.interrupts.back().first, 0x02u) << "lowest priority: one of them";
  Program(5, 4 << 8, 3);
  SetLine(5, true);
  EXPECT_EQ(sink_.interrupts.back(), std::make_pair(uint64_t{8}, uint8_t{2})) << "NMI";
}

TEST_F(IoApicTest, ExceptionVectorsAreNotDelivered) {
  Program(1, 14, 0);
  SetLine(1, true);
  EXPECT_EQ(count(), 0u);
}

TEST_F(IoApicTest, WhatDoesNotExistIsHarmless) {
  WriteRegister(0x10 + 2 * IoApic::kPins, 0x30);
  EXPECT_EQ(ReadRegister(0xFF), 0u);
  EXPECT_EQ(apic_.Read(IoApic::kAddress + 0x20, 4), 0u);
  apic_.Write(IoApic::kAddress + 0x20, 4, 1);
  EXPECT_EQ(count(), 0u);
}

TEST_F(IoApicTest, APinIsUpWhileAnyOfItsLinesIs) {
  const InterruptLine second = apic_.Connect(16);
  Program(16, kLevel | 0x50, 0);
  SetLine(16, true);
  EXPECT_EQ(count(), 1u);
  second(true);
  EXPECT_EQ(count(), 1u);
  SetLine(16, false);
  EXPECT_NE(ReadRegister(0x10 + 32) & kRemoteIrr, 0u) << "the other is still up";
  apic_.Write(IoApic::kAddress + 0x40, 4, 0x50);
  EXPECT_EQ(count(), 2u);
  second(false);
  apic_.Write(IoApic::kAddress + 0x40, 4, 0x50);
  EXPECT_EQ(count(), 2u);
}

TEST(InterruptMessageTest, AStoreToTheProcessorsRange) {
  Recorder sink;
  using Sent = std::vector<std::pair<uint64_t, uint8_t>>;
  const auto store = [&](uint64_t address, uint32_t data) {
    sink.interrupts.clear();
    InterruptMessage::FromStore(address, data).SendTo(sink);
    return sink.interrupts;
  };
  EXPECT_EQ(store(0xFEE03000, 0x4041), (Sent{{uint64_t{1} << 3, 0x41}}));
  EXPECT_EQ(store(0xFEEFF000, 0x41), (Sent{{~uint64_t{0}, 0x41}}));
  EXPECT_EQ(store(0xFEE06004, 0x41), (Sent{{6, 0x41}})) << "logical";
  EXPECT_EQ(store(0xFEE06004, 0x141), (Sent{{2, 0x41}})) << "lowest priority";
  EXPECT_EQ(store(0xFEE00000, 0x400), (Sent{{1, 2}})) << "NMI";
  for (const uint32_t data : {0x1Fu, 0x241u, 0x541u, 0x641u, 0x741u}) {
    EXPECT_EQ(store(0xFEE00000, data), Sent{}) << data;
  }
  for (const uint64_t address : {uint64_t{0}, uint64_t{0xFED00000}, uint64_t{0x1FEE00000}}) {
    EXPECT_EQ(store(address, 0x41), Sent{}) << "a store to anything else is not made";
  }
}

}  // namespace
}  // namespace zvmm
