// What a thread takes of a processor, exactly and not by the clock on the wall: one that sleeps
// takes nothing at all, however long and however busy the machine.
//
//   SleepingThread waiter([&] { zx_object_wait_one(event, ...); });
//   ASSERT_TRUE(waiter.AwaitSleep());
//   EXPECT_TRUE(SleepsOn(waiter.tid()));
//
// Thread safety: any thread.

#pragma once

#include <sys/types.h>
#include <time.h>

#include <chrono>
#include <cstdint>
#include <thread>

#include "asleep.h"

// Nanoseconds of a processor that a thread of this process has had; -1: it is not there.
inline int64_t CpuTimeOf(pid_t tid) {
  // The kernel's name for a thread's own clock.
  const auto clock = static_cast<clockid_t>((~static_cast<unsigned>(tid) << 3) | 6u);
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return -1;
  return time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec;
}

// Whether the thread comes to sleep and then does nothing. One that polls, with whatever pauses,
// has had some time whenever it is looked at.
inline bool SleepsOn(pid_t tid) {
  constexpr int kTries = 20;
  constexpr auto kPause = std::chrono::milliseconds(10);
  for (int i = 0; i < kTries; ++i) {
    const int64_t before = CpuTimeOf(tid);
    if (before < 0) return false;
    const bool asleep = StateOfThread(tid) == 'S';
    std::this_thread::sleep_for(kPause);
    // It may have been on its way to sleep at the first look.
    if (asleep && StateOfThread(tid) == 'S' && CpuTimeOf(tid) == before) return true;
  }
  return false;
}
