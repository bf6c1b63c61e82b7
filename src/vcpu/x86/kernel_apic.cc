#include "vcpu/x86/kernel_apic.h"

#include <cstring>

#include "vcpu/x86/local_apic.h"

namespace zircon::vcpu::x86 {
namespace {

// Registers, by their place in the page.
constexpr size_t kTaskPriority = 0x80;
constexpr size_t kSpurious = 0xF0;
constexpr size_t kFirstInService = 0x100;
constexpr size_t kFirstRequest = 0x200;
constexpr size_t kErrorStatus = 0x280;
constexpr size_t kLvtCmci = 0x2F0;
constexpr size_t kIcr = 0x300;
constexpr size_t kIcrHigh = 0x310;
constexpr size_t kLvtTimer = 0x320;
constexpr size_t kLvtThermal = 0x330;
constexpr size_t kLvtPerf = 0x340;
constexpr size_t kLvtLint0 = 0x350;
constexpr size_t kLvtLint1 = 0x360;
constexpr size_t kLvtError = 0x370;
constexpr size_t kInitialCount = 0x380;
constexpr size_t kCurrentCount = 0x390;
constexpr size_t kDivide = 0x3E0;
constexpr size_t kRegisterDistance = 0x10;

constexpr uint32_t kSpuriousEnabled = 0x1FF;
constexpr uint32_t kMasked = 0x10000;
constexpr uint32_t kDeadlineMode = 2u << 17;
constexpr uint32_t kTscDeadline = 0x6E0;

uint32_t Get(const kvm_lapic_state& lapic, size_t place) {
  uint32_t value;
  std::memcpy(&value, lapic.regs + place, sizeof(value));
  return value;
}

void Set(kvm_lapic_state* lapic, size_t place, uint32_t value) {
  std::memcpy(lapic->regs + place, &value, sizeof(value));
}

}  // namespace

int ResetKernelApic(kvm::VcpuFd& fd) {
  // What is its own, as its id, stays.
  kvm_lapic_state lapic;
  int error = fd.GetLapic(&lapic);
  if (error != 0) return error;
  for (const size_t place :
       {kTaskPriority, kErrorStatus, kIcr, kIcrHigh, kInitialCount, kCurrentCount, kDivide}) {
    Set(&lapic, place, 0);
  }
  // In service, by level and requested, one behind the other.
  for (size_t place = kFirstInService; place < kErrorStatus; place += kRegisterDistance) {
    Set(&lapic, place, 0);
  }
  for (const size_t place :
       {kLvtCmci, kLvtTimer, kLvtThermal, kLvtPerf, kLvtLint0, kLvtLint1, kLvtError}) {
    Set(&lapic, place, kMasked);
  }
  Set(&lapic, kSpurious, kSpuriousEnabled);
  error = fd.SetLapic(lapic);
  return error == 0 ? fd.SetMpState(KVM_MP_STATE_RUNNABLE) : error;
}

int EndHalt(kvm::VcpuFd& fd) {
  uint32_t state = KVM_MP_STATE_RUNNABLE;
  const int error = fd.GetMpState(&state);
  if (error != 0 || state != KVM_MP_STATE_HALTED) return error;
  return fd.SetMpState(KVM_MP_STATE_RUNNABLE);
}

int TellKernelApic(kvm::VcpuFd& fd, zircon_kvm_apic_registers_t* to) {
  kvm_lapic_state lapic;
  const int error = fd.GetLapic(&lapic);
  if (error != 0) return error;
  to->lvt_timer = Get(lapic, kLvtTimer);
  to->initial_count = Get(lapic, kInitialCount);
  to->divisor = LocalApic::Divisor(Get(lapic, kDivide));
  // When a count ends only the kernel knows.
  to->timer_deadline = LocalApic::kNever;
  if ((to->lvt_timer & kDeadlineMode) == 0) return 0;
  uint64_t deadline = 0;
  const int unknown = fd.GetMsr(kTscDeadline, &deadline);
  if (deadline != 0) to->timer_deadline = deadline;
  return unknown;
}

int TellKernelApic(kvm::VcpuFd& fd, zircon_kvm_events_t* to) {
  kvm_lapic_state lapic;
  const int error = fd.GetLapic(&lapic);
  if (error != 0) return error;
  constexpr size_t kRegisters = 8;
  for (size_t i = 0; i < kRegisters; ++i) {
    const uint64_t word = Get(lapic, kFirstRequest + i * kRegisterDistance);
    to->pending[i / 2] |= word << (i % 2 * 32);
  }
  return 0;
}

}  // namespace zircon::vcpu::x86
