// zx_vcpu_enter, zx_vcpu_kick and zx_vcpu_interrupt from outside: threads, kicks, halts, signals,
// and what each exit of KVM comes to. Rows: VCPU-ENTER, KICK, INT, HLT, THREAD.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "contract.h"
#include "fake/machine_test.h"
#include "vcpu/kick_signal.h"

namespace zircon {
namespace {

using fake::Block;
using fake::Delivery;
using fake::Do;
using fake::Eventually;
using fake::FakeVcpu;
using fake::Hlt;
using fake::Machine;
using fake::PioOut;
using fake::SetInterruptFlag;

constexpr uint16_t kPort = 0x60;

class VcpuEnter : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    ASSERT_EQ(machine().TrapIo(kPort, 1), ZX_OK);
    zx_vcpu_state_t state = {};
    state.rdx = kPort;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    machine().Code({0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE});
  }
  // The guest's way back to the VMM with OK.
  void PushOut() {
    cpu().Push(Do([](FakeVcpu& vcpu) { vcpu.regs.rip = Machine::kEntry; }));
    cpu().Push(PioOut(kPort, 1));
  }
  bool Kicked() {
    zx_info_vcpu_t info = {};
    EXPECT_EQ(
        zx_object_get_info(machine().vcpu, ZX_INFO_VCPU, &info, sizeof(info), nullptr, nullptr),
        ZX_OK);
    return (info.flags & ZX_INFO_VCPU_FLAG_KICKED) != 0;
  }
};

// ---- Threads ----

TEST_F(VcpuEnter, OtherThreadsGetBadState) {
  Shows("THREAD-1 VCPU-ENTER-2 STATE-3 STATE-8");
  std::thread([&] {
    zx_port_packet_t packet;
    zx_vcpu_state_t state = {};
    zx_vcpu_io_t io = {};
    io.access_size = 1;
    EXPECT_EQ(zx_vcpu_enter(machine().vcpu, &packet), ZX_ERR_BAD_STATE);
    EXPECT_EQ(zx_vcpu_resume(machine().vcpu, &packet), ZX_ERR_BAD_STATE);
    EXPECT_EQ(zx_vcpu_read_state(machine().vcpu, ZX_VCPU_STATE, &state, sizeof(state)),
              ZX_ERR_BAD_STATE);
    EXPECT_EQ(zx_vcpu_write_state(machine().vcpu, ZX_VCPU_STATE, &state, sizeof(state)),
              ZX_ERR_BAD_STATE);
    EXPECT_EQ(zx_vcpu_write_state(machine().vcpu, ZX_VCPU_IO, &io, sizeof(io)), ZX_ERR_BAD_STATE);
  }).join();
  EXPECT_EQ(cpu().runs(), 0u);
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuEnter, OwnerThreadGone) {
  Shows("THREAD-4 INT-3 KICK-11");
  // "VCPU object stays; interrupt/close fine; enter impossible for ever"; kick fine too.
  Machine other(fake::DefaultHost(), false);
  ASSERT_EQ(other.status(), ZX_OK);
  std::thread([&] { ASSERT_EQ(zx_vcpu_create(other.guest, 0, 0, &other.vcpu), ZX_OK); }).join();
  EXPECT_EQ(zx_vcpu_interrupt(other.vcpu, 32), ZX_OK);
  EXPECT_EQ(zx_vcpu_kick(other.vcpu), ZX_OK);
  std::thread([&] {
    zx_port_packet_t packet;
    EXPECT_EQ(zx_vcpu_enter(other.vcpu, &packet), ZX_ERR_BAD_STATE);
  }).join();
  zx_port_packet_t packet;
  EXPECT_EQ(zx_vcpu_enter(other.vcpu, &packet), ZX_ERR_BAD_STATE);
}

