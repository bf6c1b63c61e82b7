// Model-specific registers, the local APIC's registers and timer, and the para-virtual clock, as a
// guest meets them. Rows: MSR, APIC, ICR, PVCLOCK, RIP-6.

#include <gtest/gtest.h>
#include <x86intrin.h>

#include <cerrno>
#include <fstream>
#include <optional>
#include <string>

#include "contract.h"
#include "fake/machine_test.h"
#include "unit/msr_guest.h"

namespace zircon {
namespace {

using fake::Block;
using fake::DefaultHost;
using fake::Delivery;
using fake::Do;
using fake::Eventually;
using fake::FakeVcpu;
using fake::Hlt;
using fake::HostModel;
using fake::kGeneralProtection;
using fake::Machine;
using fake::PioOut;
using fake::RdMsr;
using fake::SetInterruptFlag;
using fake::WrMsr;

constexpr uint32_t kDeadline = 0x6E0;
constexpr uint32_t kLvtTimer = 0x832;
constexpr uint32_t kInitialCount = 0x838;
constexpr uint32_t kCurrentCount = 0x839;
constexpr uint32_t kDivide = 0x83E;
constexpr uint32_t kIcr = 0x830;
constexpr uint64_t kPeriodic = 1 << 17;
constexpr uint64_t kDeadlineMode = 2 << 17;
constexpr uint64_t kMasked = 1 << 16;
constexpr uint64_t kDivideByOne = 0xB;
constexpr uint32_t kVector = 0x40;

class VcpuMsr : public fake::MsrGuest {
 protected:
  void Leave() {
    PushOut();
    ASSERT_EQ(machine().Enter(), ZX_OK);
  }
  // With interrupts open, a #GP for an MSR, and an interrupt while it is owed.
  void PushAFaultBesideAnInterrupt() {
    cpu().Push(SetInterruptFlag(true));
    Leave();
    cpu().Push([this](FakeVcpu& vcpu) {
      EXPECT_EQ(zx_vcpu_interrupt(machine().vcpu, 0x66), ZX_OK);
      return WrMsr(0x3B, 1)(vcpu);
    });
  }
  // What enter gives for a write that ends it; ZX_OK when the guest goes on and reaches its end.
  zx_status_t Write(uint32_t msr, uint64_t value) {
    cpu().ForgetDeliveries();
    cpu().Push(WrMsr(msr, value));
    const zx_status_t status = EnterToOut();
    return status;
  }
  bool Faulted() const {
    return const_cast<VcpuMsr*>(this)->cpu().deliveries() ==
           std::vector<Delivery>({kGeneralProtection});
  }
  ::testing::AssertionResult Ignored(uint32_t msr, uint64_t value) {
    const zx_status_t status = Write(msr, value);
    if (status != ZX_OK) return ::testing::AssertionFailure() << "status " << status;
    if (!cpu().deliveries().empty()) return ::testing::AssertionFailure() << "#GP";
    return ::testing::AssertionSuccess();
  }
  ::testing::AssertionResult Faults(uint32_t msr, uint64_t value) {
    const zx_status_t status = Write(msr, value);
    if (status != ZX_OK) return ::testing::AssertionFailure() << "status " << status;
    if (!Faulted()) return ::testing::AssertionFailure() << "no #GP";
    return ::testing::AssertionSuccess();
  }
  // A write that makes enter fail, with RIP past it (`past`) or on it.
  void ExpectError(uint32_t msr, uint64_t value, zx_status_t status, bool past = true) {
    SCOPED_TRACE(msr);
    cpu().ForgetDeliveries();
    cpu().Push(Do([](FakeVcpu& vcpu) { vcpu.regs.rip = Machine::kEntry; }));
    cpu().Push(WrMsr(msr, value));
    EXPECT_EQ(machine().Enter(), status);
    uint64_t rip = 0;
    cpu().Push(Do([&](FakeVcpu& vcpu) { rip = vcpu.regs.rip; }));
    Leave();
    EXPECT_EQ(rip, Machine::kEntry + (past ? 2 : 0));
    EXPECT_TRUE(cpu().deliveries().empty());
  }

