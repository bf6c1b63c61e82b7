// Timers. Rows: TIMER.

#include <gtest/gtest.h>
#include <pthread.h>
#include <zircon/syscalls.h>

#include <csignal>
#include <cstdint>
#include <iterator>
#include <vector>

#include "contract.h"
#include "handles_in_tests.h"
#include "objects/timer.h"
#include "objects/timer_queue.h"
#include "objects/waitable.h"
#include "sleeping_thread.h"
#include "threads_by_name.h"

namespace zircon::test {
namespace {

constexpr zx_signals_t kSignaled = ZX_TIMER_SIGNALED;

class TimerTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer_), ZX_OK); }
  void TearDown() override { zx_handle_close(timer_); }
  void Set(zx_time_t deadline) { ASSERT_EQ(zx_timer_set(timer_, deadline, 0), ZX_OK); }
  zx_status_t Await(zx_time_t deadline = ZX_TIME_INFINITE) {
    return zx_object_wait_one(timer_, kSignaled, deadline, nullptr);
  }
  zx_info_timer_t Info() {
    zx_info_timer_t info{};
    EXPECT_EQ(zx_object_get_info(timer_, ZX_INFO_TIMER, &info, sizeof(info), nullptr, nullptr),
              ZX_OK);
    return info;
  }
  zx_handle_t timer_ = ZX_HANDLE_INVALID;
};

TEST_F(TimerTest, CreateGivesATimer) {
  Shows("TIMER-CREATE-6 RIGHTS-50");
  EXPECT_EQ(Basic(timer_).type, ZX_OBJ_TYPE_TIMER);
  EXPECT_EQ(Basic(timer_).rights, 0xD00Bu);
  EXPECT_EQ(Signals(timer_), 0u);
}

