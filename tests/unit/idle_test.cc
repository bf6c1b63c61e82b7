// What waits takes nothing of a processor: no call polls, and the library's own thread sleeps.
// Rows: WAIT, PORT-WAIT, CHANNEL-CALL, TIMER.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "contract.h"
#include "cpu_time.h"
#include "handles_in_tests.h"
#include "sleeping_thread.h"

namespace zircon::test {
namespace {

// Later than any test, and not never.
zx_time_t Tomorrow() { return zx_deadline_after(ZX_HOUR(24)); }

pid_t TimerThread() {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    if (std::getline(file, name) && name == "zircon-timers") {
      return static_cast<pid_t>(std::stol(task.path().filename().string()));
    }
  }
  return 0;
}

class Idle : public testing::TestWithParam<bool> {
 protected:
  static zx_time_t Deadline() { return GetParam() ? Tomorrow() : ZX_TIME_INFINITE; }
  static void ExpectSleep(const std::function<void()>& wait, const std::function<void()>& end) {
    SleepingThread waiter(wait);
    EXPECT_TRUE(waiter.AwaitSleep());
    EXPECT_TRUE(SleepsOn(waiter.tid()));
    end();
    waiter.Join();
  }
};

TEST_P(Idle, AThreadThatWaitsForSignals) {
  Shows("WAIT-3");
  const zx_handle_t event = NewEvent();
  ExpectSleep(
      [&] { EXPECT_EQ(zx_object_wait_one(event, ZX_EVENT_SIGNALED, Deadline(), nullptr), ZX_OK); },
      [&] { EXPECT_EQ(zx_object_signal(event, 0, ZX_EVENT_SIGNALED), ZX_OK); });
  zx_handle_close(event);
}

TEST_P(Idle, AThreadThatWaitsAtAPort) {
  Shows("PORT-WAIT-5");
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  zx_port_packet_t packet{};
  ExpectSleep([&] { EXPECT_EQ(zx_port_wait(port, Deadline(), &packet), ZX_OK); },
              [&] {
                const zx_port_packet_t sent{};
                EXPECT_EQ(zx_port_queue(port, &sent), ZX_OK);
              });
  zx_handle_close(port);
}

TEST_P(Idle, AThreadThatWaitsForAReply) {
  Shows("CHANNEL-CALL-8");
  zx_handle_t ends[2];
  ASSERT_EQ(zx_channel_create(0, &ends[0], &ends[1]), ZX_OK);
  ExpectSleep(
      [&] {
        uint32_t request = 0;
        zx_channel_call_args_t args{};
        args.wr_bytes = &request;
        args.wr_num_bytes = sizeof(request);
        uint32_t bytes = 0;
        uint32_t handles = 0;
        EXPECT_EQ(zx_channel_call(ends[0], 0, Deadline(), &args, &bytes, &handles),
                  ZX_ERR_PEER_CLOSED);
      },
      [&] { zx_handle_close(ends[1]); });
  zx_handle_close(ends[0]);
}

INSTANTIATE_TEST_SUITE_P(Deadlines, Idle, testing::Bool(), [](const auto& tested) {
  return std::string(tested.param ? "Far" : "Never");
});

TEST(IdleTimers, TheirThreadSleepsUntilOneIsDue) {
  Shows("TIMER-7");
  zx_handle_t timer = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer), ZX_OK);
  const pid_t thread = TimerThread();
  ASSERT_NE(thread, 0);
  EXPECT_TRUE(SleepsOn(thread));  // none is set
  ASSERT_EQ(zx_timer_set(timer, Tomorrow(), 0), ZX_OK);
  EXPECT_TRUE(SleepsOn(thread));
  ASSERT_EQ(zx_timer_set(timer, ZX_TIME_INFINITE, 0), ZX_OK);
  EXPECT_TRUE(SleepsOn(thread));
  ASSERT_EQ(zx_timer_set(timer, 0, 0), ZX_OK);
  EXPECT_TRUE(SleepsOn(thread));
  zx_handle_close(timer);
  EXPECT_TRUE(SleepsOn(thread));
}

}  // namespace
}  // namespace zircon::test