 private:
  zx_status_t EnterToOut() {
    bool out = false;
    cpu().Push([&out](FakeVcpu& vcpu) {
      out = true;
      vcpu.regs.rip = Machine::kEntry;
      vcpu.regs.rdx = 0x60;
      return PioOut(0x60, 1)(vcpu);
    });
    const zx_status_t status = machine().Enter();
    // The write ended the enter: the next one comes to the OUT.
    if (!out) {
      EXPECT_EQ(machine().Enter(), ZX_OK);
    }
    return status;
  }
};

TEST_F(VcpuMsr, Reads) {
  Shows("MSR-2 MSR-3 MSR-5 MSR-12 PVCLOCK-4");
  EXPECT_EQ(Read(0x1B), 0xFEE00D00u);
  EXPECT_EQ(Read(0x1A0), 1u);
  const uint32_t kZero[] = {0x17,  0x8B,  0x179, 0x17A, 0x1A2, 0xFE,  0x200, 0x20F, 0x250,
                            0x258, 0x259, 0x268, 0x26F, 0x2FF, 0x606, 0x610, 0x611, 0x613,
                            0x614, 0x618, 0x619, 0x61B, 0x61C, 0x638, 0x639, 0x640, 0x641};
  for (const uint32_t msr : kZero) EXPECT_EQ(Read(msr), 0u) << std::hex << msr;
  const uint32_t kFault[] = {0x11,  0x12,  0x3B,       0x48,       0x49,       0x6E0,     0x10A,
                             0x210, 0x251, 0x4B564D00, 0x4B564D01, 0xC0000104, 0xFFFFFFFF};
  for (const uint32_t msr : kFault) EXPECT_EQ(Read(msr), std::nullopt) << std::hex << msr;
}

TEST_F(VcpuMsr, ReadsMoveRipAndCountNothingElse) {
  cpu().Push(RdMsr(0x1B));
  cpu().Push(Do([](FakeVcpu& vcpu) { EXPECT_EQ(vcpu.regs.rip, Machine::kEntry + 2); }));
  PushOut();
  ASSERT_EQ(EnterWithRuns(2), ZX_OK);
}

TEST_F(VcpuMsr, Writes) {
  Shows("MSR-2 MSR-5 MSR-6 MSR-11 MSR-12");
  for (const uint32_t msr : {0x8Bu, 0x48u, 0x49u, 0x200u, 0x20Fu, 0x250u, 0x26Fu, 0x2FFu, 0x610u,
                             0x618u, 0x638u, 0x640u}) {
    EXPECT_TRUE(Ignored(msr, 0x1'0000'0001)) << std::hex << msr;
  }
  for (const uint32_t msr : {0x17u, 0x179u, 0x17Au, 0x1A0u, 0x1A2u, 0x3Bu, 0x606u, 0x611u, 0x639u,
                             0x10Au, 0xFFFFFFFFu}) {
    EXPECT_TRUE(Faults(msr, 1)) << std::hex << msr;
  }
}

TEST_F(VcpuMsr, ApicBase) {
  Shows("MSR-3 MSR-4 RIP-6");
  EXPECT_TRUE(Ignored(0x1B, 0xFEE00D00));
  // RIP on it.
  ExpectError(0x1B, 0xFEE00900, ZX_ERR_INVALID_ARGS, false);
  ExpectError(0x1B, 0, ZX_ERR_INVALID_ARGS, false);
}

TEST_F(VcpuMsr, ApicRegisterReads) {
  Shows("APIC-1 APIC-2 APIC-3 APIC-4 APIC-6 APIC-7 APIC-9 APIC-10 APIC-11 APIC-13 APIC-14");
  EXPECT_EQ(Read(0x802), 0u);
  EXPECT_EQ(Read(0x803), 0x60015u);
  EXPECT_EQ(Read(0x80F), 0xFFu);
  for (const uint32_t msr : {0x808u, 0x80Du, 0x810u, 0x818u, 0x827u, 0x828u, 0x834u}) {
    EXPECT_EQ(Read(msr), 0u) << std::hex << msr;
  }
  for (const uint32_t msr : {0x82Fu, 0x833u, 0x835u, 0x836u}) {
    EXPECT_EQ(Read(msr), 0x10000u) << std::hex << msr;
  }
  EXPECT_EQ(Read(kLvtTimer), 0x10000u);  // initially masked
  for (const uint32_t msr :
       {0x80Bu, 0x830u, 0x837u, 0x838u, 0x839u, 0x83Eu, 0x83Fu, 0x800u, 0x840u, 0x8FFu}) {
    EXPECT_EQ(Read(msr), std::nullopt) << std::hex << msr;
  }
}

TEST_F(VcpuMsr, ApicRegisterWrites) {
  Shows("APIC-1 APIC-2 APIC-3 APIC-4 APIC-5 APIC-7 APIC-12 APIC-13 RIP-6");
  for (const uint32_t msr : {0x802u, 0x803u, 0x80Du, 0x810u, 0x827u, 0x800u, 0x8FFu}) {
    EXPECT_TRUE(Faults(msr, 0)) << std::hex << msr;
  }
  // EOI and ESR: "0 accepted, other #GP".
  for (const uint32_t msr : {0x80Bu, 0x828u}) {
    EXPECT_TRUE(Ignored(msr, 0));
    EXPECT_TRUE(Faults(msr, 1));
  }
  // "'ignored' x2APIC registers with EDX ≠ 0 → enter INVALID_ARGS"
  for (const uint32_t msr : {0x808u, 0x80Fu, 0x82Fu, 0x833u, 0x834u, 0x835u, 0x836u, 0x837u}) {
    EXPECT_TRUE(Ignored(msr, 0xFFFFFFFF)) << std::hex << msr;
    ExpectError(msr, 0x1'0000'0000, ZX_ERR_INVALID_ARGS);
  }
}

TEST_F(VcpuMsr, TimerRegisterWrites) {
  Shows("APIC-6 APIC-8 APIC-12 RIP-6");
  EXPECT_TRUE(Ignored(kLvtTimer, kMasked | kPeriodic | 0x33));
  EXPECT_EQ(Read(kLvtTimer), kMasked | kPeriodic | 0x33);
  ExpectError(kLvtTimer, 3 << 17, ZX_ERR_INVALID_ARGS);  // reserved mode
  EXPECT_EQ(Read(kLvtTimer), kMasked | kPeriodic | 0x33);
  ExpectError(kLvtTimer, 0x1'0000'0000, ZX_ERR_INVALID_ARGS);
  ExpectError(kInitialCount, 0x1'0000'0000, ZX_ERR_INVALID_ARGS);
  ExpectError(kDivide, 0x1'0000'0000, ZX_ERR_INVALID_ARGS);
  // "sets timer if LVT timer mode is TSC-deadline, else enter INVALID_ARGS"
  ExpectError(kDeadline, 1, ZX_ERR_INVALID_ARGS);
}

TEST_F(VcpuMsr, SelfIpi) {
  Shows("APIC-11 INT-14");
  // "low 8 bits pended on self"
  cpu().Push(SetInterruptFlag(true));
  cpu().Push(WrMsr(0x83F, 0xAB55));
  Leave();
  EXPECT_EQ(cpu().deliveries(), std::vector<Delivery>({{Delivery::kInterrupt, 0x55}}));
}

TEST_F(VcpuMsr, AnInterruptBesideAnOwedFaultIsNotLost) {
  // KVM queues the #GP at the next run and drops an interrupt that was put in beside it.
  PushAFaultBesideAnInterrupt();
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(cpu().deliveries(),
            std::vector<Delivery>({kGeneralProtection, {Delivery::kInterrupt, 0x66}}));
}

TEST_F(VcpuMsr, AFaultIsOwedForOneRun) {
  PushAFaultBesideAnInterrupt();
  cpu().Push(fake::ExitWith(KVM_EXIT_IRQ_WINDOW_OPEN));
  cpu().Push(Do([](FakeVcpu& vcpu) { EXPECT_EQ(vcpu.deliveries().size(), 2u); }));
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
}

// ---- ICR ----

TEST_F(VcpuMsr, IcrPackets) {
  Shows("ICR-1 ICR-2 ICR-5 ICR-8 RIP-2 VCPU-ENTER-9");
  constexpr uint64_t kAll = ~uint64_t{0};
  const struct {
    const char* name;
    uint64_t value;
    uint64_t mask;
    uint8_t vector;
  } kRows[] = {
      {"fixed to id 3", uint64_t{3} << 32 | 0x51, 1 << 3, 0x51},
      {"fixed to id 63", uint64_t{63} << 32 | 0x51, uint64_t{1} << 63, 0x51},
      {"fixed to id 64", uint64_t{64} << 32 | 0x51, 0, 0x51},
      {"fixed broadcast", uint64_t{0xFFFFFFFF} << 32 | 0x51, kAll, 0x51},
      {"fixed self", 1 << 18 | 0x51, 1, 0x51},
      {"fixed all", 2 << 18 | 0x51, kAll, 0x51},
      {"fixed all but self", 3 << 18 | 0x51, kAll - 1, 0x51},
      {"NMI to all", 2 << 18 | 4 << 8 | 0x51, kAll - 1, 2},
      {"NMI to id 5", uint64_t{5} << 32 | 4 << 8, 1 << 5, 2},
      {"NMI to self", 1 << 18 | 4 << 8, 0, 2},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    cpu().Push(Do([](FakeVcpu& vcpu) { vcpu.regs.rip = Machine::kEntry; }));
    cpu().Push(WrMsr(kIcr, row.value));
    ASSERT_EQ(EnterWithRuns(1), ZX_OK);
    EXPECT_EQ(packet().key, 0u);
    EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_VCPU);
    EXPECT_EQ(packet().status, ZX_OK);
    EXPECT_EQ(packet().guest_vcpu.type, ZX_PKT_GUEST_VCPU_INTERRUPT);
    EXPECT_EQ(packet().guest_vcpu.interrupt.mask, row.mask);
    EXPECT_EQ(packet().guest_vcpu.interrupt.vector, row.vector);
    EXPECT_EQ(packet().guest_vcpu.reserved, 0u);
    // "x2APIC ICR that yields a VCPU packet: RIP moved"
    cpu().Push(Do([](FakeVcpu& vcpu) { EXPECT_EQ(vcpu.regs.rip, Machine::kEntry + 2); }));
    Leave();
  }
}

TEST_F(VcpuMsr, ANmiToItselfIsDeliveredAtTheNextEnter) {
  Shows("ICR-2 INT-8");
  cpu().Push(WrMsr(kIcr, 4 << 8));  // To id 0.
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(packet().guest_vcpu.interrupt.mask, 0u);
  EXPECT_TRUE(cpu().deliveries().empty());
  Leave();
  EXPECT_EQ(cpu().deliveries(), std::vector<Delivery>({{Delivery::kNmi, 2}}));
}

TEST_F(VcpuMsr, IcrStartup) {
  Shows("ICR-3");
  cpu().Push(WrMsr(kIcr, uint64_t{7} << 32 | 6 << 8 | 0x9A));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_VCPU);
  EXPECT_EQ(packet().guest_vcpu.type, ZX_PKT_GUEST_VCPU_STARTUP);
  EXPECT_EQ(packet().guest_vcpu.startup.id, 7u);
  EXPECT_EQ(packet().guest_vcpu.startup.entry, 0x9A000u);
}

