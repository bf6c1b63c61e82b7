// What a debugger sees of a VCPU and does to it (zircon-kvm/debug.h). Rows: DEBUG.

#include <gtest/gtest.h>
#include <zircon-kvm/debug.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "contract.h"
#include "fake/machine_test.h"

namespace zircon {
namespace {

using fake::DebugStop;
using fake::Do;
using fake::FakeVcpu;
using fake::Machine;
using fake::MmioRead;
using fake::PioIn;
using fake::PioOut;

constexpr uint16_t kPort = 0x60;
constexpr uint64_t kInterruptFlag = 1u << 9;
constexpr uint32_t kVector = 0x40;
constexpr uint32_t kStepDr6 = 1u << 14;

class VcpuDebug : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    ASSERT_EQ(machine().TrapIo(kPort, 8), ZX_OK);
    ASSERT_EQ(machine().TrapMemory(Machine::kDeviceAddress, 0x1000), ZX_OK);
  }
  template <typename T>
  zx_status_t Read(uint32_t kind, T* to) {
    return zircon_kvm_vcpu_read_registers(machine().vcpu, kind, to, sizeof(*to));
  }
  template <typename T>
  zx_status_t Write(uint32_t kind, const T& from) {
    return zircon_kvm_vcpu_write_registers(machine().vcpu, kind, &from, sizeof(from));
  }
  zircon_kvm_general_registers_t General() {
    zircon_kvm_general_registers_t general = {};
    EXPECT_EQ(Read(ZIRCON_KVM_REGISTERS_GENERAL, &general), ZX_OK);
    return general;
  }
  zx_status_t SetDebug(const zircon_kvm_debug_t& debug) {
    return zircon_kvm_vcpu_set_debug(machine().vcpu, &debug, sizeof(debug));
  }
  static zircon_kvm_debug_t Flags(uint32_t flags) {
    zircon_kvm_debug_t debug = {};
    debug.flags = flags;
    return debug;
  }
  zircon_kvm_stop_t Stop() {
    EXPECT_TRUE(ZIRCON_KVM_PKT_IS_DEBUG(packet().type));
    EXPECT_EQ(packet().key, 0u);
    zircon_kvm_stop_t stop = {};
    memcpy(&stop, &packet().user, sizeof(stop));
    return stop;
  }
};

