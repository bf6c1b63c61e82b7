// The clock that also runs while the host is suspended, where it is another than the monotonic one:
// in a time namespace of its own. Rows: TIME, WAIT-ASYNC, TIMER, ZX-TIME.

#include <gtest/gtest.h>
#include <lib/zx/clock.h>
#include <lib/zx/event.h>
#include <lib/zx/port.h>
#include <lib/zx/timer.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <climits>
#include <cstdlib>
#include <string>

#include "contract.h"

namespace zircon::test {
namespace {

// How far the two are apart there.
constexpr zx_duration_t kApart = ZX_SEC(100'000);
// The second of two readings is later, on a busy machine by much.
constexpr zx_duration_t kNearlyApart = kApart - ZX_SEC(1000);

// A command there. False if it fails, or nobody may have such a namespace.
bool RunApart(const std::string& command) {
  const std::string line =
      "unshare --user --map-root-user --time --boottime 100000 " + command + " >/dev/null 2>&1";
  return std::system(line.c_str()) == 0;
}

TEST(BootClock, WhereItIsAnotherThanTheMonotonicOne) {
  Shows("TIME-8 TIME-9 WAIT-ASYNC-8 TIMER-1 ZX-TIME-4");
  if (!RunApart("true")) GTEST_SKIP() << "no time namespaces here";
  char program[PATH_MAX] = {};
  ASSERT_GT(readlink("/proc/self/exe", program, sizeof(program) - 1), 0);
  EXPECT_TRUE(
      RunApart(std::string("'") + program +
               "' --gtest_also_run_disabled_tests --gtest_filter=BootClock.DISABLED_Apart"));
}

// In a process of its own: of the test above.
TEST(BootClock, DISABLED_Apart) {
  EXPECT_GE(zx_clock_get_boot() - zx_clock_get_monotonic(), kNearlyApart);
  EXPECT_GE(zx_ticks_get_boot() - zx_ticks_get(), kNearlyApart);
  EXPECT_GE(zx::clock::get_boot().get() - zx::clock::get_monotonic().get(), kNearlyApart);
  EXPECT_GE(zx::ticks_boot::now().get() - zx::ticks::now().get(), kNearlyApart);

  zx::event event;
  zx::port port;
  ASSERT_EQ(zx::event::create(0, &event), ZX_OK);
  ASSERT_EQ(zx::port::create(0, &port), ZX_OK);
  ASSERT_EQ(event.signal(0, ZX_EVENT_SIGNALED), ZX_OK);
  const auto timestamp = [&](uint32_t options) {
    zx_port_packet_t packet{};
    EXPECT_EQ(event.wait_async(port, 0, ZX_EVENT_SIGNALED, options), ZX_OK);
    EXPECT_EQ(port.wait(zx::time(), &packet), ZX_OK);
    return packet.signal.timestamp;
  };
  EXPECT_GE(timestamp(ZX_WAIT_ASYNC_BOOT_TIMESTAMP) - timestamp(ZX_WAIT_ASYNC_TIMESTAMP),
            kNearlyApart);
  EXPECT_EQ(timestamp(0), 0);

  // A deadline that would be far away if it were taken for monotonic, and was long ago the other
  // way round.
  zx::timer timer;
  ASSERT_EQ(zx::timer::create(0, ZX_CLOCK_BOOT, &timer), ZX_OK);
  ASSERT_EQ(timer.set(zx::clock::get_boot(), zx::duration_boot()), ZX_OK);
  EXPECT_EQ(timer.wait_one(ZX_TIMER_SIGNALED, zx::time(), nullptr), ZX_OK);
  ASSERT_EQ(timer.set(zx::clock::get_boot() + zx::duration_boot(zx::hour(1)), zx::duration_boot()),
            ZX_OK);
  EXPECT_EQ(timer.wait_one(ZX_TIMER_SIGNALED, zx::time(), nullptr), ZX_ERR_TIMED_OUT);
}

}  // namespace
}  // namespace zircon::test
