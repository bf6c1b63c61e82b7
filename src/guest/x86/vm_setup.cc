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

}  // namespace

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
