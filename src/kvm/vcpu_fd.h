// VcpuFd: one VCPU of the kernel and its kvm_run page. Thin: one function an ioctl.
//
// Ownership: unmaps the page and closes the descriptor when it goes.
// Errors are errno values, 0 for none. Thread safety: one thread at a time; the page's
// immediate_exit byte may also be set by a signal handler of that thread.

#pragma once

#include <cstdint>
#include <span>

#include "kvm/kernel.h"
#include "kvm/kvm_abi.h"
#include "kvm/vcpu_run.h"

namespace zircon::kvm {

class VcpuFd {
 public:
  VcpuFd(Kernel& kernel, size_t run_size);
  ~VcpuFd();
  VcpuFd(const VcpuFd&) = delete;
  VcpuFd& operator=(const VcpuFd&) = delete;

  // Takes the descriptor of a VCPU that the kernel has made.
  void Adopt(int fd);
  // Maps the run page, unless it is there. A VCPU without one is good for nothing else.
  [[nodiscard]] int MapRun();

  kvm_run& run() { return *run_; }
  const kvm_run& run() const { return *run_; }

  // KVM_RUN, as of kvm/vcpu_run.h; also for who keeps that.
  [[nodiscard]] int Run() { return runner().Run(); }
  VcpuRun runner() { return {run_, fd_, kernel_}; }

  [[nodiscard]] int SetRegs(const kvm_regs& regs);
  [[nodiscard]] int GetSregs(kvm_sregs* sregs);
  [[nodiscard]] int SetSregs(const kvm_sregs& sregs);
  [[nodiscard]] int GetXcr0(uint64_t* value);
  [[nodiscard]] int SetXcr0(uint64_t value);
  // ENOTTY where the kernel does not have it (before Linux 5.14).
  [[nodiscard]] int GetSregs2(kvm_sregs2* sregs);
  [[nodiscard]] int GetFpu(kvm_fpu* fpu);
  [[nodiscard]] int SetFpu(const kvm_fpu& fpu);
  [[nodiscard]] int GetXsave(kvm_xsave* xsave);
  [[nodiscard]] int SetXsave(const kvm_xsave& xsave);
  [[nodiscard]] int GetDebugRegs(kvm_debugregs* debugregs);
  [[nodiscard]] int SetDebugRegs(const kvm_debugregs& debugregs);
  [[nodiscard]] int GetEvents(kvm_vcpu_events* events);
  [[nodiscard]] int SetEvents(const kvm_vcpu_events& events);
  [[nodiscard]] int SetCpuid(std::span<const kvm_cpuid_entry2> entries);
  // What steps and breakpoints stop the VCPU. EINVAL where the kernel has not all of it.
  [[nodiscard]] int SetGuestDebug(const kvm_guest_debug& debug);
  // EINVAL when the kernel does not have the MSR.
  [[nodiscard]] int GetMsr(uint32_t index, uint64_t* value);
  // EINVAL when the kernel refuses the MSR or its value.
  [[nodiscard]] int SetMsr(uint32_t index, uint64_t value);
  // As many of `entries` as the kernel takes; stops at the first it refuses (*taken says how many).
  [[nodiscard]] int SetMsrs(std::span<const kvm_msr_entry> entries, size_t* taken);
  // Where the kernel has the local APIC: its registers, and whether the VCPU runs, halts or waits
  // to be started (KVM_MP_STATE_*).
  [[nodiscard]] int GetLapic(kvm_lapic_state* lapic);
  [[nodiscard]] int SetLapic(const kvm_lapic_state& lapic);
  [[nodiscard]] int GetMpState(uint32_t* state);
  [[nodiscard]] int SetMpState(uint32_t state);
  [[nodiscard]] int EnableCap(uint32_t capability, uint64_t argument);
  [[nodiscard]] int SetTscOffset(uint64_t offset);
  [[nodiscard]] int TscKhz(uint32_t* khz);

 private:
  int Call(unsigned long request, const void* argument);

  Kernel& kernel_;
  int fd_ = -1;
  kvm_run* run_ = nullptr;
  const size_t run_size_;
};

}  // namespace zircon::kvm
