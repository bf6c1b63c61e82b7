// The local APIC's timer by itself, with a clock that the test moves. Rows: APIC, ICR.

#include "vcpu/x86/local_apic.h"

#include <gtest/gtest.h>

#include "base/monotonic.h"
#include "contract.h"
#include "vcpu/x86/tsc_clock.h"

namespace zircon::vcpu::x86 {
namespace {

constexpr uint32_t kIcr = 0x830;
constexpr uint32_t kLvtTimer = 0x832;
constexpr uint32_t kInitialCount = 0x838;
constexpr uint32_t kDivide = 0x83E;
constexpr uint32_t kDeadline = 0x6E0;
constexpr uint64_t kMasked = 1u << 16;
constexpr uint64_t kPeriodic = 1u << 17;
constexpr uint64_t kDeadlineMode = 2u << 17;
constexpr uint32_t kVector = 0x40;
constexpr uint64_t kCount = 1'000'000'000;  // far enough away for every test
constexpr uint64_t kLater = 100 * kCount;   // divided by anything

class LocalApicTimer : public ::testing::Test {
 protected:
  void Write(uint32_t msr, uint64_t value) {
    EXPECT_EQ(apic_.Write(msr, value, &packet_).kind, MsrResult::kDone) << std::hex << msr;
  }
  void WriteDeadline(uint64_t value) { Write(kDeadline, value); }
  bool Runs() const { return apic_.timer_deadline() != LocalApic::kNever; }
  // Everything that has been armed is due.
  bool Expire() { return apic_.ExpireTimer(apic_.timer_deadline()); }

