// LaterWakes: who is woken while a lock is held sleeps on until it is dropped; nobody's wake gets
// lost.

#include "base/later_wakes.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <deque>

#include "base/futex.h"
#include "sleeping_thread.h"

namespace zircon::base {
namespace {

// A thread that sleeps until its word is 1.
class Sleeper {
 public:
  bool asleep() const { return thread_.AwaitSleep(); }
  void Wake() {
    word_ = 1;
    LaterWakes::Wake(word_);
  }
  bool slept_on() const { return !done_; }
  void Join() { thread_.Join(); }

 private:
  std::atomic<uint32_t> word_{0};
  std::atomic<bool> done_{false};
  SleepingThread thread_{[this] {
    while (word_ == 0) FutexWait(word_, 0, kForever);
    done_ = true;
  }};
};

TEST(LaterWakes, WakesAtOnceWhereThereAreNone) {
  Sleeper sleeper;
  ASSERT_TRUE(sleeper.asleep());
  sleeper.Wake();
  sleeper.Join();
}

TEST(LaterWakes, WakesAtTheEndOfTheOutermost) {
  Sleeper sleeper;
  ASSERT_TRUE(sleeper.asleep());
  {
    const LaterWakes outer;
    {
      const LaterWakes inner;
      sleeper.Wake();
      EXPECT_TRUE(sleeper.slept_on());
    }
    // Nobody else wakes it.
    EXPECT_TRUE(sleeper.asleep());
    EXPECT_TRUE(sleeper.slept_on());
  }
  sleeper.Join();
}

TEST(LaterWakes, WakesMoreThanItHasRoomFor) {
  std::deque<Sleeper> sleepers(20);
  for (const Sleeper& sleeper : sleepers) ASSERT_TRUE(sleeper.asleep());
  {
    const LaterWakes later;
    for (Sleeper& sleeper : sleepers) sleeper.Wake();
    EXPECT_TRUE(sleepers.front().slept_on());
  }
  for (Sleeper& sleeper : sleepers) sleeper.Join();
}

TEST(LaterWakes, TheNextOneBeginsAnew) {
  for (int round = 0; round < 2; ++round) {
    Sleeper sleeper;
    ASSERT_TRUE(sleeper.asleep());
    {
      const LaterWakes later;
      sleeper.Wake();
    }
    sleeper.Join();
  }
}

}  // namespace
}  // namespace zircon::base