TEST_F(TimerTest, CreateChecksInOrder) {
  Shows("TIMER-CREATE-1 TIMER-CREATE-2 TIMER-CREATE-5 PTR-5");
  for (const zx_clock_t clock : {2u, 3u, 0x80000000u}) {
    EXPECT_EQ(zx_timer_create(3, clock, nullptr), ZX_ERR_INVALID_ARGS);
  }
  for (const uint32_t options : {3u, 4u, 0x80000000u}) {
    EXPECT_EQ(zx_timer_create(options, ZX_CLOCK_MONOTONIC, nullptr), ZX_ERR_INVALID_ARGS);
  }
  const uint32_t live = LiveHandles();
  EXPECT_EQ(zx_timer_create(0, ZX_CLOCK_MONOTONIC, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_timer_create(0, ZX_CLOCK_MONOTONIC, Wild<zx_handle_t>()), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(LiveHandles(), live);
  for (const uint32_t options : {0u, 1u, 2u}) {
    zx_handle_t timer = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_timer_create(options, ZX_CLOCK_BOOT, &timer), ZX_OK);
    zx_handle_close(timer);
  }
}

TEST_F(TimerTest, FiresAtItsDeadline) {
  Shows("TIMER-1 TIMER-2");
  const zx_time_t deadline = zx_deadline_after(ZX_MSEC(5));
  Set(deadline);
  EXPECT_EQ(Await(), ZX_OK);
  EXPECT_GE(zx_clock_get_monotonic(), deadline);
  EXPECT_EQ(Signals(timer_), kSignaled);
  EXPECT_EQ(Info().deadline, 0);
}

TEST_F(TimerTest, TheBootClockFiresToo) {
  Shows("TIMER-1");
  zx_handle_close(timer_);
  ASSERT_EQ(zx_timer_create(0, ZX_CLOCK_BOOT, &timer_), ZX_OK);
  const zx_time_t deadline = zx_clock_get_boot() + ZX_MSEC(5);
  Set(deadline);
  EXPECT_EQ(Await(), ZX_OK);
  EXPECT_GE(zx_clock_get_boot(), deadline);
  Set(zx_clock_get_boot() - 1);
  EXPECT_EQ(Signals(timer_), kSignaled);
  Set(ZX_TIME_INFINITE);
  EXPECT_EQ(Signals(timer_), 0u);
}

TEST_F(TimerTest, ADeadlineInThePastSignalsAtOnce) {
  Shows("TIMER-SET-3");
  for (const zx_time_t deadline : {kPast, zx_time_t{-1}, zx_time_t{0}, zx_clock_get_monotonic()}) {
    ASSERT_EQ(zx_timer_cancel(timer_), ZX_OK);
    Set(deadline);
    EXPECT_EQ(Signals(timer_), kSignaled) << deadline;
  }
}

TEST_F(TimerTest, SettingAnewDropsWhatWasSet) {
  Shows("TIMER-2 TIMER-SET-3 TIMER-SET-4");
  Set(0);
  Set(zx_deadline_after(ZX_SEC(3600)));
  EXPECT_EQ(Signals(timer_), 0u);
  Set(zx_deadline_after(ZX_MSEC(1)));
  EXPECT_EQ(Await(), ZX_OK);
  Set(ZX_TIME_INFINITE);
  EXPECT_EQ(Signals(timer_), 0u);
  EXPECT_EQ(Info().deadline, ZX_TIME_INFINITE);
}

TEST_F(TimerTest, CancelTakesItBack) {
  Shows("TIMER-2 TIMER-CANCEL-2");
  EXPECT_EQ(zx_timer_cancel(timer_), ZX_OK);
  Set(0);
  EXPECT_EQ(zx_timer_cancel(timer_), ZX_OK);
  EXPECT_EQ(Signals(timer_), 0u);
  // Whenever it is due: after the cancel it is not signalled.
  for (int i = 0; i < 2000; ++i) {
    Set(zx_deadline_after(ZX_USEC(i % 50)));
    ASSERT_EQ(zx_timer_cancel(timer_), ZX_OK);
    ASSERT_EQ(Signals(timer_), 0u);
  }
  EXPECT_EQ(Await(zx_deadline_after(ZX_MSEC(5))), ZX_ERR_TIMED_OUT);
}

TEST_F(TimerTest, AWaitSurvivesSettingAnew) {
  Shows("TIMER-5");
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  Set(zx_deadline_after(ZX_SEC(3600)));
  ASSERT_EQ(zx_object_wait_async(timer_, port, 7, kSignaled, 0), ZX_OK);
  SleepingThread waiter([&] { EXPECT_EQ(Await(), ZX_OK); });
  ASSERT_TRUE(waiter.AwaitSleep());
  Set(zx_deadline_after(ZX_SEC(1800)));
  Set(zx_deadline_after(ZX_MSEC(2)));
  waiter.Join();
  zx_port_packet_t packet{};
  EXPECT_EQ(zx_port_wait(port, ZX_TIME_INFINITE, &packet), ZX_OK);
  EXPECT_EQ(packet.key, 7u);
  // One that begins while it is signalled fires at once.
  ASSERT_EQ(zx_object_wait_async(timer_, port, 8, kSignaled, 0), ZX_OK);
  EXPECT_EQ(zx_port_wait(port, kPast, &packet), ZX_OK);
  zx_handle_close(port);
}

TEST_F(TimerTest, ManyTimersFireInOrder) {
  Shows("TIMER-1 TIMER-7");
  constexpr uint64_t kTimers = 200;
  bool in_time = false;
  // All of them must be set before the first one fires: on a busy machine that takes its time.
  for (zx_duration_t lead = ZX_MSEC(20); !in_time; lead *= 2) {
    zx_handle_t port = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
    zx_handle_t timers[kTimers];
    const zx_time_t start = zx_clock_get_monotonic() + lead;
    for (uint64_t i = 0; i < kTimers; ++i) {
      ASSERT_EQ(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timers[i]), ZX_OK);
      ASSERT_EQ(zx_object_wait_async(timers[i], port, (i * 37) % kTimers, kSignaled, 0), ZX_OK);
      const auto place = static_cast<zx_duration_t>((i * 37) % kTimers);
      ASSERT_EQ(zx_timer_set(timers[i], start + place * ZX_USEC(100), 0), ZX_OK);
    }
    in_time = zx_clock_get_monotonic() < start;
    for (uint64_t i = 0; in_time && i < kTimers; ++i) {
      zx_port_packet_t packet{};
      ASSERT_EQ(zx_port_wait(port, ZX_TIME_INFINITE, &packet), ZX_OK);
      EXPECT_EQ(packet.key, i);
    }
    zx_handle_close_many(timers, kTimers);
    zx_handle_close(port);
  }
}

TEST_F(TimerTest, ClosingItEndsIt) {
  Shows("TIMER-3");
  handles::HandleRef ref;
  ASSERT_EQ(handles::HandleTable::Process().Lookup(timer_, &ref), ZX_OK);
  const auto object = ref.share();
  ref.reset();
  const zx_time_t deadline = zx_deadline_after(ZX_MSEC(10));
  Set(deadline);
  zx_handle_close(timer_);
  zx_nanosleep(deadline + ZX_MSEC(10));
  EXPECT_EQ(objects::Waitable::From(object.get())->signals(), 0u);
}

// A call that has found the handle comes behind the one that closes it.
TEST_F(TimerTest, SettingOneThatIsClosed) {
  Shows("TIMER-3");
  handles::TypedRef<objects::Timer> ref;
  ASSERT_EQ(ref.Lookup(timer_, 0), ZX_OK);
  zx_handle_close(timer_);
  ref->Set(zx_deadline_after(ZX_SEC(3600)), 0);
  EXPECT_EQ(ref->Info().deadline, 0);
  ref->Set(0, 0);
  EXPECT_EQ(ref->signals(), 0u);
}