  PendingInterrupts pending_;
  LocalApic apic_{0, true, &pending_};
  zx_port_packet_t packet_ = {};
};

TEST_F(LocalApicTimer, AWriteOfTheVectorDoesNotStartATimerThatHasExpired) {
  Shows("APIC-6 APIC-17");
  Write(kLvtTimer, kVector);
  Write(kInitialCount, kCount);
  ASSERT_TRUE(Expire());
  ASSERT_FALSE(Runs());
  for (const uint64_t lvt : {kMasked | kVector, uint64_t{kVector}, kPeriodic | kVector}) {
    Write(kLvtTimer, lvt);
    EXPECT_FALSE(Runs()) << lvt;
  }
}

// Before anybody has looked whether the timer is due.
TEST_F(LocalApicTimer, TheCountOfATimerThatIsDueIsZero) {
  Shows("APIC-17");
  constexpr uint32_t kCurrentCount = 0x839;
  LocalApic apic{0, false, &pending_};
  EXPECT_EQ(apic.Write(kDivide, 0xB, &packet_).kind, MsrResult::kDone);
  EXPECT_EQ(apic.Write(kInitialCount, 1, &packet_).kind, MsrResult::kDone);
  while (TscClock::Now() <= apic.timer_deadline()) {
  }
  uint64_t count = 1;
  EXPECT_EQ(apic.Read(kCurrentCount, &count).kind, MsrResult::kDone);
  EXPECT_EQ(count, 0u);
}

TEST_F(LocalApicTimer, AWriteOfTheDividerDoesNotStartATimerThatHasExpired) {
  Shows("APIC-9");
  Write(kLvtTimer, kVector);
  Write(kInitialCount, kCount);
  ASSERT_TRUE(Expire());
  Write(kDivide, 0xB);
  EXPECT_FALSE(Runs());
  Write(kInitialCount, kCount);
  const uint64_t by_one = apic_.timer_deadline();
  Write(kDivide, 0xA);  // by 128
  EXPECT_GT(apic_.timer_deadline(), by_one + 100 * kCount) << "one that runs is armed anew";
}

TEST_F(LocalApicTimer, AWriteOfTheVectorLeavesATimerThatRunsAlone) {
  Shows("APIC-6 APIC-19");
  Write(kLvtTimer, kMasked | 0x33);
  Write(kInitialCount, kCount);
  const uint64_t due = apic_.timer_deadline();
  Write(kLvtTimer, kVector);
  EXPECT_EQ(apic_.timer_deadline(), due);
  ASSERT_TRUE(apic_.ExpireTimer(due));
  EXPECT_TRUE(pending_.Take(kVector)) << "the vector that stands there now";
  EXPECT_FALSE(pending_.Any());
}

TEST_F(LocalApicTimer, OneShotAndPeriodicAreTheSameCount) {
  Shows("APIC-6 APIC-18");
  Write(kLvtTimer, kVector);
  Write(kInitialCount, kCount);
  Write(kLvtTimer, kPeriodic | kVector);
  ASSERT_TRUE(Runs());
  ASSERT_TRUE(Expire());
  EXPECT_TRUE(Runs()) << "it is periodic when it expires";
  Write(kLvtTimer, kVector);
  ASSERT_TRUE(Expire());
  EXPECT_FALSE(Runs());
}

// Whenever it is looked at: the times are those that the guest has asked for.
TEST_F(LocalApicTimer, PeriodsDoNotMoveWithTheTimeOfALook) {
  Shows("APIC-18");
  Write(kDivide, 0xB);  // by 1
  Write(kLvtTimer, kPeriodic | kVector);
  Write(kInitialCount, kCount);
  const uint64_t first = apic_.timer_deadline();
  for (const uint64_t late : {uint64_t{0}, uint64_t{1}, kCount / 2, kCount - 1}) {
    const uint64_t due = apic_.timer_deadline();
    ASSERT_TRUE(apic_.ExpireTimer(due + late));
    EXPECT_EQ(apic_.timer_deadline(), due + kCount) << late;
  }
  // Those that have been missed are one.
  ASSERT_TRUE(apic_.ExpireTimer(apic_.timer_deadline() + 5 * kCount + 7));
  EXPECT_EQ(apic_.timer_deadline(), first + 10 * kCount);
}

TEST_F(LocalApicTimer, TheDeadlineModeHasNothingToDoWithTheCount) {
  Shows("APIC-6 APIC-8 APIC-9");
  Write(kLvtTimer, kVector);
  Write(kInitialCount, kCount);
  Write(kLvtTimer, kDeadlineMode | kVector);
  EXPECT_FALSE(Runs());
  Write(kInitialCount, kCount);
  Write(kDivide, 0xB);
  EXPECT_FALSE(Runs()) << "no count in this mode";
  WriteDeadline(kLater);
  EXPECT_EQ(apic_.timer_deadline(), kLater);
  Write(kLvtTimer, kMasked | kDeadlineMode | kVector);
  EXPECT_EQ(apic_.timer_deadline(), kLater) << "the mode is the same";
  Write(kLvtTimer, kVector);
  EXPECT_FALSE(Runs());
}

TEST(LocalApicIcr, TheSendersOwnNmiIsTakenHere) {
  Shows("ICR-2 ICR-5");
  constexpr uint64_t kNmi = 4u << 8;
  constexpr uint64_t kAll = ~uint64_t{0};
  const struct {
    const char* name;
    uint64_t value;
    uint64_t mask;
    bool own;
  } kRows[] = {
      {"its own id", uint64_t{3} << 32 | kNmi, 0, true},
      {"another id", uint64_t{5} << 32 | kNmi, 1u << 5, false},
      {"broadcast", uint64_t{0xFFFFFFFF} << 32 | kNmi, kAll & ~uint64_t{8}, true},
      {"all", 2u << 18 | kNmi, kAll & ~uint64_t{8}, true},
      {"all but self", 3u << 18 | kNmi, kAll & ~uint64_t{8}, false},
      {"self", 1u << 18 | kNmi, 0, true},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    PendingInterrupts pending;
    LocalApic apic(3, true, &pending);
    zx_port_packet_t packet = {};
    EXPECT_EQ(apic.Write(kIcr, row.value, &packet).kind, MsrResult::kPacket);
    EXPECT_EQ(packet.guest_vcpu.interrupt.mask, row.mask);
    EXPECT_EQ(packet.guest_vcpu.interrupt.vector, 2);
    EXPECT_EQ(pending.Take(2), row.own);
    EXPECT_FALSE(pending.Any());
  }
}

TEST(TscClock, WhatIsFarAwayIsNotOver) {
  for (const uint32_t khz : {1u, 1'000u, 1'000'000u, 5'000'000u}) {
    const TscClock clock(khz);
    const int64_t now = base::MonotonicNow();
    EXPECT_GE(clock.MonotonicAt(0), now) << "at once";
    for (const uint64_t tsc : {UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2}) {
      EXPECT_GT(clock.MonotonicAt(tsc), now + INT64_MAX / 8) << khz << ' ' << tsc;
    }
  }
}

}  // namespace
}  // namespace zircon::vcpu::x86
