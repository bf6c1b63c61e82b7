// KickSignal, HostTimer, ThreadOwner. Rows: THREAD, HOST-13 to HOST-24. What depends on a fresh
// process runs in one.

#include "vcpu/kick_signal.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zircon-kvm/host.h>
#include <zircon/errors.h>
#include <zircon/time.h>

#include <cstdlib>
#include <ctime>
#include <thread>

#include "contract.h"
#include "sanitizers.h"
#include "unit/system_calls.h"
#include "vcpu/host_timer.h"
#include "vcpu/thread_owner.h"

namespace zircon::vcpu {
namespace {

pid_t Tid() { return static_cast<pid_t>(syscall(SYS_gettid)); }

int64_t Monotonic() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

bool IsBlocked(int signo) {
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  return sigismember(&mask, signo) == 1;
}

// Exits with 0 if `right`; for the death tests, which are fresh processes ("threadsafe" style).
[[noreturn]] void Report(bool right) { std::exit(right ? 0 : 1); }

void CatchAll() {
  struct sigaction action = {};
  action.sa_handler = SIG_IGN;
  for (int signo = SIGRTMIN; signo <= SIGRTMAX; ++signo) sigaction(signo, &action, nullptr);
}

void FreeOne(int signo) {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigaction(signo, &action, nullptr);
}

class KickSignalDeathTest : public ::testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(KickSignalDeathTest, TakesTheHighestThatIsFree) {
  Shows("HOST-18 HOST-20");
  EXPECT_EXIT(
      {
        CatchAll();
        FreeOne(SIGRTMIN + 3);
        FreeOne(SIGRTMIN + 1);
        const bool none = KickSignal::number() == 0;
        const bool prepared = KickSignal::Prepare() == ZX_OK;
        Report(none && prepared && KickSignal::number() == SIGRTMIN + 3 &&
               KickSignal::Prepare() == ZX_OK);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(KickSignalDeathTest, NoneFreeIsNoResources) {
  Shows("HOST-18");
  EXPECT_EXIT(
      {
        CatchAll();
        Report(KickSignal::Prepare() == ZX_ERR_NO_RESOURCES && KickSignal::number() == 0);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(KickSignalDeathTest, TheProgramsChoice) {
  Shows("HOST-14 HOST-15 HOST-16 HOST-17 HOST-20");
  EXPECT_EXIT(
      {
        bool right = zircon_kvm_kick_signal() == 0;
        right = right && zircon_kvm_set_kick_signal(SIGUSR1) == ZX_ERR_INVALID_ARGS;
        right = right && zircon_kvm_set_kick_signal(0) == ZX_ERR_INVALID_ARGS;
        right = right && zircon_kvm_set_kick_signal(SIGRTMAX + 1) == ZX_ERR_INVALID_ARGS;
        struct sigaction action = {};
        action.sa_handler = SIG_IGN;
        sigaction(SIGRTMIN + 2, &action, nullptr);
        right = right && zircon_kvm_set_kick_signal(SIGRTMIN + 2) == ZX_ERR_ALREADY_BOUND;
        right = right && zircon_kvm_set_kick_signal(SIGRTMIN + 4) == ZX_OK;
        right = right && zircon_kvm_set_kick_signal(SIGRTMIN + 5) == ZX_OK;  // not taken yet
        right = right && KickSignal::Prepare() == ZX_OK;
        right = right && zircon_kvm_kick_signal() == SIGRTMIN + 5;
        right = right && zircon_kvm_set_kick_signal(SIGRTMIN + 6) == ZX_ERR_BAD_STATE;
        right = right && zircon_kvm_set_kick_signal(SIGUSR1) == ZX_ERR_INVALID_ARGS;
        Report(right);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(KickSignalDeathTest, TheFirstAndTheLastSignalMayBeChosen) {
  Shows("HOST-14 HOST-17");
  EXPECT_EXIT(
      {
        bool right = zircon_kvm_set_kick_signal(SIGRTMIN) == ZX_OK;
        right = right && zircon_kvm_set_kick_signal(SIGRTMAX) == ZX_OK;
        right = right && zircon_kvm_set_kick_signal(SIGRTMIN - 1) == ZX_ERR_INVALID_ARGS;
        right = right && zircon_kvm_kick_signal() == SIGRTMAX;
        Report(right);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(KickSignalDeathTest, AChoiceThatTheProgramTookBack) {
  Shows("HOST-19");
  EXPECT_EXIT(
      {
        const bool chosen = KickSignal::Choose(SIGRTMIN + 4) == ZX_OK;
        struct sigaction action = {};
        action.sa_handler = SIG_IGN;
        sigaction(SIGRTMIN + 4, &action, nullptr);
        Report(chosen && KickSignal::Prepare() == ZX_ERR_NO_RESOURCES);
      },
      ::testing::ExitedWithCode(0), "");
}

class KickSignalTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(KickSignal::Prepare(), ZX_OK); }
  static void SetKick(int how) {
    sigset_t kick;
    sigemptyset(&kick);
    sigaddset(&kick, KickSignal::number());
    pthread_sigmask(how, &kick, nullptr);
  }
};

TEST_F(KickSignalTest, OpenWhileAttached) {
  std::thread([] {
    const int signo = KickSignal::number();
    for (const bool blocked : {false, true, false}) {
      SetKick(blocked ? SIG_BLOCK : SIG_UNBLOCK);
      KickSignal::Attach();
      EXPECT_FALSE(IsBlocked(signo));
      KickSignal::Detach();
      EXPECT_EQ(IsBlocked(signo), blocked);
    }
  }).join();
}

TEST_F(KickSignalTest, TheHandlerIsAsGoodAsNone) {
  struct sigaction action = {};
  ASSERT_EQ(sigaction(KickSignal::number(), nullptr, &action), 0);
  // System calls that it interrupts go on, and it needs nothing of the stack of the thread.
  EXPECT_EQ(action.sa_flags & SA_RESTART, SA_RESTART);
  EXPECT_EQ(action.sa_flags & SA_ONSTACK, SA_ONSTACK);
}

TEST_F(KickSignalTest, NoneIsLeftWhereTheThreadBlocksIt) {
  std::thread([] {
    SetKick(SIG_UNBLOCK);
    KickSignal::Attach();
    SetKick(SIG_BLOCK);
    pthread_kill(pthread_self(), KickSignal::number());
    KickSignal::Detach();
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    EXPECT_EQ(sigismember(&pending, KickSignal::number()), 0);
  }).join();
}

TEST_F(KickSignalTest, DrainTakesAllOfIt) {
  std::thread([] {
    SetKick(SIG_BLOCK);
    EXPECT_FALSE(KickSignal::Drain());
    for (int i = 0; i < 3; ++i) pthread_kill(pthread_self(), KickSignal::number());
    EXPECT_TRUE(KickSignal::Drain());
    EXPECT_FALSE(KickSignal::Drain());
  }).join();
}

TEST_F(KickSignalTest, TheHandlerEndsTheRun) {
  Shows("HOST-22");
  std::thread([] {
    volatile uint8_t immediate_exit = 0;
    {
      const KickSignal::Target target(&immediate_exit);
      EXPECT_EQ(immediate_exit, 0);
      pthread_kill(pthread_self(), KickSignal::number());
      EXPECT_EQ(immediate_exit, 1);
    }
    immediate_exit = 0;
    // In no enter: the next one is told.
    pthread_kill(pthread_self(), KickSignal::number());
    EXPECT_EQ(immediate_exit, 0);
    {
      const KickSignal::Target target(&immediate_exit);
      EXPECT_EQ(immediate_exit, 1);
      immediate_exit = 0;
    }
    const KickSignal::Target again(&immediate_exit);
    EXPECT_EQ(immediate_exit, 0);
  }).join();
}

TEST_F(KickSignalTest, AnEnterInsideAnotherTellsIt) {
  std::thread([] {
    volatile uint8_t outer_byte = 0, inner_byte = 0;
    const KickSignal::Target outer(&outer_byte);
    {
      const KickSignal::Target inner(&inner_byte);
      pthread_kill(pthread_self(), KickSignal::number());
      EXPECT_EQ(inner_byte, 1);
      EXPECT_EQ(outer_byte, 0);
    }
    EXPECT_EQ(outer_byte, 1);
    outer_byte = 0;
    pthread_kill(pthread_self(), KickSignal::number());
    EXPECT_EQ(outer_byte, 1);
  }).join();
}

TEST_F(KickSignalTest, OnlyWhatAThreadHasSentIsAnArrival) {
  Shows("KICK-12");
  std::thread([] {
    KickSignal::Attach();
    pthread_kill(pthread_self(), KickSignal::number());
    EXPECT_TRUE(KickSignal::TakeArrival());
    EXPECT_FALSE(KickSignal::TakeArrival());
    // A timer's.
    volatile uint8_t immediate_exit = 0;
    {
      const KickSignal::Target target(&immediate_exit);
      HostTimer timer;
      EXPECT_TRUE(timer.Arm(Tid(), 1));
      while (immediate_exit == 0) sched_yield();
    }
    EXPECT_FALSE(KickSignal::TakeArrival());
    // What has come before others are taken, and what is taken.
    pthread_kill(pthread_self(), KickSignal::number());
    EXPECT_FALSE(KickSignal::Drain());
    EXPECT_FALSE(KickSignal::TakeArrival());
    SetKick(SIG_BLOCK);
    pthread_kill(pthread_self(), KickSignal::number());
    EXPECT_TRUE(KickSignal::Drain());
    EXPECT_FALSE(KickSignal::TakeArrival());
    SetKick(SIG_UNBLOCK);
    KickSignal::Detach();
  }).join();
}

TEST_F(KickSignalTest, WhatIsDrainedHasItsEffect) {
  std::thread([] {
    volatile uint8_t immediate_exit = 0;
    SetKick(SIG_BLOCK);
    pthread_kill(pthread_self(), KickSignal::number());
    {
      const KickSignal::Target target(&immediate_exit);
      EXPECT_EQ(immediate_exit, 0);
      EXPECT_TRUE(KickSignal::Drain());
      EXPECT_EQ(immediate_exit, 1);
    }
    immediate_exit = 0;
    pthread_kill(pthread_self(), KickSignal::number());
    EXPECT_TRUE(KickSignal::Drain());
    const KickSignal::Target target(&immediate_exit);
    EXPECT_EQ(immediate_exit, 1);
  }).join();
}

// ---- HostTimer ----

class HostTimerTest : public KickSignalTest {
 protected:
  // Closed, so that it can be waited for.
  void SetUp() override {
    KickSignalTest::SetUp();
    SetKick(SIG_BLOCK);
  }
  void TearDown() override {
    KickSignal::Drain();
    SetKick(SIG_UNBLOCK);
  }
  // Waits for the signal; how long it took in nanoseconds, or -1 after a second.
  static int64_t AwaitSignal() {
    const int64_t begin = Monotonic();
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, KickSignal::number());
    const timespec second = {1, 0};
    return sigtimedwait(&set, nullptr, &second) > 0 ? Monotonic() - begin : -1;
  }
};

TEST_F(HostTimerTest, SignalsItsThreadAtTheTime) {
  {
    HostTimer timer;
    const int64_t deadline = Monotonic() + 5'000'000;
    ASSERT_TRUE(timer.Arm(Tid(), deadline));
    EXPECT_GE(AwaitSignal(), 0);
    EXPECT_GE(Monotonic(), deadline);
    // The same deadline again does nothing, until one has noted that it has fired.
    ASSERT_TRUE(timer.Arm(Tid(), deadline));
    const timespec soon = {0, 5'000'000};
    nanosleep(&soon, nullptr);
    EXPECT_FALSE(KickSignal::Drain());
    EXPECT_TRUE(timer.armed());
    timer.NoteSignal(Monotonic());
    EXPECT_FALSE(timer.armed());
    ASSERT_TRUE(timer.Arm(Tid(), deadline));
    EXPECT_GE(AwaitSignal(), 0);  // long past: at once
    ASSERT_TRUE(timer.Arm(Tid(), 0));
    EXPECT_GE(AwaitSignal(), 0);
  }
}

// It fires at the nearest of all that it was armed for, once.
TEST_F(HostTimerTest, StaysArmedForTheNearest) {
  {
    HostTimer timer;
    ASSERT_TRUE(timer.Arm(Tid(), HostTimer::kNever));
    EXPECT_FALSE(timer.armed());
    const int64_t near = Monotonic() + 5'000'000;
    ASSERT_TRUE(timer.Arm(Tid(), near + ZX_SEC(100)));
    ASSERT_TRUE(timer.Arm(Tid(), near));
    ASSERT_TRUE(timer.Arm(Tid(), near + ZX_SEC(200)));
    ASSERT_TRUE(timer.Arm(Tid(), HostTimer::kNever));
    // Another signal than its own.
    timer.NoteSignal(near - 1);
    EXPECT_TRUE(timer.armed());
    EXPECT_GE(AwaitSignal(), 0);
    EXPECT_GE(Monotonic(), near);
    timer.NoteSignal(Monotonic());
    EXPECT_FALSE(timer.armed());
  }
}

#if !defined(TESTS_SANITIZED)
TEST_F(HostTimerTest, OnlyADeadlineThatIsNearerIsASystemCall) {
  HostTimer timer;
  const int64_t far = Monotonic() + ZX_HOUR(1);
  const auto calls_of = [&](int64_t deadline) {
    return SystemCallsOf([&] { EXPECT_TRUE(timer.Arm(Tid(), deadline)); }) - 1;  // Tid()
  };
  EXPECT_EQ(calls_of(HostTimer::kNever), 0);
  EXPECT_EQ(calls_of(far), 2) << "made and set";
  EXPECT_EQ(calls_of(far), 0);
  EXPECT_EQ(calls_of(2 * far), 0);
  EXPECT_EQ(calls_of(HostTimer::kNever), 0) << "called off";
  EXPECT_EQ(calls_of(far + 1), 0);
  EXPECT_EQ(calls_of(far - 1), 1);
  timer.NoteSignal(Monotonic());
  EXPECT_EQ(calls_of(far - 1), 0) << "a kick";
  timer.NoteSignal(far);
  EXPECT_EQ(calls_of(far), 1) << "it has fired";
}
#endif

TEST_F(HostTimerTest, FailsForAThreadThatIsNotThere) {
  HostTimer timer;
  EXPECT_FALSE(timer.Arm(0x3FFFFFFF, Monotonic() + 1'000'000));
}

TEST_F(HostTimerTest, DestructionStopsIt) {
  {
    HostTimer timer;
    ASSERT_TRUE(timer.Arm(Tid(), Monotonic() + 3'000'000));
  }
  const timespec soon = {0, 8'000'000};
  nanosleep(&soon, nullptr);
  EXPECT_FALSE(KickSignal::Drain());
}

// ---- ThreadOwner ----

TEST(ThreadOwner, OnePerThread) {
  Shows("THREAD-5");
  const base::RefPtr<ThreadOwner> mine = ThreadOwner::Current();
  ASSERT_TRUE(mine);
  EXPECT_EQ(ThreadOwner::Current().get(), mine.get());
  EXPECT_TRUE(mine->IsCurrent());
  EXPECT_EQ(mine->tid(), Tid());
  base::RefPtr<ThreadOwner> other;
  std::thread([&] {
    EXPECT_FALSE(mine->IsCurrent());
    other = ThreadOwner::Current();
    EXPECT_TRUE(other->IsCurrent());
  }).join();
  EXPECT_NE(other.get(), mine.get());
  // The thread is gone: nobody is that owner any more, whatever ids come again.
  EXPECT_FALSE(other->IsCurrent());
  std::thread([&] { EXPECT_FALSE(other->IsCurrent()); }).join();
}

TEST(ThreadOwner, OneVcpuAtATime) {
  Shows("THREAD-3");
  const base::RefPtr<ThreadOwner> mine = ThreadOwner::Current();
  EXPECT_TRUE(mine->TakeVcpu());
  EXPECT_FALSE(mine->TakeVcpu());
  mine->DropVcpu();
  EXPECT_TRUE(mine->TakeVcpu());
  mine->DropVcpu();
}

// Asks for the owner when the thread's own objects are being destroyed.
struct LateCaller {
  base::RefPtr<ThreadOwner>* out = nullptr;
  bool* called = nullptr;
  ~LateCaller() {
    if (called == nullptr) return;
    *called = true;
    *out = ThreadOwner::Current();
  }
};
thread_local LateCaller t_late;

TEST(ThreadOwner, NoneForAThreadThatEnds) {
  base::RefPtr<ThreadOwner> found = ThreadOwner::Current();
  bool called = false;
  std::thread([&] {
    t_late.out = &found;  // constructed before the owner: destroyed after it
    t_late.called = &called;
    EXPECT_TRUE(ThreadOwner::Current());
  }).join();
  EXPECT_TRUE(called);
  EXPECT_FALSE(found);
}

}  // namespace
}  // namespace zircon::vcpu