TEST_F(VcpuMsr, IcrWithoutPacket) {
  Shows("ICR-4 ICR-6 ICR-7 RIP-6");
  EXPECT_TRUE(Ignored(kIcr, uint64_t{1} << 32 | 5 << 8 | 1 << 14));             // INIT
  EXPECT_TRUE(Ignored(kIcr, uint64_t{1} << 32 | 5 << 8 | 1 << 15));             // its de-assertion
  ExpectError(kIcr, uint64_t{1} << 32 | 1 << 11 | 0x51, ZX_ERR_NOT_SUPPORTED);  // logical
  ExpectError(kIcr, 1 << 8 | 0x51, ZX_ERR_NOT_SUPPORTED);                       // lowest priority
  ExpectError(kIcr, 2 << 8, ZX_ERR_NOT_SUPPORTED);                              // SMI
  ExpectError(kIcr, 7 << 8, ZX_ERR_NOT_SUPPORTED);
}

// ---- Timer ----

class VcpuTimer : public VcpuMsr {
 protected:
  void SetUp() override {
    VcpuMsr::SetUp();
    khz_ = fake::MeasuredTscKhz();
  }
  // The guest takes interrupts, and waits for `count` of them as `wait` says, then leaves.
  void WaitFor(size_t count, fake::Step wait) {
    cpu().ForgetDeliveries();
    cpu().Push(SetInterruptFlag(true));
    cpu().Always([count, wait](FakeVcpu& vcpu) {
      if (vcpu.deliveries().size() < count) return wait(vcpu);
      vcpu.regs.rip = Machine::kEntry;
      vcpu.regs.rdx = 0x60;
      return PioOut(0x60, 1)(vcpu);
    });
    ASSERT_EQ(machine().Enter(), ZX_OK);
    cpu().Always(nullptr);
  }
  // Sets a deadline, and calls it off before it is due: on a busy machine with more time. The
  // counter at which it would have been due.
  template <typename CallOff>
  uint64_t SetAndCallOff(CallOff call_off) {
    for (uint64_t span = 5 * khz_;; span *= 4) {
      Start(DefaultHost());
      EXPECT_TRUE(Ignored(kLvtTimer, kDeadlineMode | kVector));
      const uint64_t when = __rdtsc() + span;
      EXPECT_TRUE(Ignored(kDeadline, when));
      call_off();
      if (__rdtsc() < when) return when;
    }
  }
  // The guest halts until a kick, which comes when the counter has passed `when`; all that long it
  // gets no interrupt, or at most as many as may be on their way.
  void ExpectSilence(uint64_t when, size_t on_their_way = 0) {
    const uint64_t runs = cpu().runs();
    cpu().Push(SetInterruptFlag(true));
    cpu().Always(Hlt());
    std::thread kicker([&] {
      EXPECT_TRUE(Eventually([&] { return __rdtsc() > when && cpu().runs() > runs; }));
      EXPECT_TRUE(AwaitSleepAfter(cpu().runs()));
      EXPECT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
    });
    EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
    kicker.join();
    cpu().Always(nullptr);
    EXPECT_LE(cpu().deliveries().size(), on_their_way);
  }
  uint64_t khz_ = 0;
};

