// What of its registers KVM is asked for and when, and what is remembered instead. Rows: TRAP-IO,
// INT,.

#include <gtest/gtest.h>
#include <zircon-kvm/debug.h>

#include <cerrno>

#include "contract.h"
#include "fake/machine_test.h"

namespace zircon {
namespace {

using fake::DefaultHost;
using fake::Do;
using fake::FakeVcpu;
using fake::HostModel;
using fake::Machine;
using fake::MmioWrite;
using fake::PioIn;
using fake::PioOut;
using fake::StringIo;

constexpr uint16_t kPort = 0x60;
constexpr uint64_t kInterruptFlag = 1u << 9;
constexpr uint32_t kNmiVector = 2;

class VcpuRegisters : public fake::OnMachine, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override { Use(DefaultHost()); }
  // A host that emulates port instructions, or not.
  void Use(HostModel host) {
    host.emulates_ports = GetParam();
    OnMachine::Use(std::move(host));
    ASSERT_EQ(machine().TrapIo(kPort, 8), ZX_OK);
    zx_vcpu_state_t state = {};
    state.rdx = kPort;
    state.rsi = 0x8000;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
  }
  // The guest comes to the instruction at `rip`.
  void PushJump(uint64_t rip = Machine::kEntry) {
    cpu().Push(Do([rip](FakeVcpu& vcpu) {
      vcpu.regs.rip = rip;
      vcpu.regs.rflags &= ~(uint64_t{1} << 16);
    }));
  }
  // One enter, of the exit that `step` makes at `rip`.
  zx_status_t EnterAt(uint64_t rip, fake::Step step) {
    PushJump(rip);
    cpu().Push(std::move(step));
    return machine().Enter();
  }
  uint64_t calls(unsigned long call) { return machine().kernel.calls(call); }
  uint64_t synced() { return cpu().run().kvm_valid_regs; }
};

INSTANTIATE_TEST_SUITE_P(Hosts, VcpuRegisters, ::testing::Bool(), [](const auto& param_info) {
  return param_info.param ? "emulated" : "direct";
});

TEST_P(VcpuRegisters, APortInstructionIsLookedAtOnce) {
  Shows("TRAP-IO-1");
  machine().CodeAt(Machine::kEntry, {0xEE, 0x90, 0xE4, kPort});
  constexpr uint64_t kIn = Machine::kEntry + 2;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(kPort, 1)), ZX_OK);
    ASSERT_EQ(EnterAt(kIn, PioIn(kPort, 1, 2)), ZX_OK);
  }
  const uint64_t ioctls = machine().kernel.vcpu_ioctls();
  const uint64_t runs = cpu().runs();
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(kPort, 1)), ZX_OK);
    EXPECT_EQ(packet().guest_io.input, 0);
    ASSERT_EQ(EnterAt(kIn, PioIn(kPort, 1, 2)), ZX_OK);
    EXPECT_EQ(packet().guest_io.input, 1);
    ASSERT_EQ(machine().WriteIo(1, 0x42), ZX_OK);
  }
  EXPECT_EQ(cpu().runs() - runs, 40u);
  EXPECT_EQ(machine().kernel.vcpu_ioctls() - ioctls, 40u);
  EXPECT_EQ(synced(), uint64_t{KVM_SYNC_X86_REGS});
}

TEST_P(VcpuRegisters, CodeThatWasChangedIsLookedAtAgain) {
  Shows("TRAP-IO-10");
  for (const bool in : {false, true}) {
    machine().CodeAt(Machine::kEntry, {static_cast<uint8_t>(in ? 0xEC : 0xEE), 0x90});
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(EnterAt(Machine::kEntry, in ? PioIn(kPort, 1) : PioOut(kPort, 1)), ZX_OK);
    }
    machine().CodeAt(Machine::kEntry, {static_cast<uint8_t>(in ? 0x6C : 0x6E), 0x90});
    EXPECT_EQ(EnterAt(Machine::kEntry, StringIo(kPort, 1, in, 1, 1, false)), ZX_ERR_NOT_SUPPORTED);
  }
}

// The number of the port is OUTS too, which would end where the OUT does.
TEST_P(VcpuRegisters, WhatMayBeAnotherInstructionIsLookedAtEachTime) {
  Shows("TRAP-IO-10");
  ASSERT_EQ(machine().TrapIo(0x6E, 1), ZX_OK);
  machine().CodeAt(Machine::kEntry, {0xE6, 0x6E, 0x90, 0x90});  // out %al,$0x6e
  zx_vcpu_state_t state = machine().State();
  state.rdx = 0x6E;
  state.rsi = 0x8000;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  machine().CodeAt(0x8000, {0x5A});
  for (int i = 0; i < 3; ++i) ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(0x6E, 1, 2)), ZX_OK);
  EXPECT_EQ(EnterAt(Machine::kEntry + 1, StringIo(0x6E, 1, false, 1, 1, false)),
            ZX_ERR_NOT_SUPPORTED);
}

