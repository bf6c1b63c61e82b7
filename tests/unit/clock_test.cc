// zx_clock_get_monotonic, zx_deadline_after, zx_nanosleep. Rows: TIME.

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <thread>

#include "asleep.h"
#include "contract.h"

namespace {

zx_time_t HostMonotonic() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return ZX_SEC(now.tv_sec) + now.tv_nsec;
}

TEST(Clock, MonotonicIsTheHosts) {
  Shows("TIME-1");
  const zx_time_t before = HostMonotonic();
  const zx_time_t now = zx_clock_get_monotonic();
  const zx_time_t after = HostMonotonic();
  EXPECT_LE(before, now);
  EXPECT_LE(now, after);
  EXPECT_LE(now, _zx_clock_get_monotonic());
}

TEST(Clock, DeadlineAfterAdds) {
  Shows("TIME-3");
  for (const zx_duration_t wait : {ZX_SEC(10), ZX_NSEC(0), -ZX_SEC(10)}) {
    const zx_time_t before = zx_clock_get_monotonic();
    const zx_time_t deadline = zx_deadline_after(wait);
    const zx_time_t after = zx_clock_get_monotonic();
    EXPECT_LE(before + wait, deadline);
    EXPECT_LE(deadline, after + wait);
  }
}

TEST(Clock, DeadlineAfterSaturates) {
  Shows("TIME-3");
  EXPECT_EQ(zx_deadline_after(ZX_TIME_INFINITE), ZX_TIME_INFINITE);
  EXPECT_EQ(zx_deadline_after(ZX_TIME_INFINITE - 1), ZX_TIME_INFINITE);
  EXPECT_EQ(_zx_deadline_after(ZX_TIME_INFINITE), ZX_TIME_INFINITE);
  // The clock is never negative, so this needs no saturation; it must not wrap either.
  EXPECT_LT(zx_deadline_after(ZX_TIME_INFINITE_PAST), 0);
  EXPECT_GE(zx_deadline_after(ZX_TIME_INFINITE_PAST), ZX_TIME_INFINITE_PAST);
}

TEST(Nanosleep, SleepsUntilTheDeadline) {
  Shows("TIME-2 TIME-4");
  const zx_time_t deadline = zx_deadline_after(ZX_MSEC(20));
  EXPECT_EQ(zx_nanosleep(deadline), ZX_OK);
  EXPECT_GE(zx_clock_get_monotonic(), deadline);
}

TEST(Nanosleep, APastDeadlineReturnsAtOnce) {
  Shows("TIME-4");
  const zx_time_t start = zx_clock_get_monotonic();
  for (const zx_time_t deadline : {zx_time_t{0}, zx_time_t{-1}, zx_time_t{1},
                                   zx_time_t{ZX_TIME_INFINITE_PAST}, start, start - ZX_SEC(5)}) {
    EXPECT_EQ(zx_nanosleep(deadline), ZX_OK) << deadline;
    EXPECT_EQ(_zx_nanosleep(deadline), ZX_OK) << deadline;
  }
  EXPECT_LT(zx_clock_get_monotonic() - start, ZX_SEC(1));
}

std::atomic<int> g_signals{0};

TEST(Nanosleep, SignalsDoNotShortenIt) {
  Shows("TIME-5");
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) { g_signals.fetch_add(1); };  // without SA_RESTART
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  std::atomic<bool> done{false};
  zx_status_t status = ZX_ERR_INTERNAL;
  zx_time_t woke = 0;
  const zx_time_t deadline = zx_deadline_after(ZX_MSEC(60));
  std::thread sleeper([&] {
    status = zx_nanosleep(deadline);
    woke = zx_clock_get_monotonic();
    done = true;
  });
  while (!done) {
    pthread_kill(sleeper.native_handle(), SIGUSR1);
    usleep(2000);
  }
  sleeper.join();
  sigaction(SIGUSR1, &before, nullptr);
  EXPECT_EQ(status, ZX_OK);
  EXPECT_GE(woke, deadline);
  EXPECT_GT(g_signals.load(), 0);
}

TEST(Nanosleep, InfiniteNeverReturns) {
  Shows("TIME-6");
  for (const zx_time_t deadline : {ZX_TIME_INFINITE, ZX_TIME_INFINITE - 1}) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      zx_nanosleep(deadline);
      _exit(1);
    }
    EXPECT_TRUE(AwaitAsleep(child));
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, WNOHANG), 0) << "it returned";
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
  }
}

}  // namespace