TEST_F(VcpuEnter, ForkedChildGetsBadState) {
  Shows("HANDLE-FORK-1");
  const pid_t child = fork();
  if (child == 0) {
    zx_port_packet_t packet;
    const bool right = zx_vcpu_enter(machine().vcpu, &packet) == ZX_ERR_BAD_STATE &&
                       zx_vcpu_kick(machine().vcpu) == ZX_ERR_BAD_STATE;
    _exit(right ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(VcpuEnter, BadPacketPointerLosesThePacketOnly) {
  Shows("VCPU-ENTER-8 PTR-6");
  // The copy-out is last, so the guest has run.
  PushOut();
  PushOut();
  EXPECT_EQ(zx_vcpu_enter(machine().vcpu, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(cpu().runs(), 1u);
  EXPECT_EQ(zx_vcpu_enter(machine().vcpu, reinterpret_cast<zx_port_packet_t*>(0x10)),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(cpu().runs(), 2u);
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

// ---- Kick ----

TEST_F(VcpuEnter, KickBeforeEnterCancelsItWithoutRunning) {
  Shows("KICK-3 KICK-10 VCPU-ENTER-3");
  PushOut();
  EXPECT_FALSE(Kicked());
  ASSERT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  EXPECT_TRUE(Kicked());
  EXPECT_EQ(EnterWithRuns(0), ZX_ERR_CANCELED);
  EXPECT_FALSE(Kicked());
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuEnter, SeveralKicksAreOne) {
  Shows("KICK-4");
  PushOut();
  for (int i = 0; i < 3; ++i) ASSERT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuEnter, KickWhileRunning) {
  Shows("KICK-2");
  cpu().Push(Block());
  std::thread kicker([&] {
    EXPECT_TRUE(Eventually([&] { return cpu().blocked() == 1; }));
    EXPECT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  });
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  kicker.join();
  EXPECT_FALSE(Kicked());
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuEnter, KickDuringAnExitGivesThePacketFirst) {
  Shows("KICK-6 KICK-10 VCPU-ENTER-11");
  cpu().Push([&](FakeVcpu& vcpu) {
    EXPECT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
    return PioOut(kPort, 1)(vcpu);
  });
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_OK);
  EXPECT_TRUE(Kicked());
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuEnter, EveryKickOfManyIsOneCancel) {
  Shows("KICK-5");
  // Real races: a thread kicks again as soon as the kick before has been taken.
  constexpr int kKicks = 2000;
  cpu().Always(Block());
  std::thread kicker([&] {
    for (int i = 0; i < kKicks; ++i) {
      if (!Eventually([&] { return !Kicked(); })) return;
      EXPECT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
    }
  });
  for (int i = 0; i < kKicks; ++i) ASSERT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  kicker.join();
  cpu().Always(nullptr);
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuEnter, KickWhileHalted) {
  Shows("KICK-2 KICK-8 HLT-3 RIP-7");
  cpu().Push(Hlt());
  std::thread kicker([&] {
    EXPECT_TRUE(AwaitSleepAfter(1));
    EXPECT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  });
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  kicker.join();
  // "after re-entry it continues after the HLT rather than halting again"
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(cpu().runs(), 2u);
}

TEST_F(VcpuEnter, NoSignalIsLeftOver) {
  Shows("KICK-12");
  // No signal hits a stranger: after the VCPU is gone none is pending or arrives.
  cpu().Push([&](FakeVcpu& vcpu) {
    EXPECT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
    return PioOut(kPort, 1)(vcpu);
  });
  EXPECT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(zx_handle_close(machine().vcpu), ZX_OK);
  machine().vcpu = ZX_HANDLE_INVALID;
  sigset_t pending;
  ASSERT_EQ(sigpending(&pending), 0);
  EXPECT_EQ(sigismember(&pending, vcpu::KickSignal::number()), 0);
}

// ---- Interrupts and HLT ----

TEST_F(VcpuEnter, InterruptBeforeTheFirstEnterStaysPending) {
  Shows("INT-7 INT-9");
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 40), ZX_OK);
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_TRUE(cpu().deliveries().empty());  // IF = 0
  cpu().Push(SetInterruptFlag(true));
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(cpu().deliveries(), std::vector<Delivery>({{Delivery::kInterrupt, 40}}));
}

TEST_F(VcpuEnter, WindowIsAskedForWhenTheGuestOpensInterruptsLater) {
  Shows("INT-9");
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 40), ZX_OK);
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(cpu().run().request_interrupt_window, 1);
  cpu().Push(SetInterruptFlag(true));
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(cpu().deliveries(), std::vector<Delivery>({{Delivery::kInterrupt, 40}}));
  EXPECT_EQ(cpu().run().request_interrupt_window, 0);
}

TEST_F(VcpuEnter, InterruptWhileRunning) {
  Shows("INT-5");
  cpu().Push(SetInterruptFlag(true));
  cpu().Push(Block());
  std::thread other([&] {
    EXPECT_TRUE(Eventually([&] { return cpu().blocked() == 1; }));
    PushOut();
    EXPECT_EQ(zx_vcpu_interrupt(machine().vcpu, 33), ZX_OK);
  });
  EXPECT_EQ(machine().Enter(), ZX_OK);
  other.join();
  EXPECT_EQ(cpu().deliveries(), std::vector<Delivery>({{Delivery::kInterrupt, 33}}));
}

TEST_F(VcpuEnter, InterruptWakesAHaltedGuest) {
  Shows("INT-6 HLT-1 VCPU-ENTER-15");
  cpu().Push(SetInterruptFlag(true));
  cpu().Push(Hlt());
  PushOut();
  std::thread other([&] {
    EXPECT_TRUE(AwaitSleepAfter(1));
    EXPECT_EQ(zx_vcpu_interrupt(machine().vcpu, 50), ZX_OK);
  });
  EXPECT_EQ(machine().Enter(), ZX_OK);
  other.join();
  EXPECT_EQ(cpu().deliveries(), std::vector<Delivery>({{Delivery::kInterrupt, 50}}));
}

TEST_F(VcpuEnter, UndeliverableInterruptWakesAHaltedGuest) {
  Shows("HLT-2");
  // "even if IF = 0 or the vector cannot be delivered"; "a pending bit ends HLT at once"
  cpu().Push(Hlt());
  PushOut();
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 50), ZX_OK);
  EXPECT_EQ(machine().Enter(), ZX_OK);
  EXPECT_TRUE(cpu().deliveries().empty());
  EXPECT_EQ(cpu().runs(), 2u);
}