// The OUT is what it was; what comes before it has become an OUTS, which ends where the OUT stands.
TEST_P(VcpuRegisters, AnOutsThatEndsWhereAnOutStandsIsAnother) {
  Shows("TRAP-IO-10");
  constexpr uint64_t kOut = Machine::kEntry + 1;
  for (const uint8_t outs : {0x6E, 0x6F}) {
    machine().CodeAt(Machine::kEntry, {0x90, 0xEE, 0x90, 0x90});
    machine().CodeAt(0x8000, {0x5A, 0x5B, 0x5C, 0x5D});  // unlike RAX
    zx_vcpu_state_t state = machine().State();
    state.rsi = 0x8000;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    for (int i = 0; i < 3; ++i) ASSERT_EQ(EnterAt(kOut, PioOut(kPort, 1)), ZX_OK);
    machine().CodeAt(Machine::kEntry, {outs});
    const uint8_t size = outs == 0x6E ? 1 : 4;
    EXPECT_EQ(EnterAt(Machine::kEntry, StringIo(kPort, size, false, 1, 1, false)),
              ZX_ERR_NOT_SUPPORTED);
    EXPECT_EQ(machine().State().rsi, 0x8000u);
  }
}

// A first iteration stands where the OUT did that is remembered by its end.
TEST_P(VcpuRegisters, ARepeatedOutsBehindAnOutIsAnother) {
  Shows("TRAP-IO-10");
  machine().CodeAt(Machine::kEntry, {0xEE, 0xF3, 0x6E, 0x90});
  machine().CodeAt(0x8000, {0, 0, 0, 0});
  zx_vcpu_state_t state = machine().State();
  state.rcx = 3;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(kPort, 1)), ZX_OK);
  EXPECT_EQ(EnterAt(Machine::kEntry + 1, StringIo(kPort, 1, false, 1, 2, true)),
            ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(machine().State().rcx, 3u);
}

TEST_P(VcpuRegisters, CodeInOtherMemoryIsLookedAtAgain) {
  Shows("TRAP-IO-10");
  constexpr uint64_t kPage = 0x300000;
  constexpr uint64_t kSize = 0x1000;
  const auto map = [&] { return machine().Map(kPage, kSize, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE); };
  ASSERT_EQ(map(), ZX_OK);
  machine().CodeAt(kPage, {0xEE, 0x90, 0x90, 0x90});
  for (int i = 0; i < 3; ++i) ASSERT_EQ(EnterAt(kPage, PioOut(kPort, 1)), ZX_OK);
  ASSERT_EQ(zx_vmar_unmap(machine().vmar, kPage, kSize), ZX_OK);
  ASSERT_EQ(map(), ZX_OK);
  machine().CodeAt(kPage, {0x6E, 0x90, 0x90, 0x90});
  machine().CodeAt(0x8000, {0});
  EXPECT_EQ(EnterAt(kPage, StringIo(kPort, 1, false, 1, 1, false)), ZX_ERR_NOT_SUPPORTED);
}

// A debugger's look comes between the change and the next enter. What was known of the code is
// still there, in memory that the guest does not have any more.
TEST_P(VcpuRegisters, ALookAtTheRegistersDoesNotHideAChange) {
  Shows("TRAP-IO-10");
  constexpr uint64_t kPage = 0x300000;
  constexpr uint64_t kSize = 0x1000;
  zx_handle_t vmos[2] = {};
  for (zx_handle_t& vmo : vmos) {
    ASSERT_EQ(zx_vmo_create(kSize, 0, &vmo), ZX_OK);
    zx_gpaddr_t at = 0;
    ASSERT_EQ(
        zx_vmar_map(machine().vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC_OVERWRITE,
                    kPage, vmo, 0, kSize, &at),
        ZX_OK);
    if (vmo != vmos[0]) break;
    machine().CodeAt(kPage, {0xEE, 0x90, 0x90, 0x90});
    for (int i = 0; i < 3; ++i) ASSERT_EQ(EnterAt(kPage, PioOut(kPort, 1)), ZX_OK);
  }
  zircon_kvm_general_registers_t general;
  ASSERT_EQ(zircon_kvm_vcpu_read_registers(machine().vcpu, ZIRCON_KVM_REGISTERS_GENERAL, &general,
                                           sizeof(general)),
            ZX_OK);
  machine().CodeAt(kPage, {0x6E, 0x90, 0x90, 0x90});
  machine().CodeAt(0x8000, {0});
  EXPECT_EQ(EnterAt(kPage, StringIo(kPort, 1, false, 1, 1, false)), ZX_ERR_NOT_SUPPORTED);
  for (const zx_handle_t vmo : vmos) zx_handle_close(vmo);
}

