// <lib/zx/time.h> and <lib/zx/clock.h>: nothing wraps. Rows: ZX-TIME, TIME.

#include <gtest/gtest.h>
#include <lib/zx/clock.h>
#include <lib/zx/time.h>
#include <zircon/time.h>

#include <limits>
#include <type_traits>

#include "contract.h"

namespace zircon::test {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

static_assert(zx::sec(2).get() == 2'000'000'000);
static_assert(zx::sec(INT64_MAX) == zx::duration::infinite());
static_assert(zx::hour(INT64_MIN) == zx::duration::infinite_past());
static_assert(zx::time::infinite() + zx::nsec(1) == zx::time::infinite());
static_assert(zx::time::infinite_past() - zx::nsec(1) == zx::time::infinite_past());
static_assert(zx::time(10) - zx::time(3) == zx::nsec(7));
static_assert(zx::min(2) / zx::sec(1) == 120 && zx::msec(1500).to_secs() == 1);
static_assert(zx::msec(7) % zx::msec(2) == zx::msec(1) && -zx::sec(1) < zx::duration());
static_assert(3 * zx::usec(2) == zx::nsec(6000) && zx::usec(9) / 3 == zx::usec(3));

// What gcc and clang agree on for numbers of twice the size.
int64_t Saturated(__int128 exact) {
  if (exact > kMost) return kMost;
  if (exact < kLeast) return kLeast;
  return static_cast<int64_t>(exact);
}

constexpr int64_t kEdges[] = {kLeast, kLeast + 1, -2'000'000'000, -7,        -1,        0,
                              1,      3,          1'000'000'000,  kMost / 2, kMost - 1, kMost};

TEST(ZxTimeTest, ArithmeticSaturates) {
  Shows("ZX-TIME-1");
  for (const int64_t a : kEdges) {
    for (const int64_t b : kEdges) {
      SCOPED_TRACE(testing::Message() << a << " and " << b);
      const __int128 wide_a = a;
      const __int128 wide_b = b;
      EXPECT_EQ((zx::duration(a) + zx::duration(b)).get(), Saturated(wide_a + wide_b));
      EXPECT_EQ((zx::duration(a) - zx::duration(b)).get(), Saturated(wide_a - wide_b));
      EXPECT_EQ((zx::duration(a) * b).get(), Saturated(wide_a * wide_b));
      EXPECT_EQ((zx::time(a) + zx::duration(b)).get(), Saturated(wide_a + wide_b));
      EXPECT_EQ((zx::duration(b) + zx::time(a)).get(), Saturated(wide_a + wide_b));
      EXPECT_EQ((zx::time(a) - zx::duration(b)).get(), Saturated(wide_a - wide_b));
      EXPECT_EQ((zx::time(a) - zx::time(b)).get(), Saturated(wide_a - wide_b));
      EXPECT_EQ((zx::ticks(a) + zx::ticks(b)).get(), Saturated(wide_a + wide_b));
      EXPECT_EQ((zx::ticks(a) - zx::ticks(b)).get(), Saturated(wide_a - wide_b));
      EXPECT_EQ((zx::ticks(a) * b).get(), Saturated(wide_a * wide_b));
      if (b == 0) continue;
      EXPECT_EQ((zx::duration(a) / b).get(), Saturated(wide_a / wide_b));
      EXPECT_EQ(zx::duration(a) / zx::duration(b), Saturated(wide_a / wide_b));
      EXPECT_EQ((zx::duration(a) % zx::duration(b)).get(), Saturated(wide_a % wide_b));
      EXPECT_EQ((zx::ticks(a) / b).get(), Saturated(wide_a / wide_b));
    }
    EXPECT_EQ((-zx::duration(a)).get(), Saturated(-static_cast<__int128>(a)));
  }
}

TEST(ZxTimeTest, Assignments) {
  Shows("ZX-TIME-1");
  zx::time time(5);
  time += zx::nsec(3);
  time -= zx::nsec(1);
  EXPECT_EQ(time, zx::time(7));
  *time.get_address() = 9;
  EXPECT_EQ(time.get(), 9);
  zx::duration duration(9);
  duration += zx::nsec(1);
  duration -= zx::nsec(2);
  duration *= 4;
  duration /= 2;
  EXPECT_EQ(duration.to_nsecs(), 16);
  duration %= zx::nsec(5);
  EXPECT_EQ(duration.get(), 1);
  EXPECT_EQ(zx::hour(3).to_mins(), 180);
  EXPECT_EQ(zx::min(3).to_hours(), 0);
  EXPECT_EQ(zx::sec(1).to_msecs(), 1000);
  EXPECT_EQ(zx::msec(1).to_usecs(), 1000);
  zx::ticks ticks(6);
  ticks += zx::ticks(2);
  ticks -= zx::ticks(4);
  ticks *= 6;
  ticks /= 3;
  EXPECT_EQ(ticks, zx::ticks(8));
  EXPECT_TRUE(zx::ticks(1) < zx::ticks(2) && zx::ticks(1) <= zx::ticks(1) &&
              zx::ticks(2) >= zx::ticks(2) && zx::ticks(2) > zx::ticks(1));
}

template <typename A, typename B, typename = void>
constexpr bool kCanSubtract = false;
template <typename A, typename B>
constexpr bool kCanSubtract<A, B, std::void_t<decltype(std::declval<A>() - std::declval<B>())>> =
    true;

TEST(ZxTimeTest, ClocksDoNotMix) {
  Shows("ZX-TIME-2");
  static_assert(!std::is_same_v<zx::time, zx::time_boot>);
  static_assert(std::is_same_v<zx::time, zx::time_monotonic>);
  static_assert(!kCanSubtract<zx::time, zx::time_boot>);
  static_assert(!kCanSubtract<zx::time, zx::duration_boot>);
  static_assert(kCanSubtract<zx::time_boot, zx::duration_boot>);
  EXPECT_EQ(zx::time_boot(5) - zx::time_boot(3), zx::duration_boot(2));
  // Only when it is said.
  static_assert(!std::is_convertible_v<zx::duration, zx::duration_boot>);
  EXPECT_EQ(zx::duration_boot(zx::sec(1)).get(), zx::sec(1).get());
}

TEST(ZxTimeTest, OfTheCLibrary) {
  Shows("ZX-TIME-3 TIME-10");
  for (const int64_t value : kEdges) {
    SCOPED_TRACE(value);
    const timespec time = zx_timespec_from_time(value);
    EXPECT_GE(time.tv_nsec, 0);
    EXPECT_LT(time.tv_nsec, 1'000'000'000);
    EXPECT_EQ(zx_time_from_timespec(time), value);
    EXPECT_EQ(zx::time(zx::time(value).to_timespec()), zx::time(value));
    EXPECT_EQ(zx::duration(zx::duration(value).to_timespec()), zx::duration(value));
  }
  EXPECT_EQ(zx_duration_from_timespec({kMost, 0}), ZX_TIME_INFINITE);
  EXPECT_EQ(zx_duration_from_timespec({kLeast, 999'999'999}), ZX_TIME_INFINITE_PAST);
  EXPECT_EQ(zx_duration_from_timespec({-1, 500'000'000}), -500'000'000);
  EXPECT_EQ(zx_duration_from_nsec(7), 7);
  EXPECT_EQ(zx_duration_from_usec(7), 7'000);
  EXPECT_EQ(zx_duration_from_msec(7), 7'000'000);
  EXPECT_EQ(zx_duration_from_sec(7), 7'000'000'000);
  EXPECT_EQ(zx_duration_from_min(1), 60'000'000'000);
  EXPECT_EQ(zx_duration_from_hour(1), 3'600'000'000'000);
  EXPECT_EQ(zx_duration_from_hour(kMost), ZX_TIME_INFINITE);
  EXPECT_EQ(zx_nsec_from_duration(zx_duration_from_usec(2)), 2'000);
  EXPECT_EQ(zx_ticks_add_ticks(kMost, 1), kMost);
  EXPECT_EQ(zx_ticks_sub_ticks(kLeast, 1), kLeast);
  EXPECT_EQ(zx_ticks_mul_int64(kMost, -2), kLeast);
}

TEST(ZxTimeTest, ClocksRun) {
  Shows("ZX-TIME-4");
  const zx::time before = zx::clock::get_monotonic();
  EXPECT_EQ(zx::nanosleep(before + zx::usec(10)), ZX_OK);
  EXPECT_GT(zx::clock::get_monotonic(), before);
  EXPECT_GE(zx::clock::get_boot().get(), before.get());
  EXPECT_GT(zx::deadline_after(zx::hour(1)), before + zx::min(59));
  EXPECT_GT(zx::ticks::now(), zx::ticks());
  EXPECT_EQ(zx::ticks::per_second().get(), 1'000'000'000);
}

}  // namespace
}  // namespace zircon::test