TEST_F(VcpuDebug, ReadErrorsInOrder) {
  Shows("DEBUG-1 DEBUG-2 DEBUG-4 DEBUG-6 DEBUG-9");
  zircon_kvm_general_registers_t general;
  const auto read = [&](zx_handle_t handle, uint32_t kind, void* to, size_t size) {
    return zircon_kvm_vcpu_read_registers(handle, kind, to, size);
  };
  EXPECT_EQ(read(ZX_HANDLE_INVALID, 9, nullptr, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(read(machine().guest, 9, nullptr, 0), ZX_ERR_WRONG_TYPE);
  zx_handle_t weak = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(machine().vcpu, ZX_RIGHT_WRITE, &weak), ZX_OK);
  EXPECT_EQ(read(weak, 9, nullptr, 0), ZX_ERR_ACCESS_DENIED);
  zx_handle_close(weak);
  EXPECT_EQ(read(machine().vcpu, 6, nullptr, 0), ZX_ERR_INVALID_ARGS);
  constexpr size_t kSizes[] = {144, 216, 48, 4096, 24, 48};
  for (uint32_t kind = 0; kind < 6; ++kind) {
    EXPECT_EQ(read(machine().vcpu, kind, nullptr, kSizes[kind] - 1), ZX_ERR_BUFFER_TOO_SMALL);
    std::thread([&] {
      EXPECT_EQ(read(machine().vcpu, kind, nullptr, kSizes[kind]), ZX_ERR_BAD_STATE) << kind;
    }).join();
    EXPECT_EQ(read(machine().vcpu, kind, nullptr, kSizes[kind]), ZX_ERR_INVALID_ARGS) << kind;
  }
  EXPECT_EQ(read(machine().vcpu, 0, &general, sizeof(general)), ZX_OK);
}

TEST_F(VcpuDebug, WriteErrorsInOrder) {
  Shows("DEBUG-1 DEBUG-2 DEBUG-3 DEBUG-4 DEBUG-5 DEBUG-6");
  zircon_kvm_general_registers_t general = {};
  const auto write = [&](zx_handle_t handle, uint32_t kind, const void* from, size_t size) {
    return zircon_kvm_vcpu_write_registers(handle, kind, from, size);
  };
  EXPECT_EQ(write(machine().guest, 9, nullptr, 0), ZX_ERR_WRONG_TYPE);
  zx_handle_t weak = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(machine().vcpu, ZX_RIGHT_READ, &weak), ZX_OK);
  EXPECT_EQ(write(weak, 9, nullptr, 0), ZX_ERR_ACCESS_DENIED);
  zx_handle_close(weak);
  EXPECT_EQ(write(machine().vcpu, 6, nullptr, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(write(machine().vcpu, ZIRCON_KVM_REGISTERS_APIC, nullptr, 0), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(write(machine().vcpu, ZIRCON_KVM_REGISTERS_EVENTS, nullptr, 0), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(write(machine().vcpu, 0, nullptr, sizeof(general) - 1), ZX_ERR_BUFFER_TOO_SMALL);
  std::thread([&] {
    EXPECT_EQ(write(machine().vcpu, 0, nullptr, sizeof(general)), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(write(machine().vcpu, 0, &general, sizeof(general)), ZX_ERR_BAD_STATE);
  }).join();
}

TEST_F(VcpuDebug, GeneralRegistersBeforeTheFirstEnter) {
  Shows("DEBUG-10 DEBUG-11 DEBUG-12");
  zircon_kvm_general_registers_t general = General();
  EXPECT_EQ(general.rip, Machine::kEntry);
  EXPECT_EQ(general.rflags, 2u);
  general.rip = 0x4800;
  general.r15 = 15;
  general.rflags |= kInterruptFlag;
  ASSERT_EQ(Write(ZIRCON_KVM_REGISTERS_GENERAL, general), ZX_OK);
  const zircon_kvm_general_registers_t again = General();
  EXPECT_EQ(memcmp(&again, &general, sizeof(general)), 0);
  EXPECT_EQ(machine().State().r15, 15u);
  uint64_t seen = 0;
  cpu().Push(Do([&seen](FakeVcpu& vcpu) { seen = vcpu.regs.rip; }));
  machine().CodeAt(0x4800, {0xE6, kPort});
  cpu().Push(PioOut(kPort, 1, 2));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(seen, 0x4800u);
}

TEST_F(VcpuDebug, RipIsBehindTheInstructionOfEachPacket) {
  Shows("DEBUG-10 DEBUG-13 RIP-1");
  machine().CodeAt(Machine::kEntry, {0xE6, kPort, 0xE4, kPort, 0x8B, 0x0B});
  zx_vcpu_state_t state = machine().State();
  state.rbx = Machine::kDeviceAddress;
  state.rax = 0x1100;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  cpu().Push(PioOut(kPort, 1, 2));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(General().rip, Machine::kEntry + 2);
  // The value of an IN comes before or behind the look.
  cpu().Push(PioIn(kPort, 1, 2));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(General().rip, Machine::kEntry + 4);
  EXPECT_EQ(General().rax, 0x1100u);
  ASSERT_EQ(machine().WriteIo(1, 0x42), ZX_OK);
  EXPECT_EQ(General().rax, 0x1142u);
  // mov (%rbx), %ecx: the register that the VMM writes is what it is after the look too.
  cpu().Push(MmioRead(Machine::kDeviceAddress, 4, 2, {1, 4}));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  state = machine().State();
  state.rcx = 0x77;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  EXPECT_EQ(General().rcx, 0x77u);
  EXPECT_EQ(General().rip, Machine::kEntry + 6);
  state.rcx = 0x78;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  machine().Code({0xE6, kPort});
  cpu().Push(PioOut(kPort, 1, 2));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(cpu().regs.rcx, 0x78u);
}

// The kernel has more to say of the packet's instruction when it finishes it: here the end of a
// step.
TEST_F(VcpuDebug, WhatFollowsThePacketOfAnInstructionIsNotLost) {
  Shows("DEBUG-7 DEBUG-13 DEBUG-20 DEBUG-31 DEBUG-33");
  machine().CodeAt(Machine::kEntry, {0xE6, kPort, 0xE6, kPort});
  for (const bool said_anew : {false, true}) {
    ASSERT_EQ(SetDebug(Flags(ZIRCON_KVM_DEBUG_STEP)), ZX_OK);
    cpu().Push([](FakeVcpu& vcpu) {
      vcpu.regs.rip = Machine::kEntry;
      const int exit = PioOut(kPort, 1, 2)(vcpu);
      vcpu.CompleteWith([](FakeVcpu& again) {
        again.regs.rip = Machine::kEntry + 2;
        return DebugStop(1, kStepDr6)(again);
      });
      return exit;
    });
    ASSERT_EQ(machine().Enter(), ZX_OK);
    ASSERT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
    const zircon_kvm_general_registers_t general = General();
    EXPECT_EQ(general.rip, Machine::kEntry + 2);
    if (said_anew) {
      ASSERT_EQ(SetDebug(Flags(0)), ZX_OK);
      EXPECT_EQ(Write(ZIRCON_KVM_REGISTERS_GENERAL, general), ZX_OK);
      cpu().Push(PioOut(kPort, 1, 2));
      ASSERT_EQ(machine().Enter(), ZX_OK);
      EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
    } else {
      EXPECT_EQ(Write(ZIRCON_KVM_REGISTERS_GENERAL, general), ZX_ERR_BAD_STATE);
      EXPECT_EQ(zircon_kvm_vcpu_write_msr(machine().vcpu, 0xC0000082, 0), ZX_ERR_BAD_STATE);
      ASSERT_EQ(machine().Enter(), ZX_OK);
      EXPECT_EQ(Stop().reasons, ZIRCON_KVM_STOP_STEP);
    }
  }
}

TEST_F(VcpuDebug, AKickAndInterruptsStay) {
  Shows("DEBUG-13 DEBUG-17");
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, kVector), ZX_OK);
  ASSERT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  zircon_kvm_events_t events = {};
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(Read(ZIRCON_KVM_REGISTERS_EVENTS, &events), ZX_OK);
    EXPECT_EQ(events.pending[1], uint64_t{1} << (kVector - 64));
    EXPECT_EQ(events.interrupt, 0);
  }
  EXPECT_TRUE(cpu().deliveries().empty());
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  zircon_kvm_general_registers_t general = General();
  general.rflags |= kInterruptFlag;
  ASSERT_EQ(Write(ZIRCON_KVM_REGISTERS_GENERAL, general), ZX_OK);
  machine().Code({0xE6, kPort});
  cpu().Push(PioOut(kPort, 1, 2));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(cpu().deliveries().size(), 1u);
  EXPECT_EQ(cpu().deliveries()[0].vector, kVector);
}

TEST_F(VcpuDebug, SystemRegisters) {
  Shows("DEBUG-12 DEBUG-15");
  zircon_kvm_system_registers_t system = {};
  ASSERT_EQ(Read(ZIRCON_KVM_REGISTERS_SYSTEM, &system), ZX_OK);
  EXPECT_EQ(system.cr0, 0x80010011u);
  EXPECT_EQ(system.efer, 0xD01u);
  EXPECT_EQ(system.cs.attributes, 0x209F);  // present, code, 64-bit
  EXPECT_EQ(system.gdt_limit, 0xFFFFu);
  EXPECT_EQ(system.xcr0, cpu().xcr0);
  EXPECT_EQ(system.apic_base, cpu().sregs.apic_base);
  const kvm_sregs before = cpu().sregs;
  ASSERT_EQ(Write(ZIRCON_KVM_REGISTERS_SYSTEM, system), ZX_OK);
  EXPECT_EQ(memcmp(&before, &cpu().sregs, sizeof(before)), 0);
  system.cr3 = 0x5000;
  system.gs.base = 0xFFFF800000001000;
  system.apic_base = 0;
  system.xcr0 = 0;
  ASSERT_EQ(Write(ZIRCON_KVM_REGISTERS_SYSTEM, system), ZX_OK);
  EXPECT_EQ(cpu().sregs.cr3, 0x5000u);
  EXPECT_EQ(cpu().sregs.gs.base, 0xFFFF800000001000u);
  EXPECT_EQ(cpu().sregs.apic_base, before.apic_base);
  // A segment that is not present cannot be used.
  EXPECT_EQ(cpu().sregs.fs.unusable, 0);
  system.fs.attributes &= 0xFF7F;
  ASSERT_EQ(Write(ZIRCON_KVM_REGISTERS_SYSTEM, system), ZX_OK);
  EXPECT_EQ(cpu().sregs.fs.present, 0);
  EXPECT_EQ(cpu().sregs.fs.unusable, 1);
  EXPECT_EQ(cpu().sregs.gs.unusable, 0);
}

TEST_F(VcpuDebug, WhatTheKernelRefusesChangesNothing) {
  Shows("DEBUG-8 DEBUG-22");
  zircon_kvm_system_registers_t system = {};
  ASSERT_EQ(Read(ZIRCON_KVM_REGISTERS_SYSTEM, &system), ZX_OK);
  const kvm_sregs before = cpu().sregs;
  system.cr0 = 1;
  machine().kernel.Fail(KVM_SET_SREGS, EINVAL);
  EXPECT_EQ(Write(ZIRCON_KVM_REGISTERS_SYSTEM, system), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(memcmp(&before, &cpu().sregs, sizeof(before)), 0);
  ASSERT_EQ(Read(ZIRCON_KVM_REGISTERS_SYSTEM, &system), ZX_OK);
  EXPECT_EQ(system.cr0, 0x80010011u);
  machine().kernel.Fail(KVM_SET_MSRS, EINVAL);
  EXPECT_EQ(zircon_kvm_vcpu_write_msr(machine().vcpu, 0xC0000082, 1), ZX_ERR_INVALID_ARGS);
}

TEST_F(VcpuDebug, DebugVectorAndApicRegisters) {
  Shows("DEBUG-12 DEBUG-14");
  zircon_kvm_debug_registers_t debug = {};
  debug.dr[3] = 0x1234;
  debug.dr6 = 0xFFFF0FF0;
  debug.dr7 = 0x400;
  ASSERT_EQ(Write(ZIRCON_KVM_REGISTERS_DEBUG, debug), ZX_OK);
  EXPECT_EQ(cpu().debugregs.db[3], 0x1234u);
  zircon_kvm_debug_registers_t read = {};
  ASSERT_EQ(Read(ZIRCON_KVM_REGISTERS_DEBUG, &read), ZX_OK);
  EXPECT_EQ(memcmp(&debug, &read, sizeof(read)), 0);

  zircon_kvm_vector_registers_t vector = {};
  vector.xsave[160] = 0x5A;  // XMM0
  vector.xsave[512] = 3;     // XSTATE_BV
  ASSERT_EQ(Write(ZIRCON_KVM_REGISTERS_VECTOR, vector), ZX_OK);
  struct {
    zircon_kvm_vector_registers_t registers;
    uint8_t more[300];
  } grown;
  memset(&grown, 0xEE, sizeof(grown));
  ASSERT_EQ(Read(ZIRCON_KVM_REGISTERS_VECTOR, &grown), ZX_OK);
  EXPECT_EQ(memcmp(&grown.registers, &vector, sizeof(vector)), 0);
  for (const uint8_t byte : grown.more) EXPECT_EQ(byte, 0);

  zircon_kvm_apic_registers_t apic = {};
  ASSERT_EQ(Read(ZIRCON_KVM_REGISTERS_APIC, &apic), ZX_OK);
  EXPECT_EQ(apic.id, 0u);
  EXPECT_EQ(apic.lvt_timer, 0x10000u);
  EXPECT_EQ(apic.timer_deadline, UINT64_MAX);
}

TEST_F(VcpuDebug, MachineRegisters) {
  Shows("DEBUG-18 DEBUG-19 DEBUG-20 DEBUG-21 DEBUG-23 DEBUG-24");
  constexpr uint32_t kLstar = 0xC0000082;
  const zx_handle_t vcpu = machine().vcpu;
  uint64_t value = 0;
  ASSERT_EQ(zircon_kvm_vcpu_write_msr(vcpu, kLstar, 0xFFFFFFFF81000000), ZX_OK);
  EXPECT_EQ(cpu().msrs[kLstar], 0xFFFFFFFF81000000u);
  ASSERT_EQ(zircon_kvm_vcpu_read_msr(vcpu, kLstar, &value), ZX_OK);
  EXPECT_EQ(value, 0xFFFFFFFF81000000u);
  // Those that the library has for the guest.
  ASSERT_EQ(zircon_kvm_vcpu_read_msr(vcpu, 0x803, &value), ZX_OK);
  EXPECT_EQ(value, 0x60015u);
  ASSERT_EQ(zircon_kvm_vcpu_read_msr(vcpu, 0x1B, &value), ZX_OK);
  EXPECT_EQ(value, 0xFEE00D00u);
  for (const uint32_t index : {0x803u, 0x1Bu, 0x12345u, 0x4B564D01u}) {
    EXPECT_EQ(zircon_kvm_vcpu_write_msr(vcpu, index, 0), ZX_ERR_NOT_SUPPORTED) << index;
  }
  for (const uint32_t index : {0x12345u, 0x4B564D01u, 0x80Bu}) {
    EXPECT_EQ(zircon_kvm_vcpu_read_msr(vcpu, index, &value), ZX_ERR_NOT_SUPPORTED) << index;
  }
  EXPECT_EQ(zircon_kvm_vcpu_read_msr(vcpu, kLstar, nullptr), ZX_ERR_INVALID_ARGS);
  // One that this host's KVM does not have.
  machine().kernel.host().unknown_msrs.insert(kLstar);
  value = 77;
  EXPECT_EQ(zircon_kvm_vcpu_read_msr(vcpu, kLstar, &value), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(value, 77u);
  EXPECT_EQ(zircon_kvm_vcpu_write_msr(vcpu, kLstar, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zircon_kvm_vcpu_read_msr(machine().guest, kLstar, &value), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zircon_kvm_vcpu_write_msr(ZX_HANDLE_INVALID, kLstar, 0), ZX_ERR_BAD_HANDLE);
  std::thread([&] {
    EXPECT_EQ(zircon_kvm_vcpu_read_msr(vcpu, kLstar, &value), ZX_ERR_BAD_STATE);
    EXPECT_EQ(zircon_kvm_vcpu_write_msr(vcpu, kLstar, 0), ZX_ERR_BAD_STATE);
  }).join();
}

TEST_F(VcpuDebug, AfterATripleFault) {
  Shows("DEBUG-7 DEBUG-16 DEBUG-20 VCPU-ENTER-16");
  cpu().Push(Do([](FakeVcpu& vcpu) { vcpu.regs.rip = 0x4444; }));
  cpu().Push(fake::ExitWith(KVM_EXIT_SHUTDOWN));
  ASSERT_EQ(machine().Enter(), ZX_ERR_NOT_SUPPORTED);
  const uint64_t runs = cpu().runs();
  EXPECT_EQ(General().rip, 0x4444u);
  zircon_kvm_system_registers_t system = {};
  EXPECT_EQ(Read(ZIRCON_KVM_REGISTERS_SYSTEM, &system), ZX_OK);
  EXPECT_EQ(system.cr0, 0x80010011u);
  zircon_kvm_events_t events = {};
  EXPECT_EQ(Read(ZIRCON_KVM_REGISTERS_EVENTS, &events), ZX_OK);
  EXPECT_EQ(Write(ZIRCON_KVM_REGISTERS_GENERAL, General()), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zircon_kvm_vcpu_write_msr(machine().vcpu, 0xC0000082, 0), ZX_ERR_BAD_STATE);
  EXPECT_EQ(cpu().runs(), runs);
}

TEST_F(VcpuDebug, SetDebugErrorsInOrder) {
  Shows("DEBUG-25 DEBUG-26 DEBUG-27 DEBUG-28 DEBUG-29 DEBUG-30");
  const zircon_kvm_debug_t off = {};
  EXPECT_EQ(zircon_kvm_vcpu_set_debug(machine().guest, nullptr, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zircon_kvm_vcpu_set_debug(machine().vcpu, nullptr, 71), ZX_ERR_BUFFER_TOO_SMALL);
  std::thread([&] {
    EXPECT_EQ(zircon_kvm_vcpu_set_debug(machine().vcpu, nullptr, 72), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(SetDebug(Flags(8)), ZX_ERR_BAD_STATE);
  }).join();
  EXPECT_EQ(SetDebug(Flags(8)), ZX_ERR_INVALID_ARGS);
  struct {
    zircon_kvm_breakpoint_t breakpoint;
    zx_status_t status;
  } const kCases[] = {
      {{0x1001, ZIRCON_KVM_BREAKPOINT_EXECUTE, 1}, ZX_OK},
      {{0x1000, ZIRCON_KVM_BREAKPOINT_EXECUTE, 2}, ZX_ERR_INVALID_ARGS},
      {{0x1002, ZIRCON_KVM_BREAKPOINT_WRITE, 2}, ZX_OK},
      {{0x1001, ZIRCON_KVM_BREAKPOINT_WRITE, 2}, ZX_ERR_INVALID_ARGS},
      {{0x1008, ZIRCON_KVM_BREAKPOINT_ACCESS, 8}, ZX_OK},
      {{0x1004, ZIRCON_KVM_BREAKPOINT_ACCESS, 8}, ZX_ERR_INVALID_ARGS},
      {{0x1000, ZIRCON_KVM_BREAKPOINT_ACCESS, 0}, ZX_ERR_INVALID_ARGS},
      {{0x1000, ZIRCON_KVM_BREAKPOINT_ACCESS, 3}, ZX_ERR_INVALID_ARGS},
      {{0x1000, 4, 1}, ZX_ERR_INVALID_ARGS},
      {{0x1001, ZIRCON_KVM_BREAKPOINT_OFF, 77}, ZX_OK},
  };
  for (const auto& c : kCases) {
    zircon_kvm_debug_t debug = {};
    debug.breakpoints[2] = c.breakpoint;
    EXPECT_EQ(SetDebug(debug), c.status) << c.breakpoint.kind << " " << c.breakpoint.size;
  }
  machine().kernel.Fail(KVM_SET_GUEST_DEBUG, EINVAL);
  EXPECT_EQ(SetDebug(off), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(SetDebug(off), ZX_OK);
}

TEST_F(VcpuDebug, BreakpointsAreTheProcessors) {
  Shows("DEBUG-31 DEBUG-35");
  zircon_kvm_debug_t debug = {};
  debug.breakpoints[0] = {0xFFFFFFFF81000000, ZIRCON_KVM_BREAKPOINT_EXECUTE, 1};
  debug.breakpoints[1] = {0x2000, ZIRCON_KVM_BREAKPOINT_WRITE, 2};
  debug.breakpoints[2] = {0x3000, ZIRCON_KVM_BREAKPOINT_ACCESS, 4};
  debug.breakpoints[3] = {0x4000, ZIRCON_KVM_BREAKPOINT_ACCESS, 8};
  ASSERT_EQ(SetDebug(debug), ZX_OK);
  EXPECT_EQ(cpu().guest_debug.control, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP);
  EXPECT_EQ(cpu().guest_debug.arch.debugreg[0], 0xFFFFFFFF81000000u);
  // G0 to G3, GE; R/W and LEN of each.
  EXPECT_EQ(cpu().guest_debug.arch.debugreg[7], 0xBF50'06AAu);
  cpu().Push(DebugStop(1, 0xFFFF0FF0 | 4));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(Stop().reasons, ZIRCON_KVM_STOP_HARDWARE(2));
  EXPECT_EQ(Stop().address, cpu().regs.rip);
  // What DR6 says of one that is off is old.
  debug.breakpoints[2].kind = ZIRCON_KVM_BREAKPOINT_OFF;
  ASSERT_EQ(SetDebug(debug), ZX_OK);
  cpu().Push(DebugStop(1, 0xFFFF0FF0 | 5));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(Stop().reasons, ZIRCON_KVM_STOP_HARDWARE(0));
}

TEST_F(VcpuDebug, StepsAndSoftwareBreakpoints) {
  Shows("DEBUG-32 DEBUG-33 DEBUG-34 VCPU-ENTER-9");
  ASSERT_EQ(SetDebug(Flags(ZIRCON_KVM_DEBUG_STEP | ZIRCON_KVM_DEBUG_BREAKPOINTS)), ZX_OK);
  EXPECT_EQ(cpu().guest_debug.control,
            KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_SW_BP);
  cpu().Push(Do([](FakeVcpu& vcpu) { ++vcpu.regs.rip; }));
  cpu().Push(DebugStop(1, 0xFFFF0FF0 | kStepDr6));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(Stop().reasons, ZIRCON_KVM_STOP_STEP);
  EXPECT_EQ(Stop().address, Machine::kEntry + 1);
  cpu().Push(DebugStop(3, 0));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(Stop().reasons, ZIRCON_KVM_STOP_BREAKPOINT);
  ASSERT_EQ(SetDebug(Flags(0)), ZX_OK);
  EXPECT_EQ(cpu().guest_debug.control, 0u);
}

// KVM forgets a step when it is given registers with another RIP.
TEST_F(VcpuDebug, AStepGoesOnWhateverIsWrittenMeanwhile) {
  Shows("DEBUG-33");
  constexpr uint32_t kStepping = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
  ASSERT_EQ(SetDebug(Flags(ZIRCON_KVM_DEBUG_STEP)), ZX_OK);
  const auto step = [&] {
    cpu().Push(Do([](FakeVcpu& vcpu) { ++vcpu.regs.rip; }));
    cpu().Push(DebugStop(1, 0xFFFF0FF0 | kStepDr6));
    ASSERT_EQ(machine().Enter(), ZX_OK);
    EXPECT_EQ(cpu().guest_debug.control, kStepping);
  };
  step();
  zx_vcpu_state_t state = machine().State();
  state.rcx = 5;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  step();
  zircon_kvm_general_registers_t general = General();
  general.rip += 0x10;
  ASSERT_EQ(Write(ZIRCON_KVM_REGISTERS_GENERAL, general), ZX_OK);
  step();
  // The library's own: a store that is refused stands at its instruction again.
  machine().CodeAt(Machine::kEntry - 16, std::vector<uint8_t>(64, 0x90));
  machine().CodeAt(Machine::kEntry + 1, {0x89, 0x03});
  cpu().Push(Do([](FakeVcpu& vcpu) {
    vcpu.regs.rip = Machine::kEntry + 1;
    vcpu.regs.rbx = Machine::kDeviceAddress + 0x100000;
  }));
  cpu().Push(DebugStop(1, 0xFFFF0FF0 | kStepDr6));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  cpu().Push([](FakeVcpu& vcpu) {
    return fake::MmioWrite(Machine::kDeviceAddress + 0x100000, vcpu.regs.rax, 4, 2)(vcpu);
  });
  ASSERT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(General().rip, Machine::kEntry + 1);
  step();
  // add (%rbx), %eax from a device: finished by the kernel, with the registers that the VMM wants.
  machine().Code({0x03, 0x03, 0x90, 0x90});
  state = machine().State();
  state.rbx = Machine::kDeviceAddress;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  cpu().Push(fake::MmioReadThen(Machine::kDeviceAddress, 4, 2,
                                [](FakeVcpu&, uint64_t) { return fake::kGoOn; }));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(packet().type, ZX_PKT_TYPE_GUEST_MEM);
  state = machine().State();
  state.rax = 0x99;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  step();
  EXPECT_EQ(cpu().regs.rax, 0x99u);
}

TEST_F(VcpuDebug, HeldEventsWait) {
  Shows("DEBUG-36");
  cpu().regs.rflags |= kInterruptFlag;
  zircon_kvm_general_registers_t general = General();
  general.rflags |= kInterruptFlag;
  ASSERT_EQ(Write(ZIRCON_KVM_REGISTERS_GENERAL, general), ZX_OK);
  ASSERT_EQ(SetDebug(Flags(ZIRCON_KVM_DEBUG_STEP | ZIRCON_KVM_DEBUG_HOLD_EVENTS)), ZX_OK);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, kVector), ZX_OK);
  for (int i = 0; i < 3; ++i) {
    cpu().Push(DebugStop(1, 0xFFFF0FF0 | kStepDr6));
    ASSERT_EQ(machine().Enter(), ZX_OK);
    EXPECT_EQ(Stop().reasons, ZIRCON_KVM_STOP_STEP);
    EXPECT_TRUE(cpu().deliveries().empty());
    EXPECT_EQ(cpu().run().request_interrupt_window, 0);
  }
  ASSERT_EQ(SetDebug(Flags(0)), ZX_OK);
  machine().Code({0xE6, kPort});
  cpu().Push(PioOut(kPort, 1, 2));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(cpu().deliveries().size(), 1u);
  EXPECT_EQ(cpu().deliveries()[0].vector, kVector);
}

// The window that an interrupt has asked for before it was held would be an exit for nothing, again
// and again.
TEST_F(VcpuDebug, HeldEventsAskForNoWindow) {
  Shows("DEBUG-36");
  machine().Code({0xE6, kPort});
  const auto out = [](FakeVcpu& vcpu) {
    vcpu.regs.rip = Machine::kEntry;
    return PioOut(kPort, 1, 2)(vcpu);
  };
  cpu().Push(out);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, kVector), ZX_OK);
  cpu().Push(out);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(cpu().run().request_interrupt_window, 1) << "interrupts are closed";
  ASSERT_EQ(SetDebug(Flags(ZIRCON_KVM_DEBUG_HOLD_EVENTS)), ZX_OK);
  cpu().Push(out);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(cpu().run().request_interrupt_window, 0);
  ASSERT_EQ(SetDebug(Flags(0)), ZX_OK);
  cpu().Push(out);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(cpu().run().request_interrupt_window, 1) << "it is still to come";
}

TEST_F(VcpuDebug, NobodyStopsWhoHasNotAsked) {
  Shows("DEBUG-32 VCPU-ENTER-18");
  cpu().Push(DebugStop(1, kStepDr6));
  EXPECT_EQ(machine().Enter(), ZX_ERR_INTERNAL);
}

TEST_F(VcpuDebug, AnotherVcpuOfTheIdDoesNotHaveIt) {
  Shows("DEBUG-37");
  ASSERT_EQ(SetDebug(Flags(ZIRCON_KVM_DEBUG_STEP)), ZX_OK);
  zx_handle_close(machine().vcpu);
  ASSERT_EQ(zx_vcpu_create(machine().guest, 0, Machine::kEntry, &machine().vcpu), ZX_OK);
  EXPECT_EQ(cpu().guest_debug.control, 0u);
}

TEST_F(VcpuDebug, CostsNothingWhenItIsNotAskedFor) {
  Shows("DEBUG-38");
  machine().CodeAt(Machine::kEntry, {0xE6, kPort, 0xEB, 0xFC});
  for (int i = 0; i < 3; ++i) {
    cpu().Push(Do([](FakeVcpu& vcpu) { vcpu.regs.rip = Machine::kEntry; }));
    cpu().Push(PioOut(kPort, 1, 2));
    ASSERT_EQ(EnterWithRuns(1), ZX_OK);
  }
  EXPECT_EQ(machine().kernel.calls(KVM_SET_GUEST_DEBUG), 0u);
}

}  // namespace
}  // namespace zircon