// docs/DIFFERENCES.md: no table is walked for what is remembered.
TEST_P(VcpuRegisters, AnotherAddressSpaceAtARememberedRipIsNotSeen) {
  Shows("TRAP-IO-10");
  constexpr uint64_t kOtherTables = 0x10000, kOtherPage = 0x20000;
  machine().CodeAt(Machine::kEntry, {0xEC, 0x90, 0x90, 0x90});
  for (int i = 0; i < 3; ++i) ASSERT_EQ(EnterAt(Machine::kEntry, PioIn(kPort, 1)), ZX_OK);
  // Tables that have the page with INS where the IN was.
  auto* tables = reinterpret_cast<uint64_t*>(machine().memory(kOtherTables));
  tables[0] = (kOtherTables + 0x1000) | 3;
  tables[512] = (kOtherTables + 0x2000) | 3;
  tables[1024] = (kOtherTables + 0x3000) | 3;
  for (uint64_t i = 0; i < 512; ++i) tables[1536 + i] = i << 12 | 3;
  tables[1536 + Machine::kEntry / 4096] = kOtherPage | 3;
  machine().CodeAt(kOtherPage, {0x6C, 0x90, 0x90, 0x90});
  PushJump();
  cpu().Push(Do([](FakeVcpu& vcpu) { vcpu.sregs.cr3 = kOtherTables; }));
  cpu().Push(StringIo(kPort, 1, true, 1, 1, false));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(packet().guest_io.input, 1);
  // Several elements at once are a string wherever they come from.
  EXPECT_EQ(EnterAt(Machine::kEntry, StringIo(kPort, 1, true, 3, 1, false)), ZX_ERR_NOT_SUPPORTED);
  // A change of memory or traps has everything looked at again.
  ASSERT_EQ(machine().TrapMemory(0x500000, 0x1000), ZX_OK);
  EXPECT_EQ(EnterAt(Machine::kEntry, StringIo(kPort, 1, true, 1, 1, false)), ZX_ERR_NOT_SUPPORTED);
}

TEST_P(VcpuRegisters, NoRipIsRememberedFromTheBeginning) {
  for (const bool in : {false, true}) {
    for (const uint64_t rip : {~uint64_t{0}, uint64_t{0}, uint64_t{0xFFFF'FFFF}}) {
      // No code can be read there, so that an IN may be anything; a plain OUT is the likelier.
      EXPECT_EQ(EnterAt(rip, in ? PioIn(kPort, 1, 0) : PioOut(kPort, 1, 0)),
                in ? ZX_ERR_NOT_SUPPORTED : ZX_OK);
    }
  }
}

// Memory for what enter must know is no reason to lose an exit.
TEST_P(VcpuRegisters, AnExitThatCannotBeLookedAtIsLookedAtLater) {
  Shows("FAULT-7");
  machine().CodeAt(Machine::kEntry, {0xEE});
  machine().kernel.Fail(KVM_GET_SREGS, ENOMEM, 1, 2);
  cpu().Push(PioOut(kPort, 1));
  EXPECT_EQ(machine().Enter(), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(EnterWithRuns(0), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(EnterWithRuns(0), ZX_OK);
  EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
  EXPECT_EQ(packet().guest_io.port, kPort);
}

TEST_P(VcpuRegisters, ExitsThatNeedMoreComeWithIt) {
  Shows("TRAP-MEM-1");
  ASSERT_EQ(machine().TrapMemory(0x400000, 0x1000), ZX_OK);
  constexpr uint64_t kStore = Machine::kEntry + 0x10;
  machine().CodeAt(kStore, {0x88, 0x03});  // mov %al,(%rbx)
  zx_vcpu_state_t state = machine().State();
  state.rbx = 0x400000;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  const auto store = [&] {
    PushJump(kStore);
    cpu().Push(MmioWrite(0x400000, 0, 1, 2));
    return EnterWithRuns(1);
  };
  for (int i = 0; i < 3; ++i) ASSERT_EQ(store(), ZX_OK);
  uint64_t reads = calls(KVM_GET_SREGS);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(store(), ZX_OK);
  EXPECT_EQ(calls(KVM_GET_SREGS), reads);
  EXPECT_NE(synced() & KVM_SYNC_X86_SREGS, 0u);
  // And others do not have it for long.
  machine().CodeAt(Machine::kEntry, {0xEE});
  for (int i = 0; i < 10; ++i) ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(kPort, 1)), ZX_OK);
  EXPECT_EQ(synced() & KVM_SYNC_X86_SREGS, 0u);
  reads = calls(KVM_GET_SREGS);
  ASSERT_EQ(store(), ZX_OK);
  EXPECT_EQ(calls(KVM_GET_SREGS), reads + 1);
}

// ---- Events ----

TEST_P(VcpuRegisters, AnInterruptNeedsNoEventsToBeRead) {
  Shows("INT-9");
  machine().CodeAt(Machine::kEntry, {0xEE});
  ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(kPort, 1)), ZX_OK);
  cpu().Push(Do([](FakeVcpu& vcpu) { vcpu.regs.rflags |= kInterruptFlag; }));
  ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(kPort, 1)), ZX_OK);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 40), ZX_OK);
  ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(kPort, 1)), ZX_OK);
  EXPECT_EQ(cpu().deliveries(), (std::vector<fake::Delivery>{{fake::Delivery::kInterrupt, 40}}));
  EXPECT_EQ(calls(KVM_GET_VCPU_EVENTS), 0u);
  EXPECT_EQ(synced() & KVM_SYNC_X86_EVENTS, 0u);
}

