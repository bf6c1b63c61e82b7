#include "host/processor_share.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace zvmm {
namespace {

// The policy of a thread that had `before` and has called LetOthersFinish().
int PolicyAfter(int before) {
  int after = -1;
  std::thread([&] {
    const sched_param no_priority = {};
    EXPECT_EQ(sched_setscheduler(0, before, &no_priority), 0);
    LetOthersFinish();
    after = sched_getscheduler(0);
  }).join();
  return after;
}

TEST(ProcessorShare, CountsWhatTheProcessMayUse) {
  std::thread([] {
    cpu_set_t usable;
    ASSERT_EQ(sched_getaffinity(0, sizeof(usable), &usable), 0);
    const auto count = static_cast<unsigned>(CPU_COUNT(&usable));
    EXPECT_FALSE(HasFewerProcessorsThan(count));
    EXPECT_TRUE(HasFewerProcessorsThan(count + 1));
    int first = 0;
    while (!CPU_ISSET(first, &usable)) ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    EXPECT_FALSE(HasFewerProcessorsThan(1));
    EXPECT_TRUE(HasFewerProcessorsThan(2));
  }).join();
}

TEST(ProcessorShare, AThreadThatWakesWaitsForItsTurn) {
  EXPECT_EQ(PolicyAfter(SCHED_OTHER), SCHED_BATCH);
}

TEST(ProcessorShare, APolicyOfTheUsersStays) { EXPECT_EQ(PolicyAfter(SCHED_IDLE), SCHED_IDLE); }

}  // namespace
}  // namespace zvmm