TEST_F(VcpuEnter, NmiAndExceptionWakeAHaltedGuest) {
  Shows("HLT-2");
  for (const uint32_t vector : {2u, 13u}) {
    cpu().Push(Hlt());
    PushOut();
    const uint64_t runs = cpu().runs();
    std::thread other([&, runs] {
      EXPECT_TRUE(AwaitSleepAfter(runs + 1));
      EXPECT_EQ(zx_vcpu_interrupt(machine().vcpu, vector), ZX_OK);
    });
    EXPECT_EQ(machine().Enter(), ZX_OK);
    other.join();
  }
  EXPECT_EQ(cpu().deliveries(),
            std::vector<Delivery>({{Delivery::kNmi, 2}, {Delivery::kException, 13, true, 0}}));
}

TEST_F(VcpuEnter, AnNmiThatIsBlockedEndsHlt) {
  Shows("HLT-2");
  // The guest is in its NMI handler when the second NMI comes, and halts there.
  cpu().Push(Do([](FakeVcpu& vcpu) { vcpu.events.nmi.masked = 1; }));
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_OK);
  cpu().Push(Hlt());
  PushOut();
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 2), ZX_OK);
  EXPECT_EQ(machine().Enter(), ZX_OK);
  EXPECT_TRUE(cpu().deliveries().empty());
}

TEST_F(VcpuEnter, AnExceptionBehindAnEventUnderWayNeedsNoInterruptWindow) {
  Shows("INT-11 INT-13");
  // A delivery was broken off; IF is 0, and the guest makes no exit by itself.
  cpu().Push([](FakeVcpu& vcpu) {
    vcpu.RaiseException(6, false);
    return fake::Errno(ENOMEM)(vcpu);
  });
  EXPECT_EQ(machine().Enter(), ZX_ERR_NO_MEMORY);
  ASSERT_TRUE(cpu().deliveries().empty());
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 13), ZX_OK);
  cpu().Push(fake::Block());
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(cpu().deliveries().size(), 2u);
  EXPECT_EQ(cpu().deliveries()[0].vector, 6);
  EXPECT_EQ(cpu().deliveries()[1], (Delivery{Delivery::kException, 13, true, 0}));
}

TEST_F(VcpuEnter, VectorsBeyondThe256) {
  Shows("INT-2");
  EXPECT_EQ(zx_vcpu_interrupt(machine().vcpu, 255), ZX_OK);
  EXPECT_EQ(zx_vcpu_interrupt(machine().vcpu, 256), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_vcpu_interrupt(machine().vcpu, UINT32_MAX), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VcpuEnter, Vectors21To31FailTheNextEnterOnly) {
  Shows("INT-10 VCPU-ENTER-6");
  for (const uint32_t vector : {21u, 31u}) {
    ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, vector), ZX_OK);
    EXPECT_EQ(EnterWithRuns(0), ZX_ERR_NOT_SUPPORTED);
  }
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_OK);
  EXPECT_TRUE(cpu().deliveries().empty());
}

