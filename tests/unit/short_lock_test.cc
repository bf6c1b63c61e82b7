// ShortLock: exclusion and visibility, also between threads that sleep; and its condition.

#include "base/short_lock.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <thread>
#include <vector>

#include "sleeping_thread.h"
#include "unit/in_child.h"

namespace zircon::base {
namespace {

TEST(ShortLock, LetsOneInAtATime) {
  struct {
    ShortLock lock;
    uint64_t value ABSL_GUARDED_BY(lock) = 0;
  } shared;
  constexpr int kThreads = 4;
  constexpr int kEach = 50000;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        ShortLockScope scope(shared.lock);
        ++shared.value;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ShortLockScope scope(shared.lock);
  EXPECT_EQ(shared.value, uint64_t{kThreads} * kEach);
}

TEST(ShortLock, WakesEveryThreadThatSleeps) {
  ShortLock lock;
  std::atomic<int> inside{0};
  std::atomic<int> done{0};
  std::deque<SleepingThread> threads;
  lock.Lock();
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      ShortLockScope scope(lock);
      EXPECT_EQ(inside.fetch_add(1), 0);
      // The others go to sleep again meanwhile, as a rule.
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      EXPECT_EQ(inside.fetch_sub(1), 1);
      done.fetch_add(1);
    });
  }
  for (SleepingThread& thread : threads) EXPECT_TRUE(thread.AwaitSleep());
  EXPECT_EQ(done, 0);
  lock.Unlock();
  for (SleepingThread& thread : threads) thread.Join();
  EXPECT_EQ(done, 4);
}

struct Door {
  ShortLock lock;
  ShortLockCondition changed;
  int open ABSL_GUARDED_BY(lock) = 0;

  void Await(int wanted) {
    ShortLockScope scope(lock);
    while (open < wanted) changed.Wait(lock);
  }
  void Open() {
    ShortLockScope scope(lock);
    ++open;
    changed.WakeAll(lock);
  }
};

TEST(ShortLockCondition, WakesAll) {
  Door door;
  std::atomic<int> through{0};
  std::deque<SleepingThread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      door.Await(1);
      through.fetch_add(1);
    });
  }
  for (SleepingThread& thread : threads) EXPECT_TRUE(thread.AwaitSleep());
  EXPECT_EQ(through, 0);
  door.Open();
  for (SleepingThread& thread : threads) thread.Join();
  EXPECT_EQ(through, 4);
  door.Open();  // nobody waits
}

// Every packet of a port wakes its waiters, and mostly there are none.
TEST(ShortLockCondition, AWakeOfNobodyIsNoSystemCall) {
  const int result = InChild([] {
    ShortLock lock;
    ShortLockCondition condition;
    if (!EndAtSystemCalls({SYS_futex})) return kNoFilters;
    for (int i = 0; i < 2; ++i) {
      ShortLockScope scope(lock);
      condition.WakeAll(lock);
    }
    return 0;
  });
  if (result == kNoFilters) GTEST_SKIP() << "no seccomp filters here";
  EXPECT_EQ(result, 0);
}

TEST(ShortLockCondition, LosesNoWake) {
  constexpr int kRounds = 3000;
  Door there;
  Door back;
  std::thread other([&] {
    for (int i = 1; i <= kRounds; ++i) {
      there.Await(i);
      back.Open();
    }
  });
  for (int i = 1; i <= kRounds; ++i) {
    there.Open();
    back.Await(i);
  }
  other.join();
}

}  // namespace
}  // namespace zircon::base
