#include "guest/x86/vm_setup.h"

#include "base/log.h"
#include "base/monotonic.h"

namespace zircon::guest::x86 {
namespace {

// The MSRs that are the processor's own business (contract MSR-DIRECT). A write that KVM would
// refuse among them is a #GP in the guest, as on hardware.
constexpr kvm::MsrRange kDirectMsrs[] = {
    {0x174, 3},       // SYSENTER_CS, _ESP, _EIP
    {0x277, 1},       // PAT
    {0xC0000080, 3},  // EFER, STAR, LSTAR
    {0xC0000084, 1},  // FMASK
    {0xC0000100, 4},  // FS_BASE, GS_BASE, KERNEL_GS_BASE, TSC_AUX
};

// The system time of guests is the host's monotonic time (contract PVCLOCK-2). Without this it
// counts from the creation of the machine: a guest can live with that.
void SetGuestClock(kvm::VmFd& vm) {
  const int error = vm.SetClock(static_cast<uint64_t>(base::MonotonicNow()));
  if (error != 0) LOG_INFO("the clock of a guest cannot be set (errno {}): it begins at 0", error);
}

}  // namespace

int EnableMsrExits(kvm::VmFd& vm) {
  // INVAL: x2APIC registers, which no filter covers, without an in-kernel APIC.
  const int error = vm.EnableCap(KVM_CAP_X86_USER_SPACE_MSR, KVM_MSR_EXIT_REASON_INVAL |
                                                                 KVM_MSR_EXIT_REASON_UNKNOWN |
                                                                 KVM_MSR_EXIT_REASON_FILTER);
  if (error != 0) return error;
  return vm.SetMsrFilter(kDirectMsrs);
}

int SetUpVm(kvm::VmFd& vm, const Host& host) {
  SetGuestClock(vm);
  const int error = EnableMsrExits(vm);
  if (error != 0) return error;
  if (host.exit_on_emulation_failure) {
    // Else KVM turns an instruction it cannot emulate at CPL 3 into a #UD that we never see.
    return vm.EnableCap(KVM_CAP_EXIT_ON_EMULATION_FAILURE, 1);
  }
  return 0;
}

}  // namespace zircon::guest::x86
