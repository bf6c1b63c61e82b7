// The HPET of zvmm, driven as kernels do.

#include "devices/hpet.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>

namespace zvmm {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr uint64_t kConfig = 0x10;
constexpr uint64_t kStatus = 0x20;
constexpr uint64_t kCounter = 0xF0;
constexpr uint64_t TimerConfig(unsigned index) { return 0x100 + 0x20 * index; }
constexpr uint64_t Comparator(unsigned index) { return 0x108 + 0x20 * index; }

constexpr uint64_t kLevel = 1 << 1;
constexpr uint64_t kOn = 1 << 2;
constexpr uint64_t kPeriodic = 1 << 3;
constexpr uint64_t kSetsAccumulator = 1 << 6;
constexpr uint64_t k32Bits = 1 << 8;
constexpr uint64_t Route(unsigned pin) { return uint64_t{pin} << 9; }
constexpr uint64_t kTicksPerMicrosecond = Hpet::kHertz / 1'000'000;

class HpetTest : public testing::Test, private Alarm {
 protected:
  void SetUp() override { hpet_.SetAlarm(this); }

  uint64_t Read(uint64_t offset, uint8_t size = 8) {
    return hpet_.Read(Hpet::kAddress + offset, size);
  }
  void Write(uint64_t offset, uint64_t value, uint8_t size = 8) {
    hpet_.Write(Hpet::kAddress + offset, size, value);
  }
  void Pass(nanoseconds time) {
    const nanoseconds end = now_ + time;
    while (when_ <= end) {
      now_ = when_;
      when_ = kNever;
      hpet_.Expire();
    }
    now_ = end;
    hpet_.Expire();
  }
  bool waits() const { return when_ != kNever; }
  InterruptLine Connect(unsigned pin) {
    return [this, pin](bool level) {
      if (level && !levels_[pin]) ++rises_[pin];
      levels_[pin] = level;
    };
  }

  std::array<int, 24> rises_{};
  std::array<bool, 24> levels_{};
  nanoseconds now_{seconds(5)};

 private:
  void Set(nanoseconds when) override { when_ = when; }

  nanoseconds when_ = kNever;

 protected:
  Hpet hpet_{[this](unsigned pin) { return Connect(pin); }, [this] { return now_; }};
};

TEST_F(HpetTest, TellsWhatItIs) {
  EXPECT_EQ(Read(0) >> 32, 10'000'000u) << "femtoseconds a tick";
  EXPECT_EQ(Read(4, 4), 10'000'000u);
  EXPECT_EQ(Read(0) >> 8 & 0x1F, 2u) << "the last timer";
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(Read(TimerConfig(i)) >> 32, Hpet::kRoutes);
    EXPECT_EQ(Read(TimerConfig(i)) & 0x30, 0x30u) << "periodic, 64 bits";
  }
  Write(0, 0);
  EXPECT_EQ(Read(0), Hpet::kCapabilities);
  for (uint64_t offset = 0x160; offset < Hpet::kSize; offset += 8) {
    Write(offset, ~uint64_t{0});
    EXPECT_EQ(Read(offset), 0u);
  }
}

TEST_F(HpetTest, CountsWhileItIsOn) {
  EXPECT_EQ(Read(kCounter), 0u);
  Pass(seconds(1));
  EXPECT_EQ(Read(kCounter), 0u);
  Write(kCounter, uint64_t{7} << 32);
  Write(kConfig, 1);
  Pass(microseconds(3));
  EXPECT_EQ(Read(kCounter), (uint64_t{7} << 32) + 300);
  EXPECT_EQ(Read(kCounter, 4), 300u);
  EXPECT_EQ(Read(kCounter + 4, 4), 7u);
  Write(kConfig, 0);
  Pass(seconds(1));
  EXPECT_EQ(Read(kCounter), (uint64_t{7} << 32) + 300);
}