TEST_F(TimerTest, ChecksInOrder) {
  Shows("TIMER-SET-1 TIMER-SET-2 TIMER-CANCEL-1 TIMER-4 RIGHTS-54");
  EXPECT_EQ(zx_timer_set(0, 0, -1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_timer_set(0, 0, INT64_MIN), ZX_ERR_OUT_OF_RANGE);
  const zx_handle_t event = NewEvent();
  const zx_handle_t without = WithRights(timer_, 0xD00B & ~ZX_RIGHT_WRITE);
  const zx_handle_t alone = WithRights(timer_, ZX_RIGHT_WRITE);
  EXPECT_EQ(zx_timer_set(0, 0, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_timer_set(event, 0, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_timer_set(without, 0, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_timer_set(alone, 0, 0), ZX_OK);
  EXPECT_EQ(zx_timer_cancel(0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_timer_cancel(event), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_timer_cancel(without), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_timer_cancel(alone), ZX_OK);
  EXPECT_EQ(zx_object_signal(timer_, 0, kSignaled), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_object_signal(timer_, 0, ZX_USER_SIGNAL_0), ZX_OK);
  for (const zx_handle_t handle : {event, without, alone}) zx_handle_close(handle);
}

// A stack that no host has room for.
TEST_F(TimerTest, TheHostGivesNoThread) {
  Shows("TIMER-CREATE-3");
  pthread_attr_t before;
  ASSERT_EQ(pthread_getattr_default_np(&before), 0);
  pthread_attr_t huge;
  ASSERT_EQ(pthread_attr_init(&huge), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&huge, size_t{1} << 50), 0);
  ASSERT_EQ(pthread_setattr_default_np(&huge), 0);
  objects::TimerQueue queue;
  EXPECT_FALSE(queue.Start());
  EXPECT_EQ(pthread_setattr_default_np(&before), 0);
  pthread_attr_destroy(&huge);
  pthread_attr_destroy(&before);
}

TEST_F(TimerTest, SlackIsKeptAndNotUsed) {
  Shows("TIMER-6 TIMER-INFO-1");
  zx_handle_close(timer_);
  ASSERT_EQ(zx_timer_create(ZX_TIMER_SLACK_EARLY, ZX_CLOCK_BOOT, &timer_), ZX_OK);
  EXPECT_EQ(Info().deadline, 0);
  const zx_time_t deadline = zx_clock_get_boot() + ZX_MSEC(20);
  ASSERT_EQ(zx_timer_set(timer_, deadline, ZX_MSEC(15)), ZX_OK);
  const auto info = Info();
  EXPECT_EQ(info.options, ZX_TIMER_SLACK_EARLY);
  EXPECT_EQ(info.clock_id, ZX_CLOCK_BOOT);
  EXPECT_EQ(info.deadline, deadline);
  EXPECT_EQ(info.slack, ZX_MSEC(15));
  EXPECT_EQ(Await(), ZX_OK);
  EXPECT_GE(zx_clock_get_boot(), deadline);
  EXPECT_EQ(Info().deadline, 0);
  EXPECT_EQ(Info().slack, 0);
}

TEST_F(TimerTest, OneThreadThatHandlesNoSignal) {
  Shows("TIMER-7 HOST-24");
  const std::vector<pid_t> threads = ThreadsNamed("zircon-timers");
  ASSERT_EQ(threads.size(), 1u);
  for (const int signal : kSignalsOfPrograms) EXPECT_FALSE(IsOpenIn(threads[0], signal)) << signal;
  EXPECT_FALSE(IsOpenIn(threads[0], SIGRTMAX));
}

// The thread sleeps until the first of all that are set; an earlier one must wake it.
TEST_F(TimerTest, AnEarlierOneDoesNotWaitForALaterOne) {
  Shows("TIMER-1 TIMER-7");
  zx_handle_t later = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &later), ZX_OK);
  ASSERT_EQ(zx_timer_set(later, zx_clock_get_monotonic() + ZX_HOUR(1), 0), ZX_OK);
  const std::vector<pid_t> threads = ThreadsNamed("zircon-timers");
  ASSERT_EQ(threads.size(), 1u);
  ASSERT_TRUE(AwaitAsleep(threads[0]));
  ASSERT_EQ(zx_timer_set(timer_, zx_clock_get_monotonic() + ZX_MSEC(5), 0), ZX_OK);
  EXPECT_EQ(zx_object_wait_one(timer_, kSignaled, zx_clock_get_monotonic() + ZX_SEC(60), nullptr),
            ZX_OK);
  zx_handle_close(later);
}

}  // namespace
}  // namespace zircon::test
