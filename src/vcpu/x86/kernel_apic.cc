#include "vcpu/x86/kernel_apic.h"

#include <cstring>

#include "vcpu/x86/apic_registers.h"
#include "vcpu/x86/local_apic.h"

namespace zircon::vcpu::x86 {
namespace {

constexpr uint32_t kSpuriousEnabled = 0x1FF;

uint32_t PageRegister(const kvm_lapic_state& lapic, uint32_t msr) {
  uint32_t value;
  std::memcpy(&value, lapic.regs + apic::PlaceOf(msr), sizeof(value));
  return value;
}

void SetPageRegister(kvm_lapic_state* lapic, uint32_t msr, uint32_t value) {
  std::memcpy(lapic->regs + apic::PlaceOf(msr), &value, sizeof(value));
}

}  // namespace

int ResetKernelApic(kvm::VcpuFd& fd) {
  // What is its own, as its id, stays.
  kvm_lapic_state lapic;
  int error = fd.GetLapic(&lapic);
  if (error != 0) return error;
  for (const uint32_t msr : {apic::kTpr, apic::kEsr, apic::kIcr, apic::kIcrHigh,
                             apic::kInitialCount, apic::kCurrentCount, apic::kDivide}) {
    SetPageRegister(&lapic, msr, 0);
  }
  // In service, by level and requested, one behind the other.
  for (uint32_t msr = apic::kIsrFirst; msr <= apic::kIrrLast; ++msr) {
    SetPageRegister(&lapic, msr, 0);
  }
  for (const uint32_t msr : {apic::kLvtCmci, apic::kLvtTimer, apic::kLvtThermal, apic::kLvtPerf,
                             apic::kLvtLint0, apic::kLvtLint1, apic::kLvtError}) {
    SetPageRegister(&lapic, msr, apic::kLvtMasked);
  }
  SetPageRegister(&lapic, apic::kSvr, kSpuriousEnabled);
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
  to->lvt_timer = PageRegister(lapic, apic::kLvtTimer);
  to->initial_count = PageRegister(lapic, apic::kInitialCount);
  to->divisor = LocalApic::Divisor(PageRegister(lapic, apic::kDivide));
  // When a count ends only the kernel knows.
  to->timer_deadline = LocalApic::kNever;
  if (apic::TimerModeOf(to->lvt_timer) != apic::kDeadlineMode) return 0;
  uint64_t deadline = 0;
  const int unknown = fd.GetMsr(apic::kTscDeadline, &deadline);
  if (deadline != 0) to->timer_deadline = deadline;
  return unknown;
}

int TellKernelApic(kvm::VcpuFd& fd, zircon_kvm_events_t* to) {
  kvm_lapic_state lapic;
  const int error = fd.GetLapic(&lapic);
  if (error != 0) return error;
  constexpr uint32_t kRegisters = apic::kIrrLast + 1 - apic::kIrrFirst;
  for (uint32_t i = 0; i < kRegisters; ++i) {
    const uint64_t word = PageRegister(lapic, apic::kIrrFirst + i);
    to->pending[i / 2] |= word << (i % 2 * 32);
  }
  return 0;
}

}  // namespace zircon::vcpu::x86
