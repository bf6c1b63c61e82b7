// What the host's KVM can do at all, found out with plain ioctls in a child process: a test of the
// library that needs it and cannot have it is "not testable here" by the probe's words.
//
//   NEEDS(ProbeRealMode());

#ifndef ZIRCON_TESTS_CONFORMANCE_PROBE_H_
#define ZIRCON_TESTS_CONFORMANCE_PROBE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace conformance {

// Each gives "" if it works, else "probe NAME: what happened instead".

// 64-bit ring 0 code, given as bytes, that may store to and load from GUEST_MEM_TRAP in RBX.
std::string ProbeLongModeCode(const char* name, const std::vector<uint8_t>& code);
// XSETBV and XGETBV in 64-bit ring 0.
std::string ProbeXsetbv();
// INT3 in 64-bit ring 0 reaches its handler.
std::string ProbeInt3();
// The single step over an OUT comes behind it, and not one instruction later.
std::string ProbeStepOverOut();
// SYSENTER in 64-bit ring 0.
std::string ProbeSysenter();
// A VCPU that starts in real mode.
std::string ProbeRealMode();
// The guest sees in that leaf of CPUID (1 or 7) what KVM_SET_CPUID2 was told.
std::string ProbeCpuid(uint32_t leaf);
// The kernel can have the local APICs of a guest with several processors; asked of KVM alone.
std::string ProbeKernelInterrupts();
// VMCALL gets an answer.
std::string ProbeVmcall();

// What every host is asked, for the head of a report.
struct NamedProbe {
  const char* name;
  std::string (*ask)();
};
std::vector<NamedProbe> AllProbes();

}  // namespace conformance

#endif  // ZIRCON_TESTS_CONFORMANCE_PROBE_H_
