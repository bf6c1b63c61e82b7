// What a VMM does with a guest, from its creation to its end.

#include <zircon-kvm/debug.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>

#include <cstring>

#include "faults/guest_rig.h"
#include "faults/scenarios.h"

namespace zircon::faults {
namespace {

using fake::FakeVcpu;
using fake::Hlt;
using fake::MmioRead;
using fake::MmioWrite;
using fake::PioIn;
using fake::PioOut;
using fake::RdMsr;
using fake::WrMsr;

constexpr uint64_t kDevice = GuestRig::kDevices;
constexpr uint16_t kPort = GuestRig::kPort;
constexpr uint64_t kInterruptFlag = 1u << 9;

bool TrapPort(Run& run, GuestRig& rig) {
  return DO(run, ZX_OK,
            zx_guest_set_trap(rig.guest.get(), ZX_GUEST_TRAP_IO, kPort, 1, ZX_HANDLE_INVALID, 1));
}

// OUT of AL to the port that TrapPort() has trapped.
void PushOut(GuestRig& rig) { rig.At({0xE6, kPort}, PioOut(kPort, 1, 2)); }

// sti; hlt. What came before waits for it.
void PushHalt(GuestRig& rig) {
  rig.At({0xF4}, [](FakeVcpu& vcpu) {
    vcpu.regs.rflags |= kInterruptFlag;
    return Hlt()(vcpu);
  });
}

bool RunToOut(GuestRig& rig) {
  PushOut(rig);
  return rig.EnterToPacket(ZX_PKT_TYPE_GUEST_IO, kPort);
}

}  // namespace

// Two guests, one after the other: what could not be found out about the host for the first must be
// found out for the second.
void CreateGuests(Run& run) {
  for (int i = 0; i < 2; ++i) {
    GuestRig rig(run);
    if (!rig.MakeAll()) return;
    if (i == 0) continue;
    constexpr uint32_t kDeadlineTimer = 1u << 24;
    const kvm_cpuid_entry2* const features = fake::FindCpuid(rig.cpu().cpuid, 1);
    CHECK_THAT(run, features != nullptr && (features->ecx & kDeadlineTimer) != 0);
  }
  char words[256];
  if (!DO(run, ZX_OK, zircon_kvm_check(words, sizeof(words)))) return;
}

void RunToTraps(Run& run) {
  GuestRig rig(run);
  if (!rig.MakeAll() || !TrapPort(run, rig)) return;
  if (!DO(run, ZX_OK,
          zx_guest_set_trap(rig.guest.get(), ZX_GUEST_TRAP_MEM, kDevice, kPage, ZX_HANDLE_INVALID,
                            2))) {
    return;
  }
  if (!RunToOut(rig)) return;
  CHECK_THAT(run, rig.packet.key == 1);

  // in $port, %al; the answer is put into the register with the next enter.
  rig.At({0xE4, kPort}, PioIn(kPort, 1, 2));
  if (!rig.EnterToPacket(ZX_PKT_TYPE_GUEST_IO, kPort)) return;
  zx_vcpu_io_t answer = {};
  answer.access_size = 1;
  answer.u8 = 0x5A;
  if (!DO(run, ZX_OK, zx_vcpu_write_state(rig.vcpu.get(), ZX_VCPU_IO, &answer, sizeof(answer)))) {
    return;
  }
  if (!RunToOut(rig)) return;
  CHECK_THAT(run, rig.packet.guest_io.u8 == 0x5A);

  // mov %eax, (%rbx) and mov (%rbx), %ecx
  zx_vcpu_state_t state = {};
  state.rax = 0x12345678;
  state.rbx = kDevice;
  if (!DO(run, ZX_OK, zx_vcpu_write_state(rig.vcpu.get(), ZX_VCPU_STATE, &state, sizeof(state)))) {
    return;
  }
  rig.At({0x89, 0x03}, MmioWrite(kDevice, 0x12345678, 4, 2));
  if (!rig.EnterToPacket(ZX_PKT_TYPE_GUEST_MEM, kDevice)) return;
  rig.At({0x8B, 0x0B}, MmioRead(kDevice, 4, 2, {1, 4}));
  if (!rig.EnterToPacket(ZX_PKT_TYPE_GUEST_MEM, kDevice)) return;
  if (!DO(run, ZX_OK, zx_vcpu_read_state(rig.vcpu.get(), ZX_VCPU_STATE, &state, sizeof(state)))) {
    return;
  }
  state.rcx = 0x77;
  if (!DO(run, ZX_OK, zx_vcpu_write_state(rig.vcpu.get(), ZX_VCPU_STATE, &state, sizeof(state)))) {
    return;
  }
  if (!RunToOut(rig)) return;
  CHECK_THAT(run, rig.cpu().regs.rcx == 0x77);

  // Nothing is behind these.
  rig.StaysAt({0x89, 0x03}, MmioWrite(kDevice + kPage, 1, 4, 2));
  if (!rig.EnterToStatus(ZX_ERR_NOT_FOUND)) return;
  rig.StaysAt({0xE6, 0x61}, PioOut(0x61, 1, 2));
  if (!rig.EnterToStatus(ZX_ERR_NOT_FOUND)) return;
  rig.cpu().ForgetScript();
  if (!DO(run, ZX_OK, zx_vcpu_kick(rig.vcpu.get()))) return;
  if (!rig.EnterToStatus(ZX_ERR_CANCELED)) return;
  if (!RunToOut(rig)) return;
}

void RingBells(Run& run) {
  GuestRig rig(run);
  if (!rig.MakeAll() || !TrapPort(run, rig)) return;
  if (!DO(run, ZX_OK, zx_port_create(0, rig.port.put()))) return;
  if (!DO(run, ZX_OK,
          zx_guest_set_trap(rig.guest.get(), ZX_GUEST_TRAP_BELL, kDevice, kPage, rig.port.get(),
                            3))) {
    return;
  }
  rig.cpu().regs.rbx = kDevice + 8;
  for (int i = 0; i < 2; ++i) rig.At({0x89, 0x03}, MmioWrite(kDevice + 8, 1, 4, 2));
  PushOut(rig);
  zx_vcpu_state_t state = {};
  state.rbx = kDevice + 8;
  state.rax = 1;
  if (!DO(run, ZX_OK, zx_vcpu_write_state(rig.vcpu.get(), ZX_VCPU_STATE, &state, sizeof(state)))) {
    return;
  }
  if (!rig.EnterToPacket(ZX_PKT_TYPE_GUEST_IO, kPort)) return;
  for (int i = 0; i < 2; ++i) {
    zx_port_packet_t bell = {};
    if (!DO(run, ZX_OK, zx_port_wait(rig.port.get(), 0, &bell))) return;
    CHECK_THAT(run, bell.type == ZX_PKT_TYPE_GUEST_BELL && bell.key == 3);
    CHECK_THAT(run, bell.guest_bell.addr == kDevice + 8);
  }
  // The port goes before the trap.
  rig.port.Close();
  rig.At({0x89, 0x03}, MmioWrite(kDevice + 8, 1, 4, 2));
  if (!rig.EnterToStatus(ZX_ERR_BAD_STATE)) return;
  if (!RunToOut(rig)) return;
}

// Interrupts from outside, and the timer of the local APIC, which wakes a halted guest.
void Interrupt(Run& run) {
  constexpr uint32_t kVector = 0x40;
  GuestRig rig(run);
  if (!rig.MakeAll() || !TrapPort(run, rig)) return;
  if (!DO(run, ZX_OK, zx_vcpu_interrupt(rig.vcpu.get(), kVector))) return;
  rig.cpu().Push(fake::SetInterruptFlag(true));
  if (!RunToOut(rig)) return;
  CHECK_THAT(run, rig.cpu().deliveries().size() == 1);
  rig.cpu().ForgetDeliveries();

  constexpr uint32_t kTimerEntry = 0x832;
  constexpr uint32_t kInitialCount = 0x838;
  rig.cpu().Push(fake::SetInterruptFlag(false));
  rig.At({0x0F, 0x30}, WrMsr(kTimerEntry, kVector));
  rig.At({0x0F, 0x30}, WrMsr(kInitialCount, 1'000'000));
  PushHalt(rig);
  if (!RunToOut(rig)) return;
  CHECK_THAT(run, rig.cpu().deliveries().size() == 1);
  rig.cpu().ForgetDeliveries();
  // Once more, far off: the host's timer is armed while the guest runs, and then taken back.
  rig.At({0x0F, 0x30}, WrMsr(kInitialCount, 0xFFFFFFFF));
  if (!RunToOut(rig)) return;
  rig.At({0x0F, 0x30}, WrMsr(kInitialCount, 0));
  if (!RunToOut(rig)) return;
  CHECK_THAT(run, rig.cpu().deliveries().empty());
}

// Registers that the library emulates, and the para-virtual clock.
void UseMsrs(Run& run) {
  constexpr uint32_t kApicBase = 0x1B;
  constexpr uint32_t kWallClock = 0x4B564D00;
  constexpr uint32_t kSystemTime = 0x4B564D01;
  GuestRig rig(run);
  if (!rig.MakeAll() || !TrapPort(run, rig)) return;
  rig.At({0x0F, 0x32}, RdMsr(kApicBase));
  if (!RunToOut(rig)) return;
  CHECK_THAT(run, rig.cpu().regs.rax == 0xFEE00D00);
  rig.At({0x0F, 0x30}, WrMsr(kWallClock, 0x8000));
  if (!RunToOut(rig)) return;
  rig.At({0x0F, 0x30}, WrMsr(kSystemTime, 0x8000 | 1));
  if (!RunToOut(rig)) return;
}

// A VCPU with an id that was used before.
void ReuseVcpu(Run& run) {
  GuestRig rig(run);
  if (!rig.MakeAll() || !TrapPort(run, rig)) return;
  for (int i = 0; i < 3; ++i) {
    if (!RunToOut(rig)) return;
    rig.vcpu.Close();
    if (!rig.MakeVcpu()) return;
    CHECK_THAT(run, rig.cpu().regs.rax == 0 && rig.cpu().id() == 0);
  }
  if (!RunToOut(rig)) return;
}

// One processor: others wait in threads of their own, whose calls come when they like
// (tests/unit/kernel_interrupts_test.cc has those).
void UseKernelApics(Run& run) {
  GuestRig rig(run);
  if (!rig.MakeGuest()) return;
  if (!DO(run, ZX_OK,
          zircon_kvm_guest_set_interrupts(rig.guest.get(), ZIRCON_KVM_INTERRUPTS_KERNEL, 1))) {
    return;
  }
  CHECK_THAT(run, rig.vm().has_kernel_apics());
  if (!rig.MakeMemory() || !rig.MakeVcpu() || !TrapPort(run, rig)) return;
  if (!DO(run, ZX_OK, zx_vcpu_interrupt(rig.vcpu.get(), 0x40))) return;
  CHECK_THAT(run, rig.vm().messages().size() == 1);
  if (!RunToOut(rig)) return;
  zircon_kvm_apic_registers_t apic = {};
  if (!DO(run, ZX_OK,
          zircon_kvm_vcpu_read_registers(rig.vcpu.get(), ZIRCON_KVM_REGISTERS_APIC, &apic,
                                         sizeof(apic)))) {
    return;
  }
  rig.vcpu.Close();
  if (!rig.MakeVcpu() || !RunToOut(rig)) return;
}

// All registers, a step, and registers that are others afterwards.
void DebugVcpu(Run& run) {
  GuestRig rig(run);
  if (!rig.MakeAll() || !TrapPort(run, rig) || !RunToOut(rig)) return;
  const zx_handle_t vcpu = rig.vcpu.get();
  zircon_kvm_vector_registers_t any = {};
  for (uint32_t kind = 0; kind <= ZIRCON_KVM_REGISTERS_EVENTS; ++kind) {
    if (!DO(run, ZX_OK, zircon_kvm_vcpu_read_registers(vcpu, kind, &any, sizeof(any)))) return;
    if (kind >= ZIRCON_KVM_REGISTERS_APIC) continue;
    if (!DO(run, ZX_OK, zircon_kvm_vcpu_write_registers(vcpu, kind, &any, sizeof(any)))) return;
  }
  constexpr uint32_t kLstar = 0xC0000082;
  uint64_t value = 0;
  if (!DO(run, ZX_OK, zircon_kvm_vcpu_write_msr(vcpu, kLstar, 0x1000))) return;
  if (!DO(run, ZX_OK, zircon_kvm_vcpu_read_msr(vcpu, kLstar, &value))) return;
  CHECK_THAT(run, value == 0x1000);
  zircon_kvm_debug_t debug = {};
  debug.flags = ZIRCON_KVM_DEBUG_STEP;
  if (!DO(run, ZX_OK, zircon_kvm_vcpu_set_debug(vcpu, &debug, sizeof(debug)))) return;
  rig.cpu().Push(fake::DebugStop(1, 1u << 14));
  if (!DO(run, ZX_OK, zx_vcpu_enter(vcpu, &rig.packet))) return;
  CHECK_THAT(run, ZIRCON_KVM_PKT_IS_DEBUG(rig.packet.type));
  debug = {};
  if (!DO(run, ZX_OK, zircon_kvm_vcpu_set_debug(vcpu, &debug, sizeof(debug)))) return;
  if (!RunToOut(rig)) return;
}

}  // namespace zircon::faults
