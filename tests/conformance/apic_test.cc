// The local APIC: x2APIC registers, the interrupt command register, the timer.
// Rows: APIC, ICR, MSR-3, MSR-4.

#include "contract.h"
#include "service.h"

namespace conformance {
namespace {

constexpr uint32_t kId = 0x802;
constexpr uint32_t kVersion = 0x803;
constexpr uint32_t kTpr = 0x808;
constexpr uint32_t kEoi = 0x80B;
constexpr uint32_t kLdr = 0x80D;
constexpr uint32_t kSvr = 0x80F;
constexpr uint32_t kEsr = 0x828;
constexpr uint32_t kIcr = 0x830;
constexpr uint32_t kLvtTimer = 0x832;
constexpr uint32_t kLvtPerf = 0x834;
constexpr uint32_t kLvtError = 0x837;
constexpr uint32_t kInitialCount = 0x838;
constexpr uint32_t kDivide = 0x83E;
constexpr uint32_t kSelfIpi = 0x83F;
constexpr uint32_t kApicBase = 0x1B;
constexpr uint32_t kTscDeadline = 0x6E0;
constexpr uint64_t kUpper = uint64_t{1} << 32;
constexpr uint64_t kPeriodic = 1u << 17;
constexpr uint64_t kDeadlineMode = 2u << 17;
constexpr uint64_t kReservedMode = 3u << 17;
constexpr uint64_t kMasked = 1u << 16;

using ApicTest = KvmTest;

TEST_F(ApicTest, RegistersRead) {
  Shows("APIC-1 APIC-2 APIC-3 APIC-4 APIC-5 APIC-7 MSR-3 STATE-INIT-20");
  Service guest;
  EXPECT_EQ(guest.ReadMsr(kId), 0u);
  EXPECT_EQ(guest.ReadMsr(kVersion), 0x60015u);
  EXPECT_EQ(guest.ReadMsr(kSvr), 0xFFu);
  EXPECT_EQ(guest.ReadMsr(kTpr), 0u);
  EXPECT_EQ(guest.ReadMsr(kLdr), 0u);
  for (uint32_t msr = 0x810; msr <= 0x828; ++msr) EXPECT_EQ(guest.ReadMsr(msr), 0u) << msr;
  EXPECT_EQ(guest.ReadMsr(kLvtPerf), 0u);
  const std::optional<uint64_t> timer = guest.ReadMsr(kLvtTimer);
  ASSERT_TRUE(timer.has_value());
  EXPECT_EQ(*timer & kMasked, kMasked);
  for (const uint32_t msr : {0x82Fu, 0x833u, 0x835u, 0x836u}) {
    EXPECT_EQ(guest.ReadMsr(msr), 0x10000u) << msr;
  }
  EXPECT_EQ(guest.ReadMsr(kApicBase), 0xFEE00000u | 1u << 11 | 1u << 10 | 1u << 8);
}

TEST_F(ApicTest, RegistersThatCannotBeRead) {
  Shows("APIC-5 APIC-8 APIC-9 APIC-11 APIC-13 APIC-14");
  Service guest;
  for (const uint32_t msr :
       {kEoi, kIcr, kLvtError, kInitialCount, kDivide, kSelfIpi, 0x800u, 0x804u, 0x840u, 0x8FFu}) {
    EXPECT_EQ(guest.ReadMsr(msr), std::nullopt) << msr;
  }
  EXPECT_EQ(guest.ReadMsr(kTscDeadline), std::nullopt);
}

TEST_F(ApicTest, RegistersWritten) {
  Shows("APIC-1 APIC-2 APIC-3 APIC-4 APIC-5 APIC-6 APIC-7 APIC-12 APIC-13 RIP-6");
  Service guest;
  for (const uint32_t msr : {kSvr, kTpr, kLvtPerf, kLvtError, 0x82Fu, 0x833u, 0x835u, 0x836u}) {
    EXPECT_TRUE(guest.WriteMsr(msr, 0x1FF)) << msr;
    EXPECT_EQ(guest.WriteMsrFails(msr, kUpper), ZX_ERR_INVALID_ARGS) << msr;
    // RIP is past the instruction.
    ASSERT_TRUE(guest.vcpu().Reaches(1));
    guest.Finish();
  }
  EXPECT_EQ(guest.ReadMsr(kSvr), 0xFFu);
  EXPECT_EQ(guest.ReadMsr(kTpr), 0u);
  for (const uint32_t msr : {kEoi, kEsr}) {
    EXPECT_TRUE(guest.WriteMsr(msr, 0)) << msr;
    EXPECT_FALSE(guest.WriteMsr(msr, 1)) << msr;
  }
  for (const uint32_t msr : {kId, kVersion, kLdr, 0x810u, 0x818u, 0x820u, 0x827u, 0x840u}) {
    EXPECT_FALSE(guest.WriteMsr(msr, 0)) << msr;
  }
  EXPECT_TRUE(guest.WriteMsr(kLvtTimer, kMasked | kPeriodic | 0x40));
  EXPECT_EQ(guest.ReadMsr(kLvtTimer), kMasked | kPeriodic | 0x40);
}

TEST_F(ApicTest, ApicBaseMayOnlyBeWhatItIs) {
  Shows("MSR-3 MSR-4 RIP-6");
  Service guest;
  const uint64_t base = guest.ReadMsr(kApicBase).value_or(0);
  EXPECT_TRUE(guest.WriteMsr(kApicBase, base));
  EXPECT_EQ(guest.WriteMsrFails(kApicBase, base ^ (1u << 10)), ZX_ERR_INVALID_ARGS);
  // RIP stays on it.
  EXPECT_TRUE(guest.vcpu().Fails(ZX_ERR_INVALID_ARGS));
  EXPECT_TRUE(guest.vcpu().Fails(ZX_ERR_INVALID_ARGS));
  // With another value in the registers the same instruction is fine.
  zx_vcpu_state_t state = guest.vcpu().State();
  state.rax = base;
  state.rdx = 0;
  guest.vcpu().SetState(state);
  ASSERT_TRUE(guest.vcpu().Reaches(1));
}

// ---- The interrupt command register ----

class IcrTest : public KvmTest {
 protected:
  static void ExpectInterrupt(const zx_port_packet_t& packet, uint64_t mask, uint8_t vector) {
    EXPECT_EQ(packet.key, 0u);
    EXPECT_EQ(packet.type, ZX_PKT_TYPE_GUEST_VCPU);
    EXPECT_EQ(packet.status, ZX_OK);
    EXPECT_EQ(packet.guest_vcpu.type, ZX_PKT_GUEST_VCPU_INTERRUPT);
    EXPECT_EQ(packet.guest_vcpu.interrupt.mask, mask);
    EXPECT_EQ(packet.guest_vcpu.interrupt.vector, vector);
    EXPECT_EQ(packet.guest_vcpu.reserved, 0u);
    for (const uint8_t byte : packet.guest_vcpu.padding1) EXPECT_EQ(byte, 0);
    for (const uint8_t byte : packet.guest_vcpu.interrupt.padding1) EXPECT_EQ(byte, 0);
  }
};

TEST_F(IcrTest, Fixed) {
  Shows("ICR-1 ICR-5 ICR-8 VCPU-ENTER-9");
  Service guest;
  const uint64_t all = ~uint64_t{0};
  ExpectInterrupt(guest.WriteMsrForPacket(kIcr, 0x40), 1, 0x40);
  ExpectInterrupt(guest.WriteMsrForPacket(kIcr, 1 * kUpper | 0x41), 2, 0x41);
  ExpectInterrupt(guest.WriteMsrForPacket(kIcr, 63 * kUpper | 0xFF), uint64_t{1} << 63, 0xFF);
  ExpectInterrupt(guest.WriteMsrForPacket(kIcr, 64 * kUpper | 0x40), 0, 0x40);
  ExpectInterrupt(guest.WriteMsrForPacket(kIcr, 0xFFFFFFFF * kUpper | 0x40), all, 0x40);
  ExpectInterrupt(guest.WriteMsrForPacket(kIcr, 5 * kUpper | 1u << 18 | 0x40), 1, 0x40);
  ExpectInterrupt(guest.WriteMsrForPacket(kIcr, 2u << 18 | 0x40), all, 0x40);
  ExpectInterrupt(guest.WriteMsrForPacket(kIcr, 3u << 18 | 0x40), all & ~uint64_t{1}, 0x40);
  EXPECT_EQ(guest.machine().LogCount(), 0u) << "the library delivers nothing by itself";
}

TEST_F(IcrTest, Nmi) {
  Shows("ICR-2 ICR-5");
  Service guest;
  ExpectInterrupt(guest.WriteMsrForPacket(kIcr, 1 * kUpper | 4u << 8 | 0x99), 2, 2);
  ExpectInterrupt(guest.WriteMsrForPacket(kIcr, 3u << 18 | 4u << 8), ~uint64_t{1}, 2);
  EXPECT_EQ(guest.machine().LogCount(), 0u);
}

TEST_F(IcrTest, AProcessorsOwnNmi) {
  Shows("ICR-2 INT-8");
  Service guest;
  ExpectInterrupt(guest.WriteMsrForPacket(kIcr, 4u << 8), 0, 2);
  EXPECT_EQ(guest.machine().LogVectors(), (std::vector<int>{2}));
  ExpectInterrupt(guest.WriteMsrForPacket(kIcr, 2u << 18 | 4u << 8), ~uint64_t{1}, 2);
  EXPECT_EQ(guest.machine().LogVectors(), (std::vector<int>{2, 2}));
  KnownDifference("ICR-2", "the NMI is delivered");
}

TEST_F(IcrTest, InitIsIgnoredAndStartupIsAPacket) {
  Shows("ICR-3 ICR-4");
  Service guest;
  EXPECT_TRUE(guest.WriteMsr(kIcr, 1 * kUpper | 5u << 8 | 1u << 14));
  EXPECT_TRUE(guest.WriteMsr(kIcr, 1 * kUpper | 5u << 8 | 1u << 15));
  const zx_port_packet_t packet = guest.WriteMsrForPacket(kIcr, 3 * kUpper | 6u << 8 | 0x9A);
  EXPECT_EQ(packet.key, 0u);
  EXPECT_EQ(packet.type, ZX_PKT_TYPE_GUEST_VCPU);
  EXPECT_EQ(packet.guest_vcpu.type, ZX_PKT_GUEST_VCPU_STARTUP);
  EXPECT_EQ(packet.guest_vcpu.startup.id, 3u);
  EXPECT_EQ(packet.guest_vcpu.startup.entry, 0x9A000u);
  EXPECT_EQ(packet.guest_vcpu.reserved, 0u);
}

TEST_F(IcrTest, OthersAreNotSupported) {
  Shows("ICR-6 ICR-7 RIP-6");
  Service guest;
  const uint64_t logical = 1u << 11;
  for (const uint64_t icr : {logical | 0x40, logical | kUpper | 0x40, uint64_t{1u << 8 | 0x40},
                             uint64_t{2u << 8}, uint64_t{3u << 8}, uint64_t{7u << 8}}) {
    EXPECT_EQ(guest.WriteMsrFails(kIcr, icr), ZX_ERR_NOT_SUPPORTED) << icr;
    ASSERT_TRUE(guest.vcpu().Reaches(1));
    guest.Finish();
  }
}

TEST_F(ApicTest, SelfIpi) {
  Shows("APIC-11 INT-14");
  Service guest;
  EXPECT_TRUE(guest.WriteMsr(kSelfIpi, 0x40));
  EXPECT_TRUE(guest.WriteMsr(kSelfIpi, 0x41));
  EXPECT_EQ(guest.machine().LogVectors(), (std::vector<int>{0x40, 0x41}));
}

// ---- The timer ----

class TimerTest : public KvmTest {
 protected:
  static constexpr uint64_t kVector = 0x40;
  static constexpr uint64_t kByOne = 0xB;  // Divides by 1.
};

TEST_F(TimerTest, OneShot) {
  Shows("APIC-9 APIC-17 APIC-20 HLT-4 VCPU-ENTER-14");
  for (const bool halt : {true, false}) {
    SCOPED_TRACE(halt ? "halted" : "running");
    Service guest;
    const uint64_t ticks = 20'000'000;
    ASSERT_TRUE(guest.WriteMsr(kDivide, kByOne));
    ASSERT_TRUE(guest.WriteMsr(kLvtTimer, kVector));
    const uint64_t before = guest.Tsc();
    ASSERT_TRUE(guest.WriteMsr(kInitialCount, ticks));
    guest.WaitForInterrupt(halt, 0);
    EXPECT_GE(guest.Tsc() - before, ticks);
    EXPECT_EQ(guest.machine().LogVectors(), (std::vector<int>{kVector}));
    SleepMs(30);
    guest.Tsc();
    EXPECT_EQ(guest.machine().LogCount(), 1u);
  }
}

TEST_F(TimerTest, DividerCounts) {
  Shows("APIC-17");
  Service guest;
  const uint64_t count = 1'000'000;
  ASSERT_TRUE(guest.WriteMsr(kLvtTimer, kVector));
  ASSERT_TRUE(guest.WriteMsr(kDivide, 0x3));  // By 16.
  const uint64_t before = guest.Tsc();
  ASSERT_TRUE(guest.WriteMsr(kInitialCount, count));
  guest.WaitForInterrupt(true, 0);
  EXPECT_GE(guest.Tsc() - before, 16 * count);
}

TEST_F(TimerTest, PeriodicUntilStopped) {
  Shows("APIC-9 APIC-18 HLT-4");
  for (const bool halt : {true, false}) {
    SCOPED_TRACE(halt ? "halted" : "running");
    Service guest;
    const uint64_t ticks = 10'000'000;
    ASSERT_TRUE(guest.WriteMsr(kDivide, kByOne));
    ASSERT_TRUE(guest.WriteMsr(kLvtTimer, kPeriodic | kVector));
    const uint64_t before = guest.Tsc();
    ASSERT_TRUE(guest.WriteMsr(kInitialCount, ticks));
    for (size_t i = 0; i < 5; ++i) guest.WaitForInterrupt(halt, i);
    EXPECT_GE(guest.Tsc() - before, 5 * ticks);
    ASSERT_TRUE(guest.WriteMsr(kInitialCount, 0));
    guest.Tsc();
    const size_t count = guest.machine().LogCount();
    SleepMs(30);
    guest.Tsc();
    EXPECT_EQ(guest.machine().LogCount(), count);
  }
}

TEST_F(TimerTest, Deadline) {
  Shows("APIC-8 APIC-16 HLT-4");
  Service guest;
  constexpr uint32_t kDeadlineFeature = 1u << 24;
  if ((guest.ReadCpuid(1).ecx & kDeadlineFeature) == 0) {
    EXPECT_FALSE(guest.WriteMsr(kTscDeadline, 1)) << "hidden, so not there";
    EXPECT_NE(guest.ReadMsr(0x839), std::nullopt);
    KnownDifference("CPUID-5 APIC-8 APIC-9 APIC-10", "there is no TSC-deadline mode on this host");
    return;
  }
  const uint64_t ticks = 20'000'000;
  // In another mode the register takes nothing.
  EXPECT_EQ(guest.WriteMsrFails(kTscDeadline, 1), ZX_ERR_INVALID_ARGS);
  ASSERT_TRUE(guest.vcpu().Reaches(1));
  guest.Finish();
  ASSERT_TRUE(guest.WriteMsr(kLvtTimer, kDeadlineMode | kVector));
  for (const bool halt : {true, false}) {
    SCOPED_TRACE(halt ? "halted" : "running");
    const uint64_t deadline = guest.Tsc() + ticks;
    const size_t count = guest.machine().LogCount();
    ASSERT_TRUE(guest.WriteMsr(kTscDeadline, deadline));
    guest.WaitForInterrupt(halt, count);
    EXPECT_GE(guest.Tsc(), deadline);
  }
  EXPECT_EQ(guest.machine().LogCount(), 2u);
  // One in the past fires at once.
  ASSERT_TRUE(guest.WriteMsr(kTscDeadline, 1));
  guest.WaitForInterrupt(true, 2);
  EXPECT_EQ(guest.machine().LogCount(), 3u);
  // 0 disarms.
  ASSERT_TRUE(guest.WriteMsr(kTscDeadline, guest.Tsc() + 200'000'000));
  ASSERT_TRUE(guest.WriteMsr(kTscDeadline, 0));
  SleepMs(150);
  guest.Tsc();
  EXPECT_EQ(guest.machine().LogCount(), 3u);
}

TEST_F(TimerTest, MaskedDoesNotFire) {
  Shows("APIC-19");
  Service guest;
  ASSERT_TRUE(guest.WriteMsr(kDivide, kByOne));
  ASSERT_TRUE(guest.WriteMsr(kLvtTimer, kMasked | kVector));
  ASSERT_TRUE(guest.WriteMsr(kInitialCount, 100'000));
  SleepMs(30);
  guest.Tsc();
  EXPECT_EQ(guest.machine().LogCount(), 0u);
}

TEST_F(TimerTest, ReservedModeIsRefused) {
  Shows("APIC-6");
  Service guest;
  EXPECT_EQ(guest.WriteMsrFails(kLvtTimer, kReservedMode | kVector), ZX_ERR_INVALID_ARGS);
  ASSERT_TRUE(guest.vcpu().Reaches(1));
}

// A timer that runs out while the VCPU is outside of enter.
TEST_F(TimerTest, ExpiresWhileTheVmmWorks) {
  Shows("APIC-20");
  Service guest;
  ASSERT_TRUE(guest.WriteMsr(kDivide, kByOne));
  ASSERT_TRUE(guest.WriteMsr(kLvtTimer, kVector));
  ASSERT_TRUE(guest.WriteMsr(kInitialCount, 50'000'000));
  SleepMs(100);
  guest.Tsc();
  EXPECT_EQ(guest.machine().LogCount(), 1u);
}

// A kick does not stop the timer.
TEST_F(TimerTest, SurvivesAKick) {
  Shows("APIC-20 KICK-7");
  Service guest;
  ASSERT_TRUE(guest.WriteMsr(kDivide, kByOne));
  ASSERT_TRUE(guest.WriteMsr(kLvtTimer, kVector));
  ASSERT_TRUE(guest.WriteMsr(kInitialCount, 100'000'000));
  ASSERT_EQ(zx_vcpu_kick(guest.vcpu().get()), ZX_OK);
  ASSERT_TRUE(guest.vcpu().Fails(ZX_ERR_CANCELED));
  zx_vcpu_state_t state{};
  state.rcx = guest.machine().LogCount();
  guest.Begin(SERVICE_HALT, state);
  ASSERT_TRUE(guest.vcpu().Reaches(1));
  EXPECT_EQ(guest.machine().LogCount(), 1u);
}

}  // namespace
}  // namespace conformance
