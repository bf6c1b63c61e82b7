#include "host.h"

#include <cpuid.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace conformance {
namespace {

struct Registers {
  uint32_t a = 0, b = 0, c = 0, d = 0;
};

Registers Cpuid(uint32_t leaf) {
  Registers r;
  __cpuid_count(leaf, 0, r.a, r.b, r.c, r.d);
  return r;
}

// The characters in registers, without zeros and blanks at the end.
std::string Text(std::initializer_list<uint32_t> registers) {
  std::string text;
  for (const uint32_t value : registers) {
    char bytes[4];
    memcpy(bytes, &value, sizeof(value));
    text.append(bytes, sizeof(bytes));
  }
  while (!text.empty() && (text.back() == '\0' || text.back() == ' ')) text.pop_back();
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

std::string BrandString() {
  std::string brand;
  if (Cpuid(0x80000000).a < 0x80000004) return brand;
  for (uint32_t leaf = 0x80000002; leaf <= 0x80000004; ++leaf) {
    const Registers r = Cpuid(leaf);
    brand += Text({r.a, r.b, r.c, r.d});
  }
  return brand;
}

void FindProcessor(HostFacts* facts) {
  const Registers zero = Cpuid(0);
  facts->vendor = Text({zero.b, zero.d, zero.c});
  const Registers one = Cpuid(1);
  facts->vmx = (one.c & 1u << 5) != 0;
  if (Cpuid(0x80000000).a >= 0x80000001) facts->svm = (Cpuid(0x80000001).c & 1u << 2) != 0;
  if ((one.c & 1u << 31) != 0) {
    const Registers hypervisor = Cpuid(0x40000000);
    facts->hypervisor = Text({hypervisor.b, hypervisor.c, hypervisor.d});
    if (facts->hypervisor.empty()) facts->hypervisor = "of no name";
  }
  facts->emulated =
      facts->hypervisor.rfind("TCG", 0) == 0 || BrandString().find("QEMU TCG") != std::string::npos;
}

// What the library asks KVM for.
std::vector<Capability> LibraryCapabilities() {
  return {
      {"KVM_CAP_IMMEDIATE_EXIT", KVM_CAP_IMMEDIATE_EXIT, true, 0},
      {"KVM_CAP_SYNC_REGS", KVM_CAP_SYNC_REGS, true, 0},
      {"KVM_CAP_READONLY_MEM", KVM_CAP_READONLY_MEM, true, 0},
      {"KVM_CAP_EXT_CPUID", KVM_CAP_EXT_CPUID, true, 0},
      {"KVM_CAP_X86_USER_SPACE_MSR", KVM_CAP_X86_USER_SPACE_MSR, true, 0},
      {"KVM_CAP_X86_MSR_FILTER", KVM_CAP_X86_MSR_FILTER, true, 0},
      {"KVM_CAP_NR_MEMSLOTS", KVM_CAP_NR_MEMSLOTS, false, 0},
      {"KVM_CAP_EXIT_ON_EMULATION_FAILURE", 204, false, 0},
      {"KVM_CAP_ENFORCE_PV_FEATURE_CPUID", KVM_CAP_ENFORCE_PV_FEATURE_CPUID, false, 0},
      {"KVM_CAP_VCPU_ATTRIBUTES", KVM_CAP_VCPU_ATTRIBUTES, false, 0},
  };
}

void FindKvm(HostFacts* facts) {
  const int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm < 0) {
    facts->kvm_error = fmt::format("/dev/kvm: {}", strerror(errno));
    return;
  }
  facts->api_version = ioctl(kvm, KVM_GET_API_VERSION, 0);
  if (facts->api_version != KVM_API_VERSION) {
    facts->kvm_error = fmt::format("/dev/kvm: API version {}", facts->api_version);
  } else {
    facts->capabilities = LibraryCapabilities();
    for (Capability& capability : facts->capabilities) {
      capability.value = ioctl(kvm, KVM_CHECK_EXTENSION, capability.number);
    }
  }
  close(kvm);
}

std::string Maker(const HostFacts& facts) {
  if (facts.vendor == "GenuineIntel") return "Intel";
  if (facts.vendor == "AuthenticAMD") return "AMD";
  return facts.vendor;
}

}  // namespace

HostFacts FindHostFacts() {
  HostFacts facts;
  FindProcessor(&facts);
  FindKvm(&facts);
  utsname name{};
  if (uname(&name) == 0) facts.kernel = fmt::format("{} {}", name.sysname, name.release);
  return facts;
}

HostClass ClassOf(const HostFacts& facts) {
  if (!facts.kvm_error.empty()) return HostClass::kNoKvm;
  if (!facts.vmx && !facts.svm) return HostClass::kSoftware;
  return facts.hypervisor.empty() ? HostClass::kHardware : HostClass::kNested;
}

std::string ClassName(const HostFacts& facts) {
  const char* emulated = facts.emulated ? ", emulated" : "";
  switch (ClassOf(facts)) {
    case HostClass::kNoKvm:
      return "no KVM";
    case HostClass::kSoftware:
      return fmt::format("software KVM{}", emulated);
    case HostClass::kNested:
      return fmt::format("nested KVM, {}{}", Maker(facts), emulated);
    case HostClass::kHardware:
      return fmt::format("hardware KVM, {}{}", Maker(facts), emulated);
  }
  return "";
}

bool IsEmulated() {
  static const bool emulated = [] {
    HostFacts facts;
    FindProcessor(&facts);
    return facts.emulated;
  }();
  return emulated;
}

}  // namespace conformance
