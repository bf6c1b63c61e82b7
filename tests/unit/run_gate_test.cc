// RunGate: no request falls between looking and running. Rows: KICK-5, KICK-12.

#include "vcpu/run_gate.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/futex.h"
#include "contract.h"
#include "sleeping_thread.h"
#include "unit/kick_closed.h"
#include "vcpu/kick_signal.h"

namespace zircon::vcpu {
namespace {

pid_t Tid() { return static_cast<pid_t>(syscall(SYS_gettid)); }

class RunGateTest : public KickClosed {
 protected:
  RunGate gate_{Tid()};
};

TEST_F(RunGateTest, RequestsBeforeATurnAreSeenAndSendNothing) {
  gate_.Post(kRequestKick);
  gate_.Post(kRequestInterrupt);
  EXPECT_FALSE(KickPending());
  EXPECT_TRUE(gate_.IsSet(kRequestKick));
  EXPECT_EQ(gate_.Begin(), kRequestKick | kRequestInterrupt);
  gate_.Take(kRequestKick);
  EXPECT_EQ(gate_.Begin(), uint32_t{kRequestInterrupt});
  gate_.Leave();
}

TEST_F(RunGateTest, ASignalThatEndedNoTurnIsTakenWhenLeaving) {
  Shows("KICK-12");
  // It came while an exit was handled, in the last turn or in one before.
  EXPECT_EQ(gate_.Begin(), 0u);
  gate_.Post(kRequestKick);
  EXPECT_TRUE(KickPending());
  gate_.Leave();
  EXPECT_FALSE(KickPending());
  gate_.Take(kRequestKick);

  EXPECT_EQ(gate_.Begin(), 0u);
  gate_.Post(kRequestInterrupt);
  EXPECT_EQ(gate_.Begin(), uint32_t{kRequestInterrupt});
  gate_.Take(kRequestInterrupt);
  EXPECT_TRUE(KickPending());
  gate_.Leave();
  EXPECT_FALSE(KickPending());
}

TEST_F(RunGateTest, ASignalOfATurnBeforeIsNotTakenForThisTurns) {
  Shows("KICK-12");
  EXPECT_EQ(gate_.Begin(), 0u);
  gate_.Post(kRequestInterrupt);
  EXPECT_EQ(gate_.Begin(), uint32_t{kRequestInterrupt});
  gate_.Take(kRequestInterrupt);
  // That turn's comes only now, and this one's later still.
  SetKick(SIG_UNBLOCK);
  SetKick(SIG_BLOCK);
  EXPECT_FALSE(KickPending());
  gate_.Post(kRequestKick);
  EXPECT_TRUE(KickPending());
  gate_.Leave();
  EXPECT_FALSE(KickPending());
}

TEST_F(RunGateTest, AFullSignalQueueIsWaitedFor) {
  Shows("KICK-2 INT-5");
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_SIGPENDING, &before), 0);
  const rlimit none = {0, before.rlim_max};
  EXPECT_EQ(gate_.Begin(), 0u);
  ASSERT_EQ(setrlimit(RLIMIT_SIGPENDING, &none), 0);
  SleepingThread other([&] { gate_.Post(kRequestKick); });
  EXPECT_TRUE(other.AwaitSleep());
  EXPECT_FALSE(KickPending());
  ASSERT_EQ(setrlimit(RLIMIT_SIGPENDING, &before), 0);
  other.Join();
  EXPECT_TRUE(KickPending());
  gate_.TakeSignals();
  EXPECT_FALSE(KickPending());
  gate_.Leave();
}

TEST_F(RunGateTest, RequestsDuringATurnSendOneSignal) {
  EXPECT_EQ(gate_.Begin(), 0u);
  gate_.Post(kRequestInterrupt);
  EXPECT_TRUE(KickPending());
  EXPECT_TRUE(KickSignal::Drain());
  gate_.Post(kRequestKick);  // the same turn: it has been signalled
  EXPECT_FALSE(KickPending());
  EXPECT_EQ(gate_.Begin(), kRequestKick | kRequestInterrupt);
  gate_.Post(kRequestKick);  // a new turn
  EXPECT_TRUE(KickPending());
  gate_.Leave();
  KickSignal::Drain();
  gate_.Post(kRequestKick);
  EXPECT_FALSE(KickPending());
}

