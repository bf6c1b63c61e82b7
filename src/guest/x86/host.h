// Host: what this machine's KVM can do for an x86-64 guest, found out once per process. Only
// answers are remembered: where a question fails (memory or descriptors are short, say) no guest is
// made, and the next one asks again.
//
// Thread safety: Get() from any thread; a Host does not change afterwards.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kvm/kvm_abi.h"
#include "kvm/system_fd.h"
#include "kvm/vm_fd.h"

namespace zircon::guest::x86 {

struct Host {
  std::vector<kvm_cpuid_entry2> cpuid;     // what KVM can show a guest
  std::vector<kvm::MsrRange> direct_msrs;  // what a guest uses without an exit
  uint32_t max_slots = 0;
  uint64_t physical_limit = 0;  // where physical addresses end
  bool exit_on_emulation_failure = false;
  bool enforce_pv_features = false;
  bool tsc_offset = false;  // a VCPU's TSC offset can be set
  // Where the kernel says that it is ready for an external interrupt no other event is under way:
  // so since Linux 5.14.
  bool ready_means_no_event = false;
  // A guest's write of the TSC-deadline MSR reaches us. Some hosts swallow it when there is no
  // in-kernel local APIC; the deadline timer is hidden from the guest then.
  bool deadline_timer = false;

  // 0 with *host, or an errno with *why in words: ENOTSUP when KVM lacks something needed, else
  // that of the question that failed.
  [[nodiscard]] static int Get(kvm::SystemFd& system, const Host** host, std::string* why);
  // No guest of that kernel may exist.
  static void ForgetForTest(kvm::Kernel& kernel);
};

}  // namespace zircon::guest::x86
