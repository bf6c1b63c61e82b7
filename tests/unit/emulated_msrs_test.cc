// Every register that the library emulates, and what is left of the numbers around them. Rows: MSR,
// APIC.

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "contract.h"
#include "fake/machine_test.h"
#include "unit/msr_guest.h"

namespace zircon {
namespace {

using fake::Delivery;
using fake::Do;
using fake::FakeVcpu;
using fake::kGeneralProtection;
using fake::Machine;
using fake::PioOut;
using fake::RdMsr;
using fake::WrMsr;

constexpr uint64_t kUpper = uint64_t{1} << 32;

enum Outcome { kGoesOn, kFaults, kFails };

class EmulatedMsrs : public fake::MsrGuest {
 protected:
  Outcome Write(uint32_t msr, uint64_t value) {
    cpu().ForgetDeliveries();
    cpu().Push(WrMsr(msr, value));
    PushOut();
    status_ = machine().Enter();
    if (status_ != ZX_OK) {
      EXPECT_EQ(machine().Enter(), ZX_OK);  // Comes to the OUT.
      return kFails;
    }
    if (cpu().deliveries().empty()) return kGoesOn;
    EXPECT_EQ(cpu().deliveries(), std::vector<Delivery>({kGeneralProtection}));
    return kFaults;
  }
  zx_status_t status() const { return status_; }