TEST_F(RunGateTest, SleepEndsAtItsDeadline) {
  gate_.Begin();
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t deadline = now.tv_sec * 1'000'000'000LL + now.tv_nsec + 5'000'000;
  gate_.Sleep(deadline, 0);
  clock_gettime(CLOCK_MONOTONIC, &now);
  EXPECT_GE(now.tv_sec * 1'000'000'000LL + now.tv_nsec, deadline);
  gate_.Leave();
}

TEST_F(RunGateTest, SleepDoesNotBeginWithARequestButForIgnoredOnes) {
  gate_.Begin();
  gate_.Post(kRequestInterrupt);
  gate_.Sleep(base::kForever, 0);  // returns
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  gate_.Sleep(now.tv_sec * 1'000'000'000LL + now.tv_nsec + 2'000'000, kRequestInterrupt);
  gate_.Leave();
}

TEST_F(RunGateTest, AnIgnoredRequestDoesNotEndTheSleep) {
  Shows("TRAP-BELL-7");
  gate_.Begin();
  gate_.Post(kRequestInterrupt);
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t deadline = now.tv_sec * 1'000'000'000LL + now.tv_nsec + 5'000'000;
  gate_.Sleep(deadline, kRequestInterrupt);
  clock_gettime(CLOCK_MONOTONIC, &now);
  EXPECT_GE(now.tv_sec * 1'000'000'000LL + now.tv_nsec, deadline);
  gate_.Leave();
  KickSignal::Drain();
}

TEST_F(RunGateTest, ASleeperIsWokenByEveryRequest) {
  for (const Request request : {kRequestKick, kRequestInterrupt, kRequestRoom}) {
    gate_.Begin();
    std::thread other([&, owner = ThisThread()] {
      EXPECT_TRUE(AwaitAsleep(owner));
      gate_.Post(request);
    });
    while (!gate_.IsSet(request)) gate_.Sleep(base::kForever, 0);
    other.join();
    gate_.Take(request);
    gate_.Leave();
  }
  KickSignal::Drain();
}

TEST_F(RunGateTest, ParkHoldsTheOwnerOutsideAndNobodyElseSees) {
  std::atomic<bool> over{false};
  std::atomic<bool> inside{false};
  std::atomic<bool> held{false};
  std::thread parker([&] {
    while (!over.load()) {
      gate_.RequestPark();
      gate_.AwaitParked();
      held.store(true);
      EXPECT_FALSE(inside.load());
      held.store(false);
      gate_.Unpark();
    }
  });
  for (int i = 0; i < 5000; ++i) {
    EXPECT_EQ(gate_.Begin() & ~(kRequestPark | kRequestTables), 0u);
    inside.store(true);
    EXPECT_FALSE(held.load());
    inside.store(false);
    gate_.Leave();
  }
  over.store(true);
  parker.join();
  KickSignal::Drain();
}

TEST_F(RunGateTest, WhoWaitsForAParkIsWokenByLeaving) {
  for (const bool parks : {false, true}) {
    EXPECT_EQ(gate_.Begin() & ~uint32_t{kRequestTables}, 0u);
    SleepingThread parker([&] {
      gate_.RequestPark();
      gate_.AwaitParked();
      gate_.Unpark();
    });
    EXPECT_TRUE(parker.AwaitSleep());
    if (parks) {
      EXPECT_EQ(gate_.Begin() & ~(kRequestPark | kRequestTables), 0u);
    }
    gate_.Leave();
    parker.Join();
    KickSignal::Drain();
  }
}

TEST_F(RunGateTest, NoSignalComesAfterLeave) {
  Shows("KICK-12");
  // Each turn ends just when the other thread posts into it.
  std::atomic<uint32_t> turn{0};
  std::atomic<bool> over{false};
  std::thread other([&] {
    for (uint32_t posted = 0; !over.load();) {
      if (turn.load() == posted) continue;
      ++posted;
      gate_.Post(kRequestInterrupt);
    }
  });
  // Some rounds are with both threads on one processor, and say nothing.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (int i = 0; i < 2000 && std::chrono::steady_clock::now() < end; ++i) {
    gate_.Begin();
    ++turn;
    while (!gate_.IsSet(kRequestInterrupt)) __builtin_ia32_pause();
    gate_.Leave();
    // What is not there now must not come.
    const bool pending = KickPending();
    for (int spin = 0; spin < 500; ++spin) __builtin_ia32_pause();
    EXPECT_EQ(KickPending(), pending);
    KickSignal::Drain();
    EXPECT_FALSE(KickPending());
    gate_.Take(kRequestInterrupt);
    if (i % 16 == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  over.store(true);
  other.join();
}

}  // namespace
}  // namespace zircon::vcpu