TEST_P(VcpuRegisters, AnExceptionReadsThemOnce) {
  Shows("INT-11");
  machine().CodeAt(Machine::kEntry, {0xEE});
  ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(kPort, 1)), ZX_OK);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 13), ZX_OK);
  ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(kPort, 1)), ZX_OK);
  EXPECT_EQ(cpu().deliveries(),
            (std::vector<fake::Delivery>{{fake::Delivery::kException, 13, true}}));
  EXPECT_EQ(calls(KVM_GET_VCPU_EVENTS), 1u);
  EXPECT_EQ(synced() & KVM_SYNC_X86_EVENTS, 0u);
}

// Else an interrupt that goes in later would unblock NMIs.
TEST_P(VcpuRegisters, FromTheFirstNmiOnTheyAreKnown) {
  Shows("INT-8 INT-13");
  machine().CodeAt(Machine::kEntry, {0xEE});
  ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(kPort, 1)), ZX_OK);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, kNmiVector), ZX_OK);
  cpu().Push(Do([](FakeVcpu& vcpu) {
    vcpu.events.nmi.masked = 1;  // its handler runs
    vcpu.regs.rflags |= kInterruptFlag;
  }));
  ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(kPort, 1)), ZX_OK);
  EXPECT_EQ(calls(KVM_GET_VCPU_EVENTS), 1u);
  EXPECT_NE(synced() & KVM_SYNC_X86_EVENTS, 0u);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 40), ZX_OK);
  ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(kPort, 1)), ZX_OK);
  EXPECT_EQ(cpu().deliveries().size(), 2u);
  EXPECT_EQ(cpu().events.nmi.masked, 1);
  EXPECT_EQ(calls(KVM_GET_VCPU_EVENTS), 1u);
}

// Events that cannot be read are no lost interrupt.
TEST_P(VcpuRegisters, AnEventWaitsForMemory) {
  Shows("INT-11");
  machine().CodeAt(Machine::kEntry, {0xEE});
  ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(kPort, 1)), ZX_OK);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 13), ZX_OK);
  machine().kernel.Fail(KVM_GET_VCPU_EVENTS, ENOMEM);
  EXPECT_EQ(machine().Enter(), ZX_ERR_NO_MEMORY);
  ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(kPort, 1)), ZX_OK);
  EXPECT_EQ(cpu().deliveries().size(), 1u);
}

// Its word for readiness says less.
TEST_P(VcpuRegisters, AnOldKernelTellsThemAtEachExit) {
  Shows("INT-13");
  HostModel host = DefaultHost();
  host.capabilities[KVM_CAP_SREGS2] = 0;
  Use(host);
  machine().CodeAt(Machine::kEntry, {0xEE});
  ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(kPort, 1)), ZX_OK);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 13), ZX_OK);
  ASSERT_EQ(EnterAt(Machine::kEntry, PioOut(kPort, 1)), ZX_OK);
  EXPECT_EQ(calls(KVM_GET_VCPU_EVENTS), 0u);
  EXPECT_NE(synced() & KVM_SYNC_X86_EVENTS, 0u);
}

}  // namespace
}  // namespace zircon
