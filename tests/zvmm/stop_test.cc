// Why the machine stops.

#include "stop.h"

#include <gtest/gtest.h>

#include <thread>

namespace zvmm {
namespace {

using Reason = StopRequest::Reason;

TEST(StopLatchTest, TheFirstRequestWins) {
  StopLatch stop;
  EXPECT_FALSE(stop.requested());
  EXPECT_TRUE(stop.Request({.reason = Reason::kExitStatus, .status = 7}));
  EXPECT_FALSE(stop.Request({.reason = Reason::kPowerOff}));
  EXPECT_TRUE(stop.requested());
  EXPECT_EQ(stop.Wait().reason, Reason::kExitStatus);
  EXPECT_EQ(stop.Wait().status, 7);
}

TEST(StopLatchTest, ARequestEndsTheWaiting) {
  StopLatch stop;
  std::thread guest([&] { stop.Request({.reason = Reason::kPowerOff}); });
  EXPECT_EQ(stop.Wait().reason, Reason::kPowerOff);
  guest.join();
}

TEST(StopLatchTest, AfterAPanicNeitherPowerOffNorResetIsSuccess) {
  for (const Reason reason : {Reason::kPowerOff, Reason::kReset}) {
    StopLatch stop(std::chrono::hours(1));
    stop.Panic();
    EXPECT_FALSE(stop.requested()) << "the guest may say why";
    EXPECT_TRUE(stop.Request({.reason = reason}));
    EXPECT_EQ(stop.Wait().reason, Reason::kPanic);
  }
}

TEST(StopLatchTest, AfterAPanicTheUserIsHeardAndAStatusCounts) {
  for (const Reason reason : {Reason::kUser, Reason::kExitStatus, Reason::kFailure}) {
    StopLatch stop(std::chrono::hours(1));
    stop.Panic();
    stop.Request({.reason = reason});
    EXPECT_EQ(stop.Wait().reason, reason);
  }
}

TEST(StopLatchTest, APanicEndsAGuestThatStaysSilent) {
  StopLatch stop(std::chrono::milliseconds(1));
  std::thread guest([&] {
    stop.Panic();
    stop.Panic();
  });
  EXPECT_EQ(stop.Wait().reason, Reason::kPanic);
  EXPECT_TRUE(stop.requested());
  guest.join();
}

}  // namespace
}  // namespace zvmm
