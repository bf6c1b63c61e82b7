#include "vcpu/x86/kernel_apic.h"

#include <cstring>

#include "vcpu/x86/local_apic.h"

namespace zircon::vcpu::x86 {
namespace {

// Registers, by their place in the page.
constexpr size_t kPageTaskPriority = 0x80;
constexpr size_t kPageSpurious = 0xF0;
constexpr size_t kPageFirstInService = 0x100;
constexpr size_t kPageFirstRequest = 0x200;
constexpr size_t kPageErrorStatus = 0x280;
constexpr size_t kPageLvtCmci = 0x2F0;
constexpr size_t kPageIcr = 0x300;
constexpr size_t kPageIcrHigh = 0x310;
constexpr size_t kPageLvtTimer = 0x320;
constexpr size_t kPageLvtThermal = 0x330;
constexpr size_t kPageLvtPerf = 0x340;
constexpr size_t kPageLvtLint0 = 0x350;
constexpr size_t kPageLvtLint1 = 0x360;
constexpr size_t kPageLvtError = 0x370;
constexpr size_t kPageInitialCount = 0x380;
constexpr size_t kPageCurrentCount = 0x390;
constexpr size_t kPageDivide = 0x3E0;
constexpr size_t kPageRegisterDistance = 0x10;

constexpr uint32_t kSpuriousEnabled = 0x1FF;
constexpr uint32_t kLvtMasked = 0x10000;
constexpr uint32_t kLvtDeadlineMode = 2u << 17;
constexpr uint32_t kMsrTscDeadline = 0x6E0;

uint32_t PageRegister(const kvm_lapic_state& lapic, size_t place) {
  uint32_t value;
  std::memcpy(&value, lapic.regs + place, sizeof(value));
  return value;
}

void SetPageRegister(kvm_lapic_state* lapic, size_t place, uint32_t value) {
  std::memcpy(lapic->regs + place, &value, sizeof(value));
}

}  // namespace

int ResetKernelApic(kvm::VcpuFd& fd) {
  // What is its own, as its id, stays.
  kvm_lapic_state lapic;
  int error = fd.GetLapic(&lapic);
  if (error != 0) return error;
  for (const size_t place : {kPageTaskPriority, kPageErrorStatus, kPageIcr, kPageIcrHigh,
                             kPageInitialCount, kPageCurrentCount, kPageDivide}) {
    SetPageRegister(&lapic, place, 0);
  }
  // In service, by level and requested, one behind the other.
  for (size_t place = kPageFirstInService; place < kPageErrorStatus;
       place += kPageRegisterDistance) {
    SetPageRegister(&lapic, place, 0);
  }
  for (const size_t place : {kPageLvtCmci, kPageLvtTimer, kPageLvtThermal, kPageLvtPerf,
                             kPageLvtLint0, kPageLvtLint1, kPageLvtError}) {
    SetPageRegister(&lapic, place, kLvtMasked);
  }
  SetPageRegister(&lapic, kPageSpurious, kSpuriousEnabled);
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
  to->lvt_timer = PageRegister(lapic, kPageLvtTimer);
  to->initial_count = PageRegister(lapic, kPageInitialCount);
  to->divisor = LocalApic::Divisor(PageRegister(lapic, kPageDivide));
  // When a count ends only the kernel knows.
  to->timer_deadline = LocalApic::kNever;
  if ((to->lvt_timer & kLvtDeadlineMode) == 0) return 0;
  uint64_t deadline = 0;
  const int unknown = fd.GetMsr(kMsrTscDeadline, &deadline);
  if (deadline != 0) to->timer_deadline = deadline;
  return unknown;
}

int TellKernelApic(kvm::VcpuFd& fd, zircon_kvm_events_t* to) {
  kvm_lapic_state lapic;
  const int error = fd.GetLapic(&lapic);
  if (error != 0) return error;
  constexpr size_t kRegisters = 8;
  for (size_t i = 0; i < kRegisters; ++i) {
    const uint64_t word = PageRegister(lapic, kPageFirstRequest + i * kPageRegisterDistance);
    to->pending[i / 2] |= word << (i % 2 * 32);
  }
  return 0;
}

}  // namespace zircon::vcpu::x86
