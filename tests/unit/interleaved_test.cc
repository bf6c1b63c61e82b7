// Races, step by step: what one thread does falls between any two instructions of the other.
// Rows: KICK-5, KICK-12.

#include "unit/interleaved.h"

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/futex.h"
#include "base/short_lock.h"
#include "unit/kick_closed.h"
#include "vcpu/run_gate.h"

namespace zircon {
namespace {

using vcpu::KickPending;
using vcpu::RunGate;

class InterleavedGate : public vcpu::KickClosed {
 protected:
  std::optional<RunGate> gate_;
};

TEST_F(InterleavedGate, ARequestIsSeenOrSignalledWhereverATurnBegins) {
  uint32_t requests = 0;
  NEEDS_SINGLE_STEPS();
  const int places = AtEachInstruction({
      .prepare = [&](pid_t other) { gate_.emplace(other); },
      .mine = [&] { gate_->Post(vcpu::kRequestKick); },
      .theirs = [&] { requests = gate_->Begin(); },
      .theirs_afterwards =
          [&] {
            EXPECT_TRUE((requests & vcpu::kRequestKick) != 0 || KickPending());
            gate_->Leave();
          },
      .check = [] {},
  });
  EXPECT_GT(places, 5);
}

TEST_F(InterleavedGate, ATurnSeesARequestOrIsSignalledWhereverItComes) {
  uint32_t requests = 0;
  NEEDS_SINGLE_STEPS();
  const int places = AtEachInstruction({
      .prepare = [&](pid_t) { gate_.emplace(ThisThread()); },
      .mine = [&] { requests = gate_->Begin(); },
      .theirs = [&] { gate_->Post(vcpu::kRequestKick); },
      .check =
          [&] {
            EXPECT_TRUE((requests & vcpu::kRequestKick) != 0 || KickPending());
            gate_->Leave();
          },
  });
  EXPECT_GT(places, 5);
}

TEST_F(InterleavedGate, NoChangeIsMissedThatBeginsWhileTheNoteOfTheLastIsTaken) {
  std::atomic<int> version{0};
  int seen = 0;
  bool old = false;
  const auto look = [&] {
    (void)gate_->Begin();
    if (gate_->TakeTablesChanged()) seen = version;
    old = old || seen != version;
    gate_->Leave();
  };
  NEEDS_SINGLE_STEPS();
  const int places = AtEachInstruction({
      .prepare =
          [&](pid_t) {
            gate_.emplace(ThisThread());
            gate_->Post(vcpu::kRequestTables);
            version = 1;
            seen = 0;
            old = false;
          },
      .mine = look,
      .theirs =
          [&] {
            gate_->RequestPark();
            gate_->AwaitParked();
            ++version;
            gate_->Unpark();
          },
      .check =
          [&] {
            look();
            EXPECT_FALSE(old) << "a run with tables from before the change";
          },
      .stride = 2,
  });
  EXPECT_GT(places, 10);
}

TEST_F(InterleavedGate, ASleepEndsWhereverARequestComes) {
  const uint32_t ignored = vcpu::kRequestInterrupt;
  NEEDS_SINGLE_STEPS();
  const int places = AtEachInstruction({
      .prepare =
          [&](pid_t) {
            gate_.emplace(ThisThread());
            gate_->Post(ignored);
            (void)gate_->Begin();
          },
      .mine = [&] { gate_->Sleep(base::kForever, ignored); },
      .theirs = [&] { gate_->Post(vcpu::kRequestKick); },
      .check = [&] { gate_->Leave(); },
  });
  EXPECT_GT(places, 5);
}

// One that is ignored ends the sleep's state; the one behind it must not be taken for one to a VCPU
// that is awake.
TEST_F(InterleavedGate, ASleepEndsWhereverAnIgnoredRequestComesBeforeAnother) {
  const uint32_t ignored = vcpu::kRequestInterrupt;
  NEEDS_SINGLE_STEPS();
  const int places = AtEachInstruction({
      .prepare =
          [&](pid_t) {
            gate_.emplace(ThisThread());
            (void)gate_->Begin();
          },
      .mine =
          [&] {
            while (!gate_->IsSet(vcpu::kRequestKick)) gate_->Sleep(base::kForever, ignored);
          },
      .theirs =
          [&] {
            gate_->Post(ignored);
            gate_->Post(vcpu::kRequestKick);
          },
      .check = [&] { gate_->Leave(); },
      .stride = 3,
  });
  EXPECT_GT(places, 5);
}

TEST_F(InterleavedGate, AParkedTurnGoesOnWhereverTheChangeEnds) {
  NEEDS_SINGLE_STEPS();
  const int places = AtEachInstruction({
      .prepare =
          [&](pid_t) {
            gate_.emplace(ThisThread());
            gate_->RequestPark();
          },
      .mine =
          [&] {
            (void)gate_->Begin();
            gate_->Leave();
          },
      .theirs =
          [&] {
            gate_->AwaitParked();
            gate_->Unpark();
          },
      .check = [] {},
      .stride = 5,
  });
  EXPECT_GT(places, 10);
}

// A plain store could be seen by others after the look at the requests, and both sides miss each
// other.
TEST_F(InterleavedGate, TheStateIsStoredBeforeTheRequestsAreRead) {
  SKIP_WHERE_COVERAGE_COUNTS("its own locked instructions are seen");
  gate_.emplace(ThisThread());
  EXPECT_GE(LockedInstructionsOf([&] { (void)gate_->Begin(); }), 1);
  EXPECT_GE(LockedInstructionsOf([&] { gate_->StepOut(); }), 1);
  EXPECT_GE(LockedInstructionsOf([&] { (void)gate_->Begin(); }), 1);
  // The state is kRunning already: the next turn of an enter costs none.
  EXPECT_EQ(LockedInstructionsOf([&] { (void)gate_->Begin(); }), 0);
  EXPECT_GE(LockedInstructionsOf([&] { gate_->Leave(); }), 1);
}

TEST(InterleavedShortLock, AWaitForAConditionEndsWhereverItBecomesTrue) {
  base::ShortLock lock;
  base::ShortLockCondition condition;
  bool ready = false;
  NEEDS_SINGLE_STEPS();
  const int places = AtEachInstruction({
      .prepare = [&](pid_t) { ready = false; },
      .mine =
          [&] {
            base::ShortLockScope scope(lock);
            while (!ready) condition.Wait(lock);
          },
      .theirs =
          [&] {
            base::ShortLockScope scope(lock);
            ready = true;
            condition.WakeAll(lock);
          },
      .check = [] {},
  });
  EXPECT_GT(places, 10);
}

}  // namespace
}  // namespace zircon
