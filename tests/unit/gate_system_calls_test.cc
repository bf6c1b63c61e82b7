// RunGate: nobody makes a system call for a VCPU that does not sleep, and one of many requesters
// wakes one that does. Rows: KICK-2.

#include <gtest/gtest.h>
#include <zircon/types.h>

#include "asleep.h"
#include "base/futex.h"
#include "contract.h"
#include "sanitizers.h"
#include "sleeping_thread.h"
#include "unit/system_calls.h"
#include "vcpu/kick_signal.h"
#include "vcpu/run_gate.h"

#if !defined(TESTS_SANITIZED)
namespace zircon {
namespace {

using vcpu::RunGate;

TEST(GateSystemCalls, OneRequesterWakesASleeper) {
  Shows("KICK-2");
  RunGate gate(ThisThread());
  SleepingThread owner([&] { gate.Sleep(base::kForever, 0); });
  ASSERT_TRUE(owner.AwaitSleep());
  EXPECT_EQ(SystemCallsOf([&] {
              gate.Post(vcpu::kRequestInterrupt);
              gate.Post(vcpu::kRequestInterrupt);
              gate.Post(vcpu::kRequestKick);
            }),
            1);
  owner.Join();
}

TEST(GateSystemCalls, WhoIsOutsideIsNotWoken) {
  RunGate gate(ThisThread());
  EXPECT_EQ(SystemCallsOf([&] {
              gate.Post(vcpu::kRequestInterrupt);
              gate.RequestPark();
              gate.AwaitParked();
              gate.Unpark();
            }),
            0);
}

TEST(GateSystemCalls, AParkedOwnerIsWokenOnce) {
  RunGate gate(ThisThread());
  gate.RequestPark();
  SleepingThread owner([&] {
    (void)gate.Begin();
    gate.Leave();
  });
  ASSERT_TRUE(owner.AwaitSleep());
  EXPECT_EQ(SystemCallsOf([&] {
              gate.Post(vcpu::kRequestInterrupt);
              gate.Unpark();
            }),
            1);
  owner.Join();
}

// The tgkill is all; who is told knows it by the signal's handler.
TEST(GateSystemCalls, ASignalThatHasComeIsNotLookedFor) {
  Shows("KICK-2");
  ASSERT_EQ(vcpu::KickSignal::Prepare(), ZX_OK);
  vcpu::KickSignal::Attach();
  RunGate gate(ThisThread());
  for (const bool in_another_turn : {false, true}) {
    EXPECT_EQ(gate.Begin(), 0u);
    EXPECT_EQ(SystemCallsOf([&] { gate.Post(vcpu::kRequestKick); }), 1);
    EXPECT_EQ(SystemCallsOf([&] {
                if (in_another_turn) {
                  (void)gate.Begin();
                } else {
                  gate.TakeSignals();
                }
                gate.Take(vcpu::kRequestKick);
                gate.Leave();
              }),
              0);
  }
  vcpu::KickSignal::Detach();
}

}  // namespace
}  // namespace zircon
#endif
