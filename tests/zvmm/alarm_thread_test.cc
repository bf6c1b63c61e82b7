// The thread that timer devices are rung by.

#include "host/alarm_thread.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

namespace zvmm {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class AlarmThreadTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(alarm_.Start("test").ok()); }
  void AwaitRings(int count) {
    std::unique_lock lock(mutex_);
    rung_.wait(lock, [&] { return rings_ >= count; });
  }
  int rings() {
    const std::lock_guard lock(mutex_);
    return rings_;
  }
  virtual void Ring() {
    {
      const std::lock_guard lock(mutex_);
      ++rings_;
    }
    rung_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable rung_;
  int rings_ = 0;
  AlarmThread alarm_{[this] { Ring(); }};
};

TEST_F(AlarmThreadTest, RingsOnceForEachTime) {
  alarm_.Set(MonotonicNow());
  AwaitRings(1);
  const auto when = MonotonicNow() + milliseconds(2);
  alarm_.Set(when);
  AwaitRings(2);
  EXPECT_GE(MonotonicNow(), when);
  alarm_.Stop();
  EXPECT_EQ(rings(), 2);
}

TEST_F(AlarmThreadTest, AnotherTimeTakesThePlaceOfTheOneBefore) {
  alarm_.Set(MonotonicNow() + hours(1));
  alarm_.Set(MonotonicNow());
  AwaitRings(1);
  alarm_.Set(MonotonicNow() + hours(1));
  alarm_.Set(Alarm::kNever);
  alarm_.Stop();
  EXPECT_EQ(rings(), 1);
}

class RepeatingAlarmTest : public AlarmThreadTest {
  void Ring() override {
    AlarmThreadTest::Ring();
    alarm_.Set(MonotonicNow());
  }
};

TEST_F(RepeatingAlarmTest, WhoIsRungForMaySetTheNext) {
  alarm_.Set(MonotonicNow());
  AwaitRings(10);
  alarm_.Stop();
}

}  // namespace
}  // namespace zvmm