TEST_F(VcpuTimer, DeadlineEndsAHalt) {
  Shows("APIC-8 APIC-16 HLT-4");
  ASSERT_TRUE(Ignored(kLvtTimer, kDeadlineMode | kVector));
  const uint64_t when = __rdtsc() + 5 * khz_;
  ASSERT_TRUE(Ignored(kDeadline, when));
  WaitFor(1, Hlt());
  EXPECT_GE(__rdtsc(), when);
  EXPECT_EQ(cpu().deliveries(), std::vector<Delivery>({{Delivery::kInterrupt, kVector}}));
}

TEST_F(VcpuTimer, DeadlineEndsARun) {
  Shows("APIC-16 APIC-20");
  ASSERT_TRUE(Ignored(kLvtTimer, kDeadlineMode | kVector));
  const uint64_t when = __rdtsc() + 5 * khz_;
  ASSERT_TRUE(Ignored(kDeadline, when));
  WaitFor(1, Block());
  EXPECT_GE(__rdtsc(), when);
  EXPECT_EQ(cpu().deliveries(), std::vector<Delivery>({{Delivery::kInterrupt, kVector}}));
}

// By a host's clock that runs ahead of the counter; the signal comes while the VMM has the VCPU.
TEST_F(VcpuTimer, ATimerThatFiresTooEarlyBetweenTwoEntersIsArmedAgain) {
  Shows("APIC-16");
  HostModel host = DefaultHost();
  host.tsc_khz = static_cast<uint32_t>(4 * khz_);
  uint64_t when = 0;
  // On a busy machine with more time.
  for (uint64_t span = 20 * khz_; __rdtsc() >= when; span *= 4) {
    Start(host);
    ASSERT_TRUE(Ignored(kLvtTimer, kDeadlineMode | kVector));
    const uint64_t begin = __rdtsc();
    when = begin + span;
    ASSERT_TRUE(Ignored(kDeadline, when));
    Leave();
    // The timer is set for a quarter of the time.
    while (__rdtsc() < begin + span / 2) {
    }
  }
  WaitFor(1, Block());
  EXPECT_GE(__rdtsc(), when);
}