TEST_F(VcpuEnter, OneInterruptPerEntryHighestFirst) {
  Shows("INT-9");
  cpu().Push(SetInterruptFlag(true));
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  for (const uint32_t vector : {32u, 200u, 77u}) {
    ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, vector), ZX_OK);
  }
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(cpu().deliveries(), std::vector<Delivery>({{Delivery::kInterrupt, 200},
                                                       {Delivery::kInterrupt, 77},
                                                       {Delivery::kInterrupt, 32}}));
}

TEST_F(VcpuEnter, SixteenAndThirtyTwoPendingShowsThirtyTwoOnly) {
  Shows("INT-12");
  cpu().Push(SetInterruptFlag(true));
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 16), ZX_OK);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 32), ZX_OK);
  PushOut();
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(cpu().deliveries(), std::vector<Delivery>({{Delivery::kInterrupt, 32}}));
}

TEST_F(VcpuEnter, NmiGoesFirst) {
  Shows("INT-8");
  cpu().Push(SetInterruptFlag(true));
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 32), ZX_OK);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 2), ZX_OK);
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(cpu().deliveries(),
            std::vector<Delivery>({{Delivery::kNmi, 2}, {Delivery::kInterrupt, 32}}));
}

TEST_F(VcpuEnter, ManyInterruptsToAHaltingGuestNoneIsLost) {
  Shows("INT-6 HLT-1");
  // A guest that halts and is woken, over and over, by another thread: real sleeping and waking.
  constexpr int kRounds = 2000;
  std::atomic<int> seen{0};
  cpu().Push(SetInterruptFlag(true));
  cpu().Always([&](FakeVcpu& vcpu) {
    seen.store(static_cast<int>(vcpu.deliveries().size()));
    if (vcpu.deliveries().size() == kRounds) {
      vcpu.regs.rip = Machine::kEntry;
      return PioOut(kPort, 1)(vcpu);
    }
    return Hlt()(vcpu);
  });
  std::thread other([&] {
    for (int i = 0; i < kRounds; ++i) {
      EXPECT_EQ(zx_vcpu_interrupt(machine().vcpu, 32 + static_cast<uint32_t>(i) % 200), ZX_OK);
      if (!Eventually([&] { return seen.load() == i + 1; })) {
        ADD_FAILURE() << "interrupt " << i << " was lost";
        zx_vcpu_kick(machine().vcpu);
        return;
      }
    }
  });
  EXPECT_EQ(machine().Enter(), ZX_OK);
  other.join();
}

// ---- Signals that are none of the library's ----

std::atomic<int> g_handled{0};
void CountSignal(int) { g_handled.fetch_add(1); }

TEST_F(VcpuEnter, AForeignSignalDoesNotEndEnter) {
  Shows("VCPU-ENTER-13");
  struct sigaction action = {};
  action.sa_handler = CountSignal;
  struct sigaction before;
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  g_handled = 0;
  cpu().Push(Block());
  const pthread_t owner = pthread_self();
  std::thread other([&] {
    EXPECT_TRUE(Eventually([&] { return cpu().blocked() == 1; }));
    PushOut();
    pthread_kill(owner, SIGUSR1);
  });
  EXPECT_EQ(machine().Enter(), ZX_OK);
  other.join();
  EXPECT_EQ(g_handled.load(), 1);
  sigaction(SIGUSR1, &before, nullptr);
}

TEST_F(VcpuEnter, AForeignSignalThatTheProgramBlocksDoesNotStopTheGuest) {
  Shows("VCPU-ENTER-13 HOST-23");
  // Blocked after the VCPU was made, and pending: KVM_RUN would end with EINTR for ever.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &set, nullptr), 0);
  pthread_kill(pthread_self(), SIGUSR1);
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_OK);
  EXPECT_LE(cpu().runs(), 3u);
  const timespec no_time = {};
  EXPECT_EQ(sigtimedwait(&set, nullptr, &no_time), SIGUSR1);  // still the program's
  ASSERT_EQ(pthread_sigmask(SIG_UNBLOCK, &set, nullptr), 0);
}

TEST_F(VcpuEnter, TheKickSignalIsOpenInTheOwner) {
  Shows("THREAD-8");
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, vcpu::KickSignal::number()), 0);
}