 private:
  zx_status_t status_ = ZX_OK;
};

TEST_F(EmulatedMsrs, TimeStampCounter) {
  Shows("MSR-1");
  for (const uint32_t msr : {0x10u, 0x3Bu}) {
    EXPECT_EQ(Read(msr), std::nullopt) << std::hex << msr;
    EXPECT_EQ(Write(msr, 0), kFaults) << std::hex << msr;
  }
}

TEST_F(EmulatedMsrs, ZeroAndNotToBeWritten) {
  Shows("MSR-2 MSR-8 MSR-15");
  for (const uint32_t msr : {0x17u, 0x179u, 0x17Au, 0x1A2u, 0xFEu, 0x606u, 0x611u, 0x613u, 0x614u,
                             0x619u, 0x61Bu, 0x61Cu, 0x639u, 0x641u, 0x64Du, 0xC0010055u}) {
    EXPECT_EQ(Read(msr), 0u) << std::hex << msr;
    EXPECT_EQ(Write(msr, 0), kFaults) << std::hex << msr;
  }
}

TEST_F(EmulatedMsrs, ZeroAndWritesAreIgnored) {
  Shows("MSR-6 MSR-7 MSR-9");
  std::vector<uint32_t> msrs = {0x8B,  0x250, 0x258, 0x259, 0x2FF,
                                0x610, 0x618, 0x638, 0x640, 0x65C};
  for (uint32_t msr = 0x200; msr <= 0x20F; ++msr) msrs.push_back(msr);
  for (uint32_t msr = 0x268; msr <= 0x26F; ++msr) msrs.push_back(msr);
  for (const uint32_t msr : msrs) {
    EXPECT_EQ(Read(msr), 0u) << std::hex << msr;
    EXPECT_EQ(Write(msr, ~uint64_t{0}), kGoesOn) << std::hex << msr;
    EXPECT_EQ(Read(msr), 0u) << std::hex << msr;
  }
}

TEST_F(EmulatedMsrs, OnlyToBeWritten) {
  Shows("MSR-11");
  for (const uint32_t msr : {0x48u, 0x49u}) {
    EXPECT_EQ(Read(msr), std::nullopt) << std::hex << msr;
    EXPECT_EQ(Write(msr, 1), kGoesOn) << std::hex << msr;
  }
}

TEST_F(EmulatedMsrs, MiscEnable) {
  Shows("MSR-5");
  EXPECT_EQ(Read(0x1A0), 1u);
  EXPECT_EQ(Write(0x1A0, 1), kFaults);
}

TEST_F(EmulatedMsrs, ApicBaseTellsTheBootProcessor) {
  Shows("MSR-3 STATE-INIT-20");
  EXPECT_EQ(Read(0x1B), 0xFEE00D00u);
  EXPECT_EQ(Write(0x1B, 0xFEE00D00), kGoesOn);
  std::thread([&] {
    const zx_handle_t first = machine().vcpu;
    zx_handle_t second = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_vcpu_create(machine().guest, 0, 0, &second), ZX_OK);
    const std::shared_ptr<FakeVcpu> vcpu = machine().kernel.vcpu();
    uint64_t value = 0;
    vcpu->Push(RdMsr(0x1B));
    vcpu->Push(Do([&](FakeVcpu& cpu) { value = cpu.regs.rdx << 32 | cpu.regs.rax; }));
    vcpu->Push(RdMsr(0x802));
    uint64_t id = 0;
    vcpu->Push(Do([&](FakeVcpu& cpu) { id = cpu.regs.rax; }));
    vcpu->Push(WrMsr(0x1B, 0xFEE00C00));
    vcpu->Push(PioOut(0x60, 1));
    zx_port_packet_t packet;
    EXPECT_EQ(zx_vcpu_enter(second, &packet), ZX_OK);
    EXPECT_EQ(value, 0xFEE00C00u);
    EXPECT_EQ(id, 1u);
    EXPECT_TRUE(vcpu->deliveries().empty());
    EXPECT_NE(first, second);
    EXPECT_EQ(zx_handle_close(second), ZX_OK);
  }).join();
}

TEST_F(EmulatedMsrs, AllOthersFault) {
  Shows("MSR-12");
  for (const uint32_t msr :
       {0x0u,        0x1u,        0x8Au,       0x8Cu,       0xE7u,       0xE8u,       0xC1u,
        0x10Au,      0x10Bu,      0x122u,      0x186u,      0x198u,      0x1D9u,      0x210u,
        0x251u,      0x270u,      0x300u,      0x345u,      0x38Fu,      0x480u,      0x570u,
        0x607u,      0x612u,      0x6E1u,      0x7FFu,      0x900u,      0xDA0u,      0x40000000u,
        0x40000001u, 0x40000073u, 0x4B564D02u, 0x4B564D05u, 0xC0000104u, 0xC0010015u, 0xC001001Fu,
        0xC0011029u, 0xFFFFFFFFu}) {
    EXPECT_EQ(Read(msr), std::nullopt) << std::hex << msr;
    EXPECT_EQ(Write(msr, 0), kFaults) << std::hex << msr;
  }
}

// ---- Local APIC ----

TEST_F(EmulatedMsrs, ApicRegistersThatOnlyRead) {
  Shows("APIC-1 APIC-4");
  std::vector<uint32_t> msrs = {0x802, 0x803, 0x80D};
  for (uint32_t msr = 0x810; msr <= 0x827; ++msr) msrs.push_back(msr);
  for (const uint32_t msr : msrs) {
    EXPECT_EQ(Read(msr), msr == 0x803 ? 0x60015u : 0u) << std::hex << msr;
    EXPECT_EQ(Write(msr, 0), kFaults) << std::hex << msr;
  }
}

TEST_F(EmulatedMsrs, ApicRegistersWhoseWritesAreIgnored) {
  Shows("APIC-2 APIC-3 APIC-7 APIC-12 APIC-13");
  const struct {
    uint32_t msr;
    std::optional<uint64_t> value;
  } kRows[] = {{0x80F, 0xFF},    {0x808, 0},       {0x834, 0},       {0x835, 0x10000},
               {0x836, 0x10000}, {0x833, 0x10000}, {0x82F, 0x10000}, {0x837, std::nullopt}};
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.msr);
    EXPECT_EQ(Read(row.msr), row.value);
    EXPECT_EQ(Write(row.msr, 0x1234), kGoesOn);
    EXPECT_EQ(Read(row.msr), row.value);
    EXPECT_EQ(Write(row.msr, kUpper), kFails);
    EXPECT_EQ(status(), ZX_ERR_INVALID_ARGS);
  }
}

TEST_F(EmulatedMsrs, EndOfInterruptAndErrorStatus) {
  Shows("APIC-5");
  EXPECT_EQ(Read(0x80B), std::nullopt);
  EXPECT_EQ(Read(0x828), 0u);
  for (const uint32_t msr : {0x80Bu, 0x828u}) {
    EXPECT_EQ(Write(msr, 0), kGoesOn) << std::hex << msr;
    EXPECT_EQ(Write(msr, 1), kFaults) << std::hex << msr;
    EXPECT_EQ(Write(msr, kUpper), kFaults) << std::hex << msr;
  }
}

TEST_F(EmulatedMsrs, LvtTimerKeepsItsLastValue) {
  Shows("APIC-6 APIC-12");
  EXPECT_EQ(Read(0x832), 0x10000u) << "at first";
  for (const uint64_t value : {uint64_t{0x00}, uint64_t{0xFF}, uint64_t{1u << 16 | 0x20},
                               uint64_t{1u << 17 | 0x20}, uint64_t{2u << 17 | 0x20}}) {
    EXPECT_EQ(Write(0x832, value), kGoesOn) << value;
    EXPECT_EQ(Read(0x832), value);
  }
  EXPECT_EQ(Write(0x832, 3u << 17 | 0x20), kFails);
  EXPECT_EQ(status(), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Write(0x832, kUpper), kFails);
  EXPECT_EQ(status(), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Read(0x832), 2u << 17 | 0x20) << "a refused write changes nothing";
}

