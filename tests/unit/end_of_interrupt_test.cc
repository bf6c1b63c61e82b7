// The end of interrupts by a flag in the guest's memory. Rows: EOI.

#include <gtest/gtest.h>
#include <zircon-kvm/debug.h>

#include <cstdint>
#include <vector>

#include "contract.h"
#include "fake/machine_test.h"
#include "unit/msr_guest.h"

namespace zircon {
namespace {

using fake::Delivery;
using fake::FakeVcpu;
using fake::Machine;
using fake::SetInterruptFlag;
using fake::WrMsr;

constexpr uint32_t kRegister = 0x4B564D04;
constexpr uint64_t kEnable = 1;
constexpr uint64_t kFlag = 0x9014;  // in memory that nobody else uses
constexpr uint32_t kVector = 0x41;

class EndOfInterrupt : public fake::MsrGuest {
 protected:
  bool Writes(uint64_t value) {
    cpu().ForgetDeliveries();
    cpu().Push(WrMsr(kRegister, value));
    PushOut();
    EXPECT_EQ(machine().Enter(), ZX_OK);
    return cpu().deliveries().empty();
  }
  // Delivers an interrupt to a guest that takes it at once, or when it has come out for it.
  void TakeInterrupt() {
    cpu().ForgetDeliveries();
    cpu().Push(SetInterruptFlag(true));
    PushOut();
    ASSERT_EQ(machine().Enter(), ZX_OK);
    ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, kVector), ZX_OK);
    PushOut();
    ASSERT_EQ(machine().Enter(), ZX_OK);
    ASSERT_EQ(cpu().deliveries(),
              std::vector<Delivery>({{Delivery::kInterrupt, kVector, false, 0}}));
  }
};

TEST_F(EndOfInterrupt, TheRegisterHoldsWhatIsWritten) {
  Shows("EOI-1");
  EXPECT_EQ(Read(kRegister), 0u);
  for (const uint64_t value : {kFlag | kEnable, kFlag, uint64_t{0}, kFlag + 4 + kEnable}) {
    EXPECT_TRUE(Writes(value)) << value;
    EXPECT_EQ(Read(kRegister), value);
  }
}

TEST_F(EndOfInterrupt, ADebuggerReadsIt) {
  Shows("EOI-1 DEBUG-21 DEBUG-24");
  ASSERT_TRUE(Writes(kFlag | kEnable));
  uint64_t value = 0;
  EXPECT_EQ(zircon_kvm_vcpu_read_msr(machine().vcpu, kRegister, &value), ZX_OK);
  EXPECT_EQ(value, kFlag | kEnable);
  EXPECT_EQ(zircon_kvm_vcpu_write_msr(machine().vcpu, kRegister, 0), ZX_ERR_NOT_SUPPORTED);
}

TEST_F(EndOfInterrupt, WhatCannotBeAnAddressFaults) {
  Shows("EOI-1");
  ASSERT_TRUE(Writes(kFlag | kEnable));
  constexpr uint64_t kEnd = uint64_t{1} << 48;
  for (const uint64_t value :
       {kFlag | 2 | kEnable, uint64_t{2}, kEnd, kEnd | kEnable, ~uint64_t{3}}) {
    EXPECT_FALSE(Writes(value)) << value;
    EXPECT_EQ(Read(kRegister), kFlag | kEnable) << "what faults has done nothing";
  }
  EXPECT_TRUE(Writes(kEnd - 4 + kEnable));
}

TEST_F(EndOfInterrupt, EachInterruptSetsTheFlagAndNothingElse) {
  Shows("EOI-2 EOI-3");
  for (uint64_t i = 0; i < 0x20; ++i) machine().memory(kFlag - 0x10)[i] = 0;
  ASSERT_TRUE(Writes(kFlag | kEnable));
  EXPECT_EQ(*machine().memory(kFlag), 0) << "no interrupt has come";
  for (int i = 0; i < 3; ++i) {
    TakeInterrupt();
    EXPECT_EQ(*machine().memory(kFlag) & 1, 1);
    *machine().memory(kFlag) = 0;  // as the guest ends it
    for (uint64_t j = 0; j < 0x20; ++j) EXPECT_EQ(machine().memory(kFlag - 0x10)[j], 0) << j;
  }
}

TEST_F(EndOfInterrupt, AnExceptionIsNoInterrupt) {
  Shows("EOI-2");
  ASSERT_TRUE(Writes(kFlag | kEnable));
  *machine().memory(kFlag) = 0;
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 3), ZX_OK);
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(cpu().deliveries().size(), 1u);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 2), ZX_OK) << "an NMI";
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(*machine().memory(kFlag), 0);
}

TEST_F(EndOfInterrupt, WithoutAFlagNothingIsSet) {
  Shows("EOI-1 EOI-2");
  ASSERT_TRUE(Writes(kFlag | kEnable));
  ASSERT_TRUE(Writes(kFlag)) << "switched off";
  *machine().memory(kFlag) = 0;
  *machine().memory(0) = 0;
  TakeInterrupt();
  EXPECT_EQ(*machine().memory(kFlag), 0);
  EXPECT_EQ(*machine().memory(0), 0);
}

TEST_F(EndOfInterrupt, WhereNoMemoryIsInterruptsComeAllTheSame) {
  Shows("EOI-3");
  ASSERT_EQ(machine().TrapMemory(0x300000, 0x1000), ZX_OK);
  ASSERT_EQ(machine().Map(0x400000, 0x1000, ZX_VM_PERM_READ), ZX_OK);
  for (const uint64_t address :
       {Machine::kDeviceAddress, uint64_t{0x300000}, uint64_t{0x400000}, (uint64_t{1} << 48) - 4}) {
    ASSERT_TRUE(Writes(address | kEnable)) << address;
    TakeInterrupt();
  }
  EXPECT_EQ(*machine().memory(0x400000), 0) << "the guest may not write there, nor may its flag";
}

TEST_F(EndOfInterrupt, TheFlagFollowsWhatIsMappedThere) {
  Shows("EOI-2 EOI-3");
  constexpr uint64_t kPage = 0x400000;
  ASSERT_TRUE(Writes(kPage | kEnable));
  TakeInterrupt();
  ASSERT_EQ(machine().Map(kPage, 0x1000, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE), ZX_OK);
  TakeInterrupt();
  EXPECT_EQ(*machine().memory(kPage), 1);
  ASSERT_EQ(zx_vmar_unmap(machine().vmar, kPage, 0x1000), ZX_OK);
  TakeInterrupt();
}

}  // namespace
}  // namespace zircon