TEST_F(HpetTest, OneInterruptWhenTheCounterComesThere) {
  Write(kConfig, 1);
  Write(TimerConfig(2), kOn | Route(20));
  Write(Comparator(2), Read(kCounter) + 50 * kTicksPerMicrosecond);
  Pass(microseconds(49));
  EXPECT_EQ(rises_[20], 0);
  Pass(microseconds(2));
  EXPECT_EQ(rises_[20], 1);
  EXPECT_FALSE(levels_[20]) << "an edge";
  EXPECT_EQ(Read(kStatus), 0u) << "of level interrupts only";
  Pass(seconds(100));
  EXPECT_EQ(rises_[20], 1);
  EXPECT_FALSE(waits());
}

// As Linux programs it: 32 bits, the first interrupt, then the period.
TEST_F(HpetTest, PeriodsOf32Bits) {
  Write(kCounter, 0xFFFFF000);
  Write(kConfig, 3);
  Write(TimerConfig(0), kOn | kPeriodic | kSetsAccumulator | k32Bits, 4);
  Write(Comparator(0), static_cast<uint32_t>(Read(kCounter, 4) + 100'000), 4);
  Write(Comparator(0), 100'000, 4);
  for (int i = 1; i <= 20; ++i) {
    Pass(microseconds(1000));
    EXPECT_EQ(rises_[2], i) << "legacy replacement: the 8254's pin";
  }
  EXPECT_LE(Read(Comparator(0)), 0xFFFFFFFFu);
  // Off.
  Write(TimerConfig(0), 0);
  Pass(microseconds(10'000));
  EXPECT_EQ(rises_[2], 20);
  EXPECT_FALSE(waits());
}

TEST_F(HpetTest, PeriodsThatNobodySawAreOneInterrupt) {
  Write(kConfig, 1);
  Write(TimerConfig(1), kOn | kPeriodic | kSetsAccumulator | Route(8));
  Write(Comparator(1), 100'000);
  Write(Comparator(1), 100'000);
  now_ += microseconds(5'500);
  hpet_.Expire();
  EXPECT_EQ(rises_[8], 1);
  EXPECT_EQ(Read(Comparator(1)), 600'000u);
  Pass(microseconds(501));
  EXPECT_EQ(rises_[8], 2);
}

TEST_F(HpetTest, AComparatorBehindIsARoundAway) {
  Write(kCounter, 1000);
  Write(kConfig, 1);
  Write(TimerConfig(0), kOn | k32Bits | Route(2));
  Write(Comparator(0), 999);
  Pass(seconds(42));
  EXPECT_EQ(rises_[2], 0);
  Pass(seconds(1));
  EXPECT_EQ(rises_[2], 1) << "2^32 ticks take 42.9 s";
}

TEST_F(HpetTest, ALevelStaysUntilItIsCleared) {
  Write(kConfig, 1);
  Write(TimerConfig(2), kOn | kLevel | Route(21));
  Write(Comparator(2), 100);
  Pass(microseconds(2));
  EXPECT_TRUE(levels_[21]);
  EXPECT_EQ(Read(kStatus), 4u);
  Write(kStatus, 3);
  EXPECT_TRUE(levels_[21]);
  Write(kStatus, 4);
  EXPECT_FALSE(levels_[21]);
  EXPECT_EQ(Read(kStatus), 0u);
  EXPECT_EQ(rises_[21], 1);
}

TEST_F(HpetTest, ARouteThatThereIsNot) {
  Write(TimerConfig(0), kOn | Route(5));
  EXPECT_EQ(Read(TimerConfig(0)) >> 9 & 0x1F, 0u);
  Write(TimerConfig(0), kOn | Route(31));
  Write(kConfig, 1);
  Write(Comparator(0), 100);
  Pass(microseconds(2));
  for (const int count : rises_) EXPECT_EQ(count, 0);
}

TEST_F(HpetTest, AnyAccessIsAnswered) {
  for (const uint8_t size : {1, 2, 4, 8}) {
    for (uint64_t offset = 0; offset < Hpet::kSize; ++offset) {
      Write(offset, 0xA5A5A5A5A5A5A5A5 ^ offset, size);
      Read(offset, size);
    }
  }
  Pass(microseconds(100));
}

}  // namespace
}  // namespace zvmm
