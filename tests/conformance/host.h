// What this machine is to a guest: the class of its KVM, told from CPUID and /dev/kvm alone, and
// what that KVM says it can do. Nothing here depends on how fast anything is.

#ifndef ZIRCON_TESTS_CONFORMANCE_HOST_H_
#define ZIRCON_TESTS_CONFORMANCE_HOST_H_

#include <cstdint>
#include <string>
#include <vector>

namespace conformance {

enum class HostClass {
  kNoKvm,     // /dev/kvm cannot be used.
  kSoftware,  // There is one, and the processor has neither VMX nor SVM: KVM does without.
  kNested,    // VMX or SVM, in a machine that is virtual itself.
  kHardware,  // VMX or SVM of a real processor, as far as CPUID tells.
};

struct Capability {
  const char* name;
  int number;
  bool required;  // The library does without the others.
  int value;      // KVM's answer; 0 is "no".
};

struct HostFacts {
  std::string kvm_error;  // Why /dev/kvm cannot be used, or "".
  int api_version = 0;
  std::string vendor;      // CPUID leaf 0.
  std::string hypervisor;  // CPUID leaf 0x40000000, or "" on a machine that is not virtual.
  bool vmx = false;
  bool svm = false;
  bool emulated = false;  // QEMU computes this processor; all takes some ten times as long.
  std::string kernel;     // uname
  std::vector<Capability> capabilities;  // Empty without KVM.
};

HostFacts FindHostFacts();

HostClass ClassOf(const HostFacts& facts);

// The same for every machine that results can be compared with: "software KVM", "nested KVM, AMD,
// emulated".
std::string ClassName(const HostFacts& facts);

// Whether everything takes much longer here, so that limits are stretched and loops shortened.
bool IsEmulated();

}  // namespace conformance

#endif  // ZIRCON_TESTS_CONFORMANCE_HOST_H_
