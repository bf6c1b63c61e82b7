#include "guest/x86/vm_setup.h"

#include "base/log.h"
#include "base/monotonic.h"

namespace zircon::guest::x86 {
namespace {

// The system time of guests is the host's monotonic time (contract PVCLOCK-2). Without this it
// counts from the creation of the machine: a guest can live with that.
void SetGuestClock(kvm::VmFd& vm) {
  const int error = vm.SetClock(static_cast<uint64_t>(base::MonotonicNow()));
  if (error != 0) LOG_INFO("the clock of a guest cannot be set (errno {}): it begins at 0", error);
}

constexpr kvm::MsrRange kDeadline = {0x6E0, 1};
// The end of interrupts by a flag in memory.
constexpr kvm::MsrRange kEndOfInterrupt = {0x4B564D04, 1};

}  // namespace

std::vector<kvm::MsrRange> DirectMsrsOf(const Host& host, Apics apics) {
  std::vector<kvm::MsrRange> direct = host.direct_msrs;
  if (apics == Apics::kKernel) direct.insert(direct.end(), {kDeadline, kEndOfInterrupt});
  return direct;
}

int UseKernelApics(kvm::VmFd& vm) {
  // No line of an I/O APIC: that is the VMM's, which sends messages.
  constexpr uint64_t kIoApicLines = 0;
  return vm.EnableCap(KVM_CAP_SPLIT_IRQCHIP, kIoApicLines);
}

int EnableTripleFaultEvents(kvm::VmFd& vm) {
  return vm.EnableCap(KVM_CAP_X86_TRIPLE_FAULT_EVENT, 1);
}

int OpenKernelApicMsrs(kvm::VmFd& vm, const Host& host) {
  return vm.SetMsrFilter(DirectMsrsOf(host, Apics::kKernel));
}

int EnableMsrExits(kvm::VmFd& vm, const Host& host) {
  // INVAL: x2APIC registers, which no filter covers, without an in-kernel APIC.
  const int error = vm.EnableCap(KVM_CAP_X86_USER_SPACE_MSR, KVM_MSR_EXIT_REASON_INVAL |
                                                                 KVM_MSR_EXIT_REASON_UNKNOWN |
                                                                 KVM_MSR_EXIT_REASON_FILTER);
  if (error != 0) return error;
  return vm.SetMsrFilter(host.direct_msrs);
}

int SetUpVm(kvm::VmFd& vm, const Host& host) {
  SetGuestClock(vm);
  const int error = EnableMsrExits(vm, host);
  if (error != 0) return error;
  if (host.exit_on_emulation_failure) {
    // Else KVM turns an instruction it cannot emulate at CPL 3 into a #UD that we never see.
    return vm.EnableCap(KVM_CAP_EXIT_ON_EMULATION_FAILURE, 1);
  }
  return 0;
}

}  // namespace zircon::guest::x86