TEST_F(EmulatedMsrs, TimerRegistersThatCannotBeRead) {
  Shows("APIC-8 APIC-9 APIC-10 APIC-12");
  for (const uint32_t msr : {0x6E0u, 0x838u, 0x839u, 0x83Eu}) {
    EXPECT_EQ(Read(msr), std::nullopt) << std::hex << msr;
  }
  EXPECT_EQ(Write(0x839, 0), kFaults) << "the current count";
  for (const uint32_t msr : {0x838u, 0x83Eu}) {
    EXPECT_EQ(Write(msr, 0), kGoesOn) << std::hex << msr;
    EXPECT_EQ(Write(msr, kUpper), kFails) << std::hex << msr;
    EXPECT_EQ(status(), ZX_ERR_INVALID_ARGS);
  }
  for (const uint64_t mode : {0u, 1u}) {
    ASSERT_EQ(Write(0x832, mode << 17 | 1u << 16), kGoesOn);
    EXPECT_EQ(Write(0x6E0, 1), kFails) << "a deadline in mode " << mode;
    EXPECT_EQ(status(), ZX_ERR_INVALID_ARGS);
  }
}

TEST_F(EmulatedMsrs, SelfIpiAndIcrCannotBeRead) {
  Shows("APIC-11 APIC-14");
  EXPECT_EQ(Read(0x83F), std::nullopt);
  EXPECT_EQ(Read(0x830), std::nullopt);
}

TEST_F(EmulatedMsrs, OtherNumbersOfTheApicFault) {
  Shows("APIC-15");
  std::set<uint32_t> known = {0x802, 0x803, 0x808, 0x80B, 0x80D, 0x80F, 0x828, 0x82F, 0x830, 0x832,
                              0x833, 0x834, 0x835, 0x836, 0x837, 0x838, 0x839, 0x83E, 0x83F};
  for (uint32_t msr = 0x810; msr <= 0x827; ++msr) known.insert(msr);
  for (uint32_t msr = 0x800; msr <= 0x8FF; ++msr) {
    if (known.contains(msr)) continue;
    ASSERT_EQ(Read(msr), std::nullopt) << std::hex << msr;
    ASSERT_EQ(Write(msr, 0), kFaults) << std::hex << msr;
  }
}

// The processor answers these itself: the host's kernel is told to let them pass.
TEST_F(EmulatedMsrs, DirectRegistersMakeNoExit) {
  Shows("MSR-DIRECT-1");
  for (const uint32_t msr :
       {0xC0000080u, 0xC0000081u, 0xC0000082u, 0xC0000083u, 0xC0000084u, 0xC0000100u, 0xC0000101u,
        0xC0000102u, 0xC0000103u, 0x174u, 0x175u, 0x176u, 0x277u}) {
    EXPECT_TRUE(machine().vm().MsrAllowed(msr, false)) << std::hex << msr;
    EXPECT_TRUE(machine().vm().MsrAllowed(msr, true)) << std::hex << msr;
  }
}

// ---- ICR ----

TEST_F(EmulatedMsrs, LogicalDestinationsAreRefusedInEveryMode) {
  Shows("ICR-6 ICR-7");
  for (uint64_t mode = 0; mode < 8; ++mode) {
    EXPECT_EQ(Write(0x830, kUpper | 1u << 11 | mode << 8 | 0x40), kFails) << mode;
    EXPECT_EQ(status(), ZX_ERR_NOT_SUPPORTED) << mode;
  }
  for (const uint64_t mode : {1u, 2u, 3u, 7u}) {
    EXPECT_EQ(Write(0x830, kUpper | mode << 8 | 0x40), kFails) << mode;
    EXPECT_EQ(status(), ZX_ERR_NOT_SUPPORTED) << mode;
  }
}

// ---- Interrupts of the guest's own ----

TEST_F(EmulatedMsrs, VectorsOfTheApicAndOfTheVmmAreOneSet) {
  Shows("INT-4 INT-14");
  cpu().Push(WrMsr(0x83F, 0x40));
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 0x40), ZX_OK);  // The same: one.
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 0x41), ZX_OK);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 16), ZX_OK);  // Dropped by the first.
  cpu().Push(fake::SetInterruptFlag(true));
  PushOut();
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(cpu().deliveries(),
            std::vector<Delivery>({{Delivery::kInterrupt, 0x41}, {Delivery::kInterrupt, 0x40}}));
}

}  // namespace
}  // namespace zircon