TEST_F(VcpuTimer, DeadlineInThePastFiresAtOnce) {
  Shows("APIC-16");
  ASSERT_TRUE(Ignored(kLvtTimer, kDeadlineMode | kVector));
  ASSERT_TRUE(Ignored(kDeadline, 1));
  WaitFor(1, Hlt());
  EXPECT_EQ(cpu().deliveries().size(), 1u);
}

TEST_F(VcpuTimer, DeadlineOfZeroDisarms) {
  Shows("APIC-8");
  const uint64_t when = SetAndCallOff([&] { EXPECT_TRUE(Ignored(kDeadline, 0)); });
  ExpectSilence(when + 5 * khz_);
}

TEST_F(VcpuTimer, ADeadlineFarAwayIsNoOverflow) {
  ASSERT_TRUE(Ignored(kLvtTimer, kDeadlineMode | kVector));
  ASSERT_TRUE(Ignored(kDeadline, UINT64_MAX - 1));
  Leave();
  EXPECT_TRUE(cpu().deliveries().empty());
}

// Where an interrupt waits for the guest to take one, the guest exits anyway before it could take
// the timer's.
TEST_F(VcpuTimer, TheHostsTimerIsNotSetWhileAnInterruptWaits) {
  const auto host_timers = [] {
    std::ifstream file("/proc/self/timers");
    EXPECT_TRUE(file.is_open());
    int count = 0;
    for (std::string line; std::getline(file, line);) count += line.starts_with("ID:") ? 1 : 0;
    return count;
  };
  const int before = host_timers();
  EXPECT_TRUE(Ignored(kLvtTimer, kDeadlineMode | kVector));
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, kVector + 1), ZX_OK);
  EXPECT_TRUE(Ignored(kDeadline, __rdtsc() + 3'600'000 * khz_));
  EXPECT_EQ(host_timers(), before);
  WaitFor(1, Hlt());
  EXPECT_EQ(host_timers(), before + 1);
}

