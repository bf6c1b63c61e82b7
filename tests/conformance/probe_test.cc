// The probes tell what works from what does not: code of either kind, and the library's own guests
// where a probe's answer says something about them.

#include "probe.h"

#include <atomic>
#include <cstring>
#include <set>
#include <string>

#include "contract.h"
#include "harness.h"
#include "service.h"

DECLARE_GUEST(real_mode);

namespace conformance {
namespace {

// /dev/kvm is there, so that plain ioctls can say something.
using ProbeTest = KvmTest;

bool Has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

TEST_F(ProbeTest, CodeThatWorksIsFoundToWork) {
  EXPECT_EQ(ProbeLongModeCode("nop", {0x90}), "");
  // mov [rbx], eax; mov eax, [rbx]
  EXPECT_EQ(ProbeLongModeCode("store and load", {0x89, 0x03, 0x8B, 0x03}), "");
}

TEST_F(ProbeTest, CodeThatDoesNotWorkIsNot) {
  // ud2, without a handler
  EXPECT_TRUE(Has(ProbeLongModeCode("ud2", {0x0F, 0x0B}), "probe ud2: in plain KVM: "));
  // jmp $
  EXPECT_EQ(ProbeLongModeCode("loop", {0xEB, 0xFE}), "probe loop: hangs in plain KVM");
  // out 0x98, al: another port than the one at the end
  EXPECT_EQ(ProbeLongModeCode("port", {0xE6, 0x98}),
            "probe port: in plain KVM: an unexpected exit");
}

// A secondary VCPU of the library begins in real mode: it gets to its first checkpoint, or it does
// not.
TEST_F(ProbeTest, RealMode) {
  const std::string missing = ProbeRealMode();
  Service guest;  // Id 0, of this thread.
  constexpr uint64_t kEntry = 0x20000;
  const Blob blob = GUEST_BLOB(real_mode);
  memcpy(guest.machine().bytes(kEntry), blob.begin, blob.size());
  guest.machine().TrapMem(0xE000, 0x1000, 5);
  Thread second([&] {
    Vcpu vcpu(guest.machine().guest(), kEntry);
    EXPECT_EQ(vcpu.Reaches(0), missing.empty()) << missing;
  });
}

// "Works" means that the guest sees what KVM was told: the library tells it an APIC id of 0 in leaf
// 1, and no TSC_ADJUST in leaf 7.
TEST_F(ProbeTest, Cpuid) {
  Service guest;
  if (ProbeCpuid(1).empty()) {
    EXPECT_EQ(guest.ReadCpuid(1).ebx >> 24, 0u);
  }
  const bool leaf_7 =
      (guest.ReadCpuid(7).ebx & 1u << 1) == 0 && (guest.ReadCpuid(7).ebx & 1u << 16) == 0;
  if (ProbeCpuid(7).empty()) {
    EXPECT_TRUE(leaf_7);
  }
  for (const uint32_t leaf : {1u, 7u}) {
    const std::string missing = ProbeCpuid(leaf);
    EXPECT_TRUE(missing.empty() || Has(missing, "the guest sees another value")) << missing;
  }
}

// The answer is the same each time, and "hangs" is true of the library's guests too.
TEST_F(ProbeTest, Vmcall) {
  const std::string missing = ProbeVmcall();
  EXPECT_EQ(ProbeVmcall(), missing);
  Service guest;
  zx_vcpu_state_t state{};
  state.rax = 0x7777;
  guest.Begin(SERVICE_VMCALL, state);
  std::atomic<bool> over = false;
  Thread kicker([&] {
    for (int i = 0; i < 50 && !over; ++i) SleepMs(missing.empty() ? 200 : 10);
    if (!over) zx_vcpu_kick(guest.vcpu().get());
  });
  const bool reached = guest.vcpu().Reaches(1);
  over = true;
  EXPECT_EQ(reached, missing.empty()) << missing;
}

TEST_F(ProbeTest, AllHaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const NamedProbe& probe : AllProbes()) {
    EXPECT_TRUE(names.insert(probe.name).second) << probe.name;
    const std::string missing = probe.ask();
    EXPECT_TRUE(missing.empty() || Has(missing, probe.name)) << missing;
  }
}

}  // namespace
}  // namespace conformance