// Just before KVM_RUN, where nobody looks at requests any more.
TEST_F(VcpuEnter, AKickBetweenLookingAndRunningEndsTheRun) {
  Shows("KICK-5");
  zx_status_t kicked = ZX_ERR_INTERNAL;
  cpu().BeforeNextRun([&] { kicked = zx_vcpu_kick(machine().vcpu); });
  cpu().Push(Block());
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  EXPECT_EQ(kicked, ZX_OK);
  EXPECT_EQ(cpu().blocked(), 0u);
}

// A handler of the program's that enters itself takes the VCPU away from the enter that it is in.
TEST_F(VcpuEnter, AnEnterInASignalHandlerLeavesTheOtherKickable) {
  Shows("KICK-5 VCPU-ENTER-13");
  zx_status_t inner = ZX_ERR_INTERNAL;
  zx_status_t kicked = ZX_ERR_INTERNAL;
  cpu().BeforeNextRun([&] {
    ASSERT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
    inner = machine().Enter();
    kicked = zx_vcpu_kick(machine().vcpu);
  });
  cpu().Push(Block());
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  EXPECT_EQ(inner, ZX_ERR_CANCELED);
  EXPECT_EQ(kicked, ZX_OK);
  EXPECT_EQ(cpu().blocked(), 0u);
}

// ---- What each exit comes to ----

TEST_F(VcpuEnter, ExitsThatGoOn) {
  Shows("VCPU-ENTER-14 KVM-ERR-6");
  for (const uint32_t reason : {KVM_EXIT_SET_TPR, KVM_EXIT_IRQ_WINDOW_OPEN, KVM_EXIT_INTR}) {
    cpu().Push(fake::ExitWith(reason));
    PushOut();
    EXPECT_EQ(EnterWithRuns(2), ZX_OK) << reason;
  }
  for (const int error : {EINTR, EAGAIN}) {
    cpu().Push(fake::Errno(error));
    PushOut();
    EXPECT_EQ(EnterWithRuns(2), ZX_OK) << error;
  }
}