TEST_F(VcpuTimer, OneShotFiresOnce) {
  Shows("APIC-9 APIC-17");
  ASSERT_TRUE(Ignored(kDivide, kDivideByOne));
  ASSERT_TRUE(Ignored(kLvtTimer, kVector));
  const uint64_t begin = __rdtsc();
  ASSERT_TRUE(Ignored(kInitialCount, 3 * khz_));
  WaitFor(1, Hlt());
  EXPECT_GE(__rdtsc() - begin, 3 * khz_);
  cpu().ForgetDeliveries();
  ExpectSilence(__rdtsc() + 10 * khz_);
}

TEST_F(VcpuTimer, DividerCounts) {
  Shows("APIC-17");
  // "delay = initial count × divisor, in TSC ticks": a divide configuration of 0 is 2, 0xA is 128.
  ASSERT_TRUE(Ignored(kLvtTimer, kVector));
  const uint64_t counts[][2] = {{0, 2}, {1, 4}, {2, 8}, {3, 16}, {8, 32}, {9, 64}, {0xA, 128}};
  for (const auto& [code, divisor] : counts) {
    ASSERT_TRUE(Ignored(kDivide, code));
    // On a busy machine it is due before this has returned.
    cpu().Push(SetInterruptFlag(false));
    const uint64_t begin = __rdtsc();
    ASSERT_TRUE(Ignored(kInitialCount, 2 * khz_ / divisor));
    WaitFor(1, Hlt());
    const uint64_t took = __rdtsc() - begin;
    EXPECT_GE(took, 2 * khz_ - divisor);
    EXPECT_LT(took, 2000 * khz_);
  }
}

