// Registers, single steps and breakpoints, as a debugger uses them (zircon-kvm/debug.h). Rows:
// DEBUG.

#include <zircon-kvm/debug.h>

#include <cstring>

#include "contract.h"
#include "probe.h"
#include "service.h"

DECLARE_GUEST(debug);
DECLARE_GUEST(triple_fault);

namespace conformance {
namespace {

constexpr uint32_t kVector = 0x40;
constexpr uint32_t kLstar = 0xC0000082;

using DebugTest = KvmTest;

template <typename T>
T Read(Vcpu& vcpu, uint32_t kind) {
  T registers = {};
  Require(zircon_kvm_vcpu_read_registers(vcpu.get(), kind, &registers, sizeof(registers)),
          "zircon_kvm_vcpu_read_registers");
  return registers;
}

zircon_kvm_general_registers_t General(Vcpu& vcpu) {
  return Read<zircon_kvm_general_registers_t>(vcpu, ZIRCON_KVM_REGISTERS_GENERAL);
}

void SetDebug(Vcpu& vcpu, const zircon_kvm_debug_t& debug) {
  Require(zircon_kvm_vcpu_set_debug(vcpu.get(), &debug, sizeof(debug)),
          "zircon_kvm_vcpu_set_debug");
}

void SetFlags(Vcpu& vcpu, uint32_t flags) {
  zircon_kvm_debug_t debug = {};
  debug.flags = flags;
  SetDebug(vcpu, debug);
}

// Enters once; 0 unless that ends with a stop.
uint32_t ReasonsOfStop(Vcpu& vcpu) {
  if (vcpu.Enter() != ZX_OK || !ZIRCON_KVM_PKT_IS_DEBUG(vcpu.packet().type)) return 0;
  zircon_kvm_stop_t stop;
  memcpy(&stop, &vcpu.packet().user, sizeof(stop));
  EXPECT_EQ(stop.address, General(vcpu).rip);
  return stop.reasons;
}

// Software hosts of KVM may have none of the processor's breakpoints, or let the guest have INT3.
// On a thread of its own: the test has a VCPU.
std::string ProbeStop(const zircon_kvm_debug_t& debug, int checkpoint) {
  std::string missing = "the guest does not get there";
  Thread([&] {
    Machine machine(GUEST_BLOB(debug));
    for (int i = 0; i <= checkpoint; ++i) {
      if (!machine.vcpu().Reaches(i)) return;
    }
    SetDebug(machine.vcpu(), debug);
    missing = ReasonsOfStop(machine.vcpu()) != 0 ? "" : "this host's KVM does not stop there";
  }).Join();
  return missing;
}

zircon_kvm_debug_t Breakpoint(uint64_t address, uint32_t kind, uint32_t size) {
  zircon_kvm_debug_t debug = {};
  debug.breakpoints[1].address = address;
  debug.breakpoints[1].kind = kind;
  debug.breakpoints[1].size = size;
  return debug;
}

TEST_F(DebugTest, RegistersAsTheGuestHasThem) {
  Shows("DEBUG-10 DEBUG-11 DEBUG-24 STATE-INIT-1");
  Service guest;
  const auto general = General(guest.vcpu());
  const zx_vcpu_state_t state = guest.vcpu().State();
  EXPECT_EQ(memcmp(&general, &state, 16 * sizeof(uint64_t)), 0);
  const auto system =
      Read<zircon_kvm_system_registers_t>(guest.vcpu(), ZIRCON_KVM_REGISTERS_SYSTEM);
  const zx_vcpu_state_t control = guest.Call(SERVICE_CONTROL);
  EXPECT_EQ(system.cr0, control.rax);
  EXPECT_EQ(system.cr3, control.rbx);
  EXPECT_EQ(system.cr4, control.rcx);
  EXPECT_EQ(system.cs.selector, control.rdx & 0xFFFF);
  EXPECT_EQ(system.efer, guest.ReadMsr(0xC0000080));
  EXPECT_TRUE(guest.WriteMsr(kLstar, 0xFFFFFFFF81000000));
  uint64_t value = 0;
  EXPECT_EQ(zircon_kvm_vcpu_read_msr(guest.vcpu().get(), kLstar, &value), ZX_OK);
  EXPECT_EQ(value, 0xFFFFFFFF81000000u);
  EXPECT_EQ(zircon_kvm_vcpu_write_msr(guest.vcpu().get(), kLstar, 0x1234), ZX_OK);
  EXPECT_EQ(guest.ReadMsr(kLstar), 0x1234u);
  for (const uint32_t index : {0x802u, 0x803u, 0x1Bu, 0x1A0u, 0x277u}) {
    EXPECT_EQ(zircon_kvm_vcpu_read_msr(guest.vcpu().get(), index, &value), ZX_OK);
    EXPECT_EQ(guest.ReadMsr(index), value) << std::hex << index;
  }
}

TEST_F(DebugTest, WhatWasReadMayBeWrittenBack) {
  Shows("DEBUG-12");
  Machine machine(GUEST_BLOB(debug));
  Vcpu& vcpu = machine.vcpu();
  const auto write_back = [&vcpu](uint32_t kind) {
    zircon_kvm_vector_registers_t before = {};
    zircon_kvm_vector_registers_t after = {};
    EXPECT_EQ(zircon_kvm_vcpu_read_registers(vcpu.get(), kind, &before, sizeof(before)), ZX_OK);
    EXPECT_EQ(zircon_kvm_vcpu_write_registers(vcpu.get(), kind, &before, sizeof(before)), ZX_OK);
    EXPECT_EQ(zircon_kvm_vcpu_read_registers(vcpu.get(), kind, &after, sizeof(after)), ZX_OK);
    EXPECT_EQ(memcmp(&before, &after, sizeof(before)), 0) << kind;
  };
  for (int checkpoint = 0; checkpoint < 2; ++checkpoint) {
    for (uint32_t kind = 0; kind <= ZIRCON_KVM_REGISTERS_VECTOR; ++kind) write_back(kind);
    ASSERT_TRUE(vcpu.Reaches(checkpoint));
  }
}

TEST_F(DebugTest, RipCanBeSet) {
  Shows("DEBUG-12 RIP-1");
  Machine machine(GUEST_BLOB(debug));
  Vcpu& vcpu = machine.vcpu();
  ASSERT_TRUE(vcpu.Reaches(0));
  auto general = General(vcpu);
  EXPECT_EQ(general.rip, machine.blob().form(0).rip());
  general.rip = machine.blob().form(2).rip();
  general.rax = 0x41;
  ASSERT_EQ(zircon_kvm_vcpu_write_registers(vcpu.get(), ZIRCON_KVM_REGISTERS_GENERAL, &general,
                                            sizeof(general)),
            ZX_OK);
  ASSERT_TRUE(vcpu.Reaches(1));
  EXPECT_EQ(vcpu.State().rcx, 0x42u);
}

TEST_F(DebugTest, Steps) {
  Shows("DEBUG-31 DEBUG-32 DEBUG-33 DEBUG-13");
  Machine machine(GUEST_BLOB(debug));
  Vcpu& vcpu = machine.vcpu();
  ASSERT_TRUE(vcpu.Reaches(0));
  SetFlags(vcpu, ZIRCON_KVM_DEBUG_STEP);
  for (size_t i = 1; i <= 5; ++i) {
    ASSERT_EQ(ReasonsOfStop(vcpu), ZIRCON_KVM_STOP_STEP) << i;
    ASSERT_EQ(General(vcpu).rip, machine.blob().form(i).rip());
    // What is written between two steps does not end them.
    zx_vcpu_state_t state = vcpu.State();
    state.rdx = i;
    vcpu.SetState(state);
  }
  EXPECT_EQ(vcpu.State().rcx, vcpu.State().rax);
  SetFlags(vcpu, 0);
  ASSERT_TRUE(vcpu.Reaches(1));
  EXPECT_EQ(vcpu.State().rdx, 5u);
}

TEST_F(DebugTest, AStepOverAnInstructionThatHasAPacket) {
  Shows("DEBUG-33 DEBUG-31");
  NEEDS(ProbeInt3());
  Machine machine(GUEST_BLOB(debug));
  Vcpu& vcpu = machine.vcpu();
  for (int checkpoint = 0; checkpoint < 2; ++checkpoint) {
    SetFlags(vcpu, ZIRCON_KVM_DEBUG_STEP);
    int steps = 0;
    while (ReasonsOfStop(vcpu) == ZIRCON_KVM_STOP_STEP) ASSERT_LT(++steps, 200);
    ASSERT_TRUE(vcpu.AtCheckpoint(checkpoint)) << checkpoint;
  }
  // Said anew: a step from here.
  ASSERT_EQ(General(vcpu).rip, machine.blob().form(6).rip());
  SetFlags(vcpu, 0);
  ASSERT_TRUE(vcpu.Reaches(2));
}

TEST_F(DebugTest, HeldInterruptsWait) {
  Shows("DEBUG-17 DEBUG-36");
  NEEDS(ProbeInt3());
  Machine machine(GUEST_BLOB(debug));
  Vcpu& vcpu = machine.vcpu();
  for (int checkpoint = 0; checkpoint <= 2; ++checkpoint) ASSERT_TRUE(vcpu.Reaches(checkpoint));
  const size_t before = machine.LogCount();
  ASSERT_EQ(zx_vcpu_interrupt(vcpu.get(), kVector), ZX_OK);
  SetFlags(vcpu, ZIRCON_KVM_DEBUG_STEP | ZIRCON_KVM_DEBUG_HOLD_EVENTS);
  for (size_t i = 9; i <= 10; ++i) {
    ASSERT_EQ(ReasonsOfStop(vcpu), ZIRCON_KVM_STOP_STEP);
    ASSERT_EQ(General(vcpu).rip, machine.blob().form(i).rip());
    const auto events = Read<zircon_kvm_events_t>(vcpu, ZIRCON_KVM_REGISTERS_EVENTS);
    EXPECT_EQ(events.pending[1], uint64_t{1} << (kVector - 64));
  }
  EXPECT_EQ(machine.LogCount(), before);
  SetFlags(vcpu, 0);
  ASSERT_TRUE(vcpu.Reaches(3));
  EXPECT_EQ(machine.LogCount(), before + 1);
}

TEST_F(DebugTest, BreakpointsOfTheProcessor) {
  Shows("DEBUG-35");
  Machine machine(GUEST_BLOB(debug));
  Vcpu& vcpu = machine.vcpu();
  const uint64_t target = machine.blob().form(3).rip();
  const auto execute = Breakpoint(target, ZIRCON_KVM_BREAKPOINT_EXECUTE, 1);
  const auto write = Breakpoint(GUEST_DATA, ZIRCON_KVM_BREAKPOINT_WRITE, 8);
  NEEDS(ProbeStop(execute, 0));
  NEEDS(ProbeStop(write, 0));
  ASSERT_TRUE(vcpu.Reaches(0));
  SetDebug(vcpu, execute);
  ASSERT_EQ(ReasonsOfStop(vcpu), ZIRCON_KVM_STOP_HARDWARE(1));
  EXPECT_EQ(General(vcpu).rip, target);
  SetDebug(vcpu, write);
  ASSERT_EQ(ReasonsOfStop(vcpu), ZIRCON_KVM_STOP_HARDWARE(1));
  EXPECT_EQ(General(vcpu).rip, machine.blob().form(4).rip());
  SetDebug(vcpu, Breakpoint(GUEST_DATA, ZIRCON_KVM_BREAKPOINT_ACCESS, 8));
  ASSERT_EQ(ReasonsOfStop(vcpu), ZIRCON_KVM_STOP_HARDWARE(1));
  EXPECT_EQ(General(vcpu).rip, machine.blob().form(5).rip());
  SetFlags(vcpu, 0);
  ASSERT_TRUE(vcpu.Reaches(1));
}

TEST_F(DebugTest, Int3) {
  Shows("DEBUG-34");
  Machine machine(GUEST_BLOB(debug));
  Vcpu& vcpu = machine.vcpu();
  zircon_kvm_debug_t debug = {};
  debug.flags = ZIRCON_KVM_DEBUG_BREAKPOINTS;
  NEEDS(ProbeStop(debug, 1));
  ASSERT_TRUE(vcpu.Reaches(0));
  ASSERT_TRUE(vcpu.Reaches(1));
  SetDebug(vcpu, debug);
  ASSERT_EQ(ReasonsOfStop(vcpu), ZIRCON_KVM_STOP_BREAKPOINT);
  EXPECT_EQ(General(vcpu).rip, machine.blob().form(6).rip());
  EXPECT_EQ(machine.LogCount(), 0u);
  SetFlags(vcpu, 0);
  ASSERT_TRUE(vcpu.Reaches(2));
  EXPECT_EQ(machine.LogCount(), 1u) << "the guest's own";
}

TEST_F(DebugTest, AfterATripleFault) {
  Shows("DEBUG-16");
  Machine machine(GUEST_BLOB(triple_fault));
  Vcpu& vcpu = machine.vcpu();
  while (vcpu.Enter() == ZX_OK) {
  }
  const zx_vcpu_state_t state = vcpu.State();
  const auto general = General(vcpu);
  EXPECT_EQ(memcmp(&general, &state, 16 * sizeof(uint64_t)), 0);
  Read<zircon_kvm_system_registers_t>(vcpu, ZIRCON_KVM_REGISTERS_SYSTEM);
}

}  // namespace
}  // namespace conformance