TEST_F(VcpuEnter, FailedEntryIsBadStateAndMayBeTriedAgain) {
  Shows("VCPU-ENTER-17");
  cpu().Push(fake::FailEntry());
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_ERR_BAD_STATE);
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuEnter, TripleFaultIsNotSupportedForGood) {
  Shows("VCPU-ENTER-5 VCPU-ENTER-16");
  cpu().Push(Do([](FakeVcpu& vcpu) { vcpu.regs.rbx = 0x77; }));
  cpu().Push(fake::ExitWith(KVM_EXIT_SHUTDOWN));
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(EnterWithRuns(0), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(machine().State().rbx, 0x77u);
  // A kick still comes first.
  ASSERT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
}

TEST_F(VcpuEnter, UnknownExitIsInternalForGood) {
  Shows("VCPU-ENTER-5 VCPU-ENTER-18");
  cpu().Push(fake::ExitWith(KVM_EXIT_HYPERCALL));
  EXPECT_EQ(machine().Enter(), ZX_ERR_INTERNAL);
  EXPECT_EQ(EnterWithRuns(0), ZX_ERR_INTERNAL);
}

TEST_F(VcpuEnter, OtherInternalErrorsAreInternal) {
  Shows("VCPU-ENTER-18");
  cpu().Push(fake::InternalError(KVM_INTERNAL_ERROR_DELIVERY_EV));
  EXPECT_EQ(machine().Enter(), ZX_ERR_INTERNAL);
  EXPECT_EQ(EnterWithRuns(0), ZX_ERR_INTERNAL);
}

TEST_F(VcpuEnter, ErrnosOfTheRunThatEndIt) {
  Shows("VCPU-ENTER-18");
  // "EIO, EINVAL: INTERNAL, the same on re-entry"
  cpu().Push(fake::Errno(EINVAL));
  EXPECT_EQ(machine().Enter(), ZX_ERR_INTERNAL);
  EXPECT_EQ(EnterWithRuns(0), ZX_ERR_INTERNAL);
}

TEST_F(VcpuEnter, NoMemoryForGuestPagesMayBeTriedAgain) {
  Shows("VCPU-ENTER-20 KVM-ERR-7");
  cpu().Push(fake::Errno(ENOMEM));
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuEnter, EmulationFailureNamesItsCause) {
  Shows("VCPU-ENTER-19 FAULT-12");
  // Fetch from unmapped memory NOT_FOUND, beyond the space OUT_OF_RANGE, else
  // NOT_SUPPORTED; RIP stays, a queued #UD is dropped.
  auto fail_at = [&](uint64_t rip) {
    cpu().Push([rip](FakeVcpu& vcpu) {
      vcpu.regs.rip = rip;
      vcpu.RaiseException(6, false);
      return fake::InternalError(KVM_INTERNAL_ERROR_EMULATION)(vcpu);
    });
    return machine().Enter();
  };
  EXPECT_EQ(fail_at(Machine::kDeviceAddress), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(fail_at(Machine::kEntry), ZX_ERR_NOT_SUPPORTED);
  machine().CodeAt(Machine::kEntry + 0x20, {0x0F, 0x33});
  EXPECT_EQ(fail_at(Machine::kEntry + 0x20), ZX_ERR_NOT_SUPPORTED);
  // mov $imm32,%eax that goes on where nothing is mapped; and nop, which does not.
  machine().CodeAt(Machine::kMemorySize - 2, {0xB8, 0x11});
  EXPECT_EQ(fail_at(Machine::kMemorySize - 2), ZX_ERR_NOT_FOUND);
  machine().CodeAt(Machine::kMemorySize - 1, {0x90});
  EXPECT_EQ(fail_at(Machine::kMemorySize - 1), ZX_ERR_NOT_SUPPORTED);
  cpu().Push(Do([](FakeVcpu& vcpu) { EXPECT_EQ(vcpu.regs.rip, Machine::kMemorySize - 1); }));
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_OK);
  EXPECT_TRUE(cpu().deliveries().empty());
}

// Where the processor does not have them.
TEST_F(VcpuEnter, SysenterThatCannotBeEmulatedIsUndefined) {
  Shows("INSN-10");
  const std::vector<uint8_t> kOnes[] = {{0x0F, 0x34}, {0x48, 0x0F, 0x35}, {0x66, 0x0F, 0x34}};
  for (const std::vector<uint8_t>& bytes : kOnes) {
    machine().CodeAt(Machine::kEntry + 0x20, bytes);
    cpu().ForgetDeliveries();
    cpu().Push([](FakeVcpu& vcpu) {
      vcpu.regs.rip = Machine::kEntry + 0x20;
      return fake::InternalError(KVM_INTERNAL_ERROR_EMULATION)(vcpu);
    });
    PushOut();
    EXPECT_EQ(machine().Enter(), ZX_OK);
    EXPECT_EQ(cpu().deliveries(), std::vector<Delivery>({{Delivery::kException, 6}}));
  }
}

// A program of the guest may execute what it likes: that is between it and the guest's kernel.
TEST_F(VcpuEnter, WhatCannotBeEmulatedInRingThreeIsUndefinedThere) {
  Shows("VCPU-ENTER-23 INSN-8 FAULT-12");
  const auto fail_at = [](uint64_t rip, uint8_t ring) {
    return [rip, ring](FakeVcpu& vcpu) {
      vcpu.regs.rip = rip;
      vcpu.sregs.ss.dpl = ring;
      // Some hosts queue it, some do not.
      if (rip == Machine::kEntry) vcpu.RaiseException(6, false);
      return fake::InternalError(KVM_INTERNAL_ERROR_EMULATION)(vcpu);
    };
  };
  for (const uint64_t rip : {Machine::kEntry, Machine::kEntry + 0x100}) {
    cpu().ForgetDeliveries();
    cpu().Push(fail_at(rip, 3));
    cpu().Push(Do([rip](FakeVcpu& vcpu) { EXPECT_EQ(vcpu.regs.rip, rip); }));
    PushOut();
    EXPECT_EQ(machine().Enter(), ZX_OK);
    EXPECT_EQ(cpu().deliveries(), std::vector<Delivery>({{Delivery::kException, 6}}));
  }
  cpu().ForgetDeliveries();
  for (const uint8_t ring : {0, 1, 2}) {
    cpu().Push(fail_at(Machine::kEntry, ring));
    EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_SUPPORTED) << int{ring};
  }
  cpu().Push(fail_at(Machine::kDeviceAddress, 3));
  EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND) << "it cannot be fetched";
  EXPECT_TRUE(cpu().deliveries().empty());
}

}  // namespace
}  // namespace zircon