TEST_F(VcpuTimer, PeriodicGoesOn) {
  Shows("APIC-9 APIC-18");
  ASSERT_TRUE(Ignored(kDivide, kDivideByOne));
  ASSERT_TRUE(Ignored(kLvtTimer, kPeriodic | kVector));
  const uint64_t begin = __rdtsc();
  ASSERT_TRUE(Ignored(kInitialCount, 2 * khz_));
  WaitFor(5, Hlt());
  EXPECT_GE(__rdtsc() - begin, 2 * khz_ * 5 / 2);  // ticks that were missed are one
  WaitFor(2, Block());
  for (const Delivery& delivery : cpu().deliveries()) EXPECT_EQ(delivery.vector, kVector);
  // "0 stops as on hardware"
  ASSERT_EQ(Write(kInitialCount, 0), ZX_OK);
  cpu().ForgetDeliveries();
  ExpectSilence(__rdtsc() + 10 * khz_, 1);
}

TEST_F(VcpuTimer, MaskedTimerIsSilent) {
  Shows("APIC-19");
  ASSERT_TRUE(Ignored(kDivide, kDivideByOne));
  ASSERT_TRUE(Ignored(kLvtTimer, kMasked | kVector));
  ASSERT_TRUE(Ignored(kInitialCount, khz_));
  ExpectSilence(__rdtsc() + 8 * khz_);
}

TEST_F(VcpuTimer, LeavingDeadlineModeDropsTheDeadline) {
  // One-shot with no count.
  const uint64_t when = SetAndCallOff([&] { EXPECT_TRUE(Ignored(kLvtTimer, kVector)); });
  ExpectSilence(when + 5 * khz_);
}

TEST_F(VcpuTimer, ATickWhileTheVmmHasTheVcpuIsPendingAtTheNextEnter) {
  Shows("APIC-20");
  ASSERT_TRUE(Ignored(kLvtTimer, kDeadlineMode | kVector));
  ASSERT_TRUE(Ignored(kDeadline, __rdtsc() + khz_));
  const uint64_t later = __rdtsc() + 2 * khz_;
  ASSERT_TRUE(Eventually([&] { return __rdtsc() > later; }));
  cpu().Push(SetInterruptFlag(true));
  Leave();
  EXPECT_EQ(cpu().deliveries(), std::vector<Delivery>({{Delivery::kInterrupt, kVector}}));
}

class VcpuTimerWithoutDeadline : public VcpuTimer {
 protected:
  void SetUp() override {
    HostModel host = DefaultHost();
    host.swallows_deadline = true;
    Start(std::move(host));
    khz_ = fake::MeasuredTscKhz();
  }
};

TEST_F(VcpuTimerWithoutDeadline, IsHiddenAndTheOthersServe) {
  EXPECT_EQ(fake::FindCpuid(cpu().cpuid, 1)->ecx & 1u << 24, 0u);
  EXPECT_TRUE(Faults(kDeadline, 1));
  EXPECT_EQ(Read(kCurrentCount), 0u);
  ASSERT_TRUE(Ignored(kLvtTimer, kVector));
  ASSERT_TRUE(Ignored(kInitialCount, 10'000'000));  // divided by 2
  const std::optional<uint64_t> left = Read(kCurrentCount);
  ASSERT_TRUE(left.has_value());
  EXPECT_GT(*left, 0u);
  EXPECT_LT(*left, 10'000'000u);
  ASSERT_TRUE(Ignored(kInitialCount, khz_));
  WaitFor(1, Hlt());
  EXPECT_EQ(cpu().deliveries(), std::vector<Delivery>({{Delivery::kInterrupt, kVector}}));
}

// ---- Para-virtual clock ----

