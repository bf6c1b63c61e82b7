// A VCPU's way into a sleep, step by step: what ends it comes between any two instructions.
// Rows: HLT-2, TRAP-BELL-5.

#include <gtest/gtest.h>

#include "contract.h"
#include "unit/bell_guest.h"
#include "unit/interleaved.h"

namespace zircon {
namespace {

using fake::FakeVcpu;

constexpr uint32_t kVector = 0x40;
// Without optimisation there are ten times as many instructions.
#if defined(__OPTIMIZE__)
constexpr uint64_t kStride = 3;
#else
constexpr uint64_t kStride = 40;
#endif

class InterleavedVcpu : public fake::BellGuest {
 protected:
  // The step after which the other thread comes, until the next run: signals are blocked in that.
  void PushLast(fake::Step step) {
    cpu().Push([step = std::move(step)](FakeVcpu& vcpu) {
      vcpu.AfterThisRun([] { Stepping::Start(); });
      vcpu.BeforeNextRun([] { Stepping::Stop(); });
      return step(vcpu);
    });
  }
  void Enter() {
    EXPECT_EQ(machine().Enter(), ZX_OK);
    EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
  }
};

TEST_F(InterleavedVcpu, AHaltEndsWhereverAnInterruptComes) {
  Shows("HLT-2");
  NEEDS_SINGLE_STEPS();
  const int places = AtEachInstruction({
      .prepare =
          [&](pid_t) {
            cpu().ForgetDeliveries();
            cpu().Push(fake::SetInterruptFlag(true));
            PushLast(fake::Hlt());
            PushOut();
          },
      .mine = [&] { Enter(); },
      .theirs = [&] { EXPECT_EQ(zx_vcpu_interrupt(machine().vcpu, kVector), ZX_OK); },
      .check = [&] { EXPECT_EQ(cpu().deliveries().size(), 1u); },
      .stride = kStride,
      .partly = true,
  });
  EXPECT_GT(places, 20);
}

TEST_F(InterleavedVcpu, AWaitForRoomEndsWhereverThatComes) {
  Shows("TRAP-BELL-5");
  Ring(0, kReserve);
  PushOut();
  Enter();
  NEEDS_SINGLE_STEPS();
  const int places = AtEachInstruction({
      .prepare =
          [&](pid_t) {
            PushLast(Store(0));
            PushOut();
          },
      .mine = [&] { Enter(); },
      .theirs =
          [&] {
            zx_port_packet_t bell;
            EXPECT_EQ(zx_port_wait(machine().port, 0, &bell), ZX_OK);
          },
      .check = [] {},
      .stride = kStride,
      .partly = true,
  });
  EXPECT_GT(places, 20);
}

}  // namespace
}  // namespace zircon
