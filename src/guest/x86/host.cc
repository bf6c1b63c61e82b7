#include "guest/x86/host.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>

#include "base/format.h"
#include "base/log.h"
#include "base/mutex.h"
#include "guest/x86/deadline_probe.h"
#include "guest/x86/features.h"

namespace zircon::guest::x86 {
namespace {

struct Requirement {
  long capability;
  int wanted_bits;  // the answer must have all of them
  const char* name;
};

constexpr Requirement kRequirements[] = {
    {KVM_CAP_SYNC_REGS, KVM_SYNC_X86_VALID_FIELDS, "KVM_CAP_SYNC_REGS (Linux 4.17)"},
    {KVM_CAP_IMMEDIATE_EXIT, 1, "KVM_CAP_IMMEDIATE_EXIT (Linux 4.13)"},
    {KVM_CAP_READONLY_MEM, 1, "KVM_CAP_READONLY_MEM"},
    {KVM_CAP_EXT_CPUID, 1, "KVM_CAP_EXT_CPUID"},
    {KVM_CAP_X86_USER_SPACE_MSR, 1, "KVM_CAP_X86_USER_SPACE_MSR (Linux 5.10)"},
    {KVM_CAP_X86_MSR_FILTER, 1, "KVM_CAP_X86_MSR_FILTER (Linux 5.10)"},
};

// What a kernel without an answer to KVM_CAP_NR_MEMSLOTS has.
constexpr uint32_t kFewestSlots = 32;

uint32_t PhysicalAddressBits(const std::vector<kvm_cpuid_entry2>& cpuid) {
  constexpr uint32_t kAddressSizes = 0x80000008;
  constexpr uint32_t kMostBits = 52;
  for (const kvm_cpuid_entry2& entry : cpuid) {
    const uint32_t bits = entry.eax & 0xFF;
    if (entry.function == kAddressSizes && bits != 0) return std::min(bits, kMostBits);
  }
  constexpr uint32_t kBitsWithoutTheLeaf = 36;
  return kBitsWithoutTheLeaf;
}

// What is needed must be there; what may be missing is found out.
int AskForCapabilities(const kvm::SystemFd& system, Host* host, std::string* why) {
  int error = 0;
  const auto ask = [&](long capability) {
    int answer = 0;
    if (error == 0) error = system.Extension(capability, &answer);
    return answer;
  };
  for (const Requirement& required : kRequirements) {
    const int answer = ask(required.capability);
    if (error == 0 && (answer & required.wanted_bits) != required.wanted_bits) {
      *why = base::Format("The KVM of this host lacks {}; a newer Linux kernel has it.",
                          required.name);
      return ENOTSUP;
    }
  }
  const int slots = ask(KVM_CAP_NR_MEMSLOTS);
  host->max_slots = slots > 0 ? static_cast<uint32_t>(slots) : kFewestSlots;
  host->exit_on_emulation_failure = ask(KVM_CAP_EXIT_ON_EMULATION_FAILURE) != 0;
  host->enforce_pv_features = ask(KVM_CAP_ENFORCE_PV_FEATURE_CPUID) != 0;
  host->tsc_offset = ask(KVM_CAP_VCPU_ATTRIBUTES) != 0;
  // No capability says it; this one came with the same release.
  host->ready_means_no_event = ask(KVM_CAP_SREGS2) != 0;
  if (error != 0) *why = base::Format("KVM does not say what it can do (errno {}).", error);
  return error;
}

int Find(kvm::SystemFd& system, Host* host, std::string* why) {
  int error = AskForCapabilities(system, host, why);
  if (error != 0) return error;
  error = system.SupportedCpuid(&host->cpuid);
  if (error != 0) {
    *why = base::Format("KVM does not say what processor it can show (errno {}).", error);
    return error;
  }
  host->physical_limit = uint64_t{1} << PhysicalAddressBits(host->cpuid);
  host->direct_msrs = DirectMsrs(host->cpuid);
  error = ProbeDeadlineWrites(system, *host, &host->deadline_timer);
  if (error != 0) {
    *why = base::Format("The trial of this host's timer cannot be made (errno {}).", error);
    return error;
  }
  if (!host->deadline_timer) {
    LOG_INFO(
        "this host keeps writes of the TSC-deadline MSR to itself: guests get the one-shot and "
        "periodic APIC timer instead");
  }
  return 0;
}

base::Mutex g_mutex;
// By kernel, so that a test's fake does not leave its answers to the real one.
std::map<kvm::Kernel*, std::unique_ptr<Host>>& Known() ABSL_EXCLUSIVE_LOCKS_REQUIRED(g_mutex) {
  static auto* known = new std::map<kvm::Kernel*, std::unique_ptr<Host>>;
  return *known;
}

}  // namespace

int Host::Get(kvm::SystemFd& system, const Host** host, std::string* why) {
  base::MutexLock lock(g_mutex);
  std::unique_ptr<Host>& known = Known()[&system.kernel()];
  if (known == nullptr) {
    auto found = std::make_unique<Host>();
    const int error = Find(system, found.get(), why);
    if (error != 0) return error;
    known = std::move(found);
  }
  *host = known.get();
  return 0;
}

void Host::ForgetForTest(kvm::Kernel& kernel) {
  base::MutexLock lock(g_mutex);
  Known().erase(&kernel);
}

}  // namespace zircon::guest::x86