TEST_F(VcpuMsr, ClockRecordsGoToKvm) {
  Shows("PVCLOCK-3");
  for (const uint32_t msr : {0x4B564D01u, 0x12u}) {
    cpu().msrs.clear();
    EXPECT_TRUE(Ignored(msr, 0x8001)) << std::hex << msr;
    EXPECT_EQ(cpu().msrs[0x4B564D01], 0x8001u);
    EXPECT_TRUE(Ignored(msr, 0x8000));  // bit 0 = 0 disables
    EXPECT_EQ(cpu().msrs[0x4B564D01], 0u);
    EXPECT_TRUE(Ignored(msr, 0xFFFF'FFFF'0000));  // wherever
  }
  for (const uint32_t msr : {0x4B564D00u, 0x11u}) {
    cpu().msrs.clear();
    EXPECT_TRUE(Ignored(msr, 0x9004)) << std::hex << msr;
    EXPECT_EQ(cpu().msrs[0x4B564D00], 0x9004u);
  }
}

TEST_F(VcpuMsr, ClockRecordAddresses) {
  Shows("PVCLOCK-5 PVCLOCK-6 PVCLOCK-7 RIP-6");
  constexpr uint64_t kSpace = uint64_t{1} << 48;
  constexpr uint64_t kEnd = Machine::kMemorySize;
  for (const uint32_t msr : {0x4B564D01u, 0x4B564D00u}) {
    const bool time = msr == 0x4B564D01;
    const uint64_t enable = time ? 1 : 0;
    ExpectError(msr, kSpace | enable, ZX_ERR_INVALID_ARGS);
    ExpectError(msr, 0x700000 | enable, ZX_ERR_NOT_FOUND);
    const uint64_t size = time ? 32 : 12;
    ExpectError(msr, (kEnd - size + 2) | enable, ZX_ERR_OUT_OF_RANGE);
    EXPECT_TRUE(Ignored(msr, (kEnd - size) | enable));
  }
}

TEST_F(VcpuMsr, ClockRecordInAChildOfTheSpace) {
  Shows("PVCLOCK-10");
  constexpr uint64_t kPlace = 0x700000;
  constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC;
  zx_handle_t child = ZX_HANDLE_INVALID;
  zx_vaddr_t address = 0;
  ASSERT_EQ(zx_vmar_allocate(
                machine().vmar,
                ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_SPECIFIC,
                kPlace, 0x2000, &child, &address),
            ZX_OK);
  ASSERT_EQ(zx_vmar_map(child, kReadWrite, 0, machine().vmo, 0, 0x1000, &address), ZX_OK);
  ASSERT_EQ(
      zx_vmar_map(machine().vmar, kReadWrite, kPlace + 0x2000, machine().vmo, 0, 0x1000, &address),
      ZX_OK);
  for (const uint32_t msr : {0x4B564D01u, 0x4B564D00u}) {
    const uint64_t enable = msr == 0x4B564D01 ? 1 : 0;
    // Mapped there or not.
    ExpectError(msr, kPlace | enable, ZX_ERR_WRONG_TYPE);
    ExpectError(msr, (kPlace + 0x1FFE) | enable, ZX_ERR_WRONG_TYPE);
    EXPECT_TRUE(Ignored(msr, (kPlace + 0x2000) | enable));
    ExpectError(msr, (kPlace + 0x3000) | enable, ZX_ERR_NOT_FOUND);
  }
  EXPECT_EQ(zx_vmar_destroy(child), ZX_OK);
  ExpectError(0x4B564D01, kPlace | 1, ZX_ERR_NOT_FOUND);
  zx_handle_close(child);
}

TEST_F(VcpuMsr, ClockThatKvmRefuses) {
  Shows("VCPU-ENTER-5 VCPU-ENTER-18");
  machine().kernel.host().unknown_msrs = {0x4B564D00};
  cpu().Push(WrMsr(0x4B564D00, 0x8000));
  EXPECT_EQ(machine().Enter(), ZX_ERR_INTERNAL);
  EXPECT_EQ(EnterWithRuns(0), ZX_ERR_INTERNAL);
}

}  // namespace
}  // namespace zircon
