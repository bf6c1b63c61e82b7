// What the head of a report says is looked up in another way: whoever reads results relies on it.

#include "host.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "contract.h"
#include "harness.h"
#include "probe.h"

namespace conformance {
namespace {

// A line of /proc/cpuinfo: the kernel's account of the processor.
std::string CpuInfo(const std::string& key) {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind(key, 0) == 0) return line.substr(line.find(':') + 1) + " ";
  }
  return "";
}

bool KernelSees(const char* flag) {
  return CpuInfo("flags").find(fmt::format(" {} ", flag)) != std::string::npos;
}

TEST(HostTest, TheProcessorIsTheOneThatTheKernelSees) {
  const HostFacts facts = FindHostFacts();
  EXPECT_EQ(fmt::format(" {} ", facts.vendor), CpuInfo("vendor_id"));
  EXPECT_EQ(!facts.hypervisor.empty(), KernelSees("hypervisor"));
  // A kernel may hide what it cannot use (VMX that the firmware has locked), never invent it.
  EXPECT_TRUE(facts.vmx || !KernelSees("vmx"));
  EXPECT_TRUE(facts.svm || !KernelSees("svm"));
}

TEST(HostTest, TheClassFollowsFromTheFacts) {
  HostFacts facts;
  facts.vendor = "AuthenticAMD";
  facts.kvm_error = "/dev/kvm: none";
  facts.svm = true;
  EXPECT_EQ(ClassName(facts), "no KVM");
  facts.kvm_error = "";
  EXPECT_EQ(ClassName(facts), "hardware KVM, AMD");
  facts.hypervisor = "KVMKVMKVM";
  EXPECT_EQ(ClassName(facts), "nested KVM, AMD");
  facts.emulated = true;
  EXPECT_EQ(ClassName(facts), "nested KVM, AMD, emulated");
  facts.emulated = false;
  facts.svm = false;
  EXPECT_EQ(ClassName(facts), "software KVM");
  facts.vmx = true;
  facts.vendor = "GenuineIntel";
  facts.hypervisor = "";
  EXPECT_EQ(ClassName(facts), "hardware KVM, Intel");
}

// "No KVM" is what the library says too, where it is true; and it is no excuse where the device
// works.
TEST(HostTest, NoKvmMeansNoKvm) {
  const HostFacts facts = FindHostFacts();
  const int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  EXPECT_EQ(ClassOf(facts) == HostClass::kNoKvm, kvm < 0) << facts.kvm_error;
  if (kvm >= 0) close(kvm);
  char words[256];
  if (ClassOf(facts) == HostClass::kNoKvm) {
    EXPECT_NE(zircon_kvm_check(words, sizeof(words)), ZX_OK);
  } else {
    EXPECT_EQ(facts.api_version, KVM_API_VERSION);
  }
}

using CapabilityTest = KvmTest;

// A machine's own answer, which newer kernels give too, is the system's; and the library works only
// where all are there that the report calls needed.
TEST_F(CapabilityTest, AMachineGivesTheSameAnswers) {
  const HostFacts facts = FindHostFacts();
  ASSERT_FALSE(facts.capabilities.empty());
  const int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  ASSERT_GE(kvm, 0);
  const int vm = ioctl(kvm, KVM_CREATE_VM, 0);
  ASSERT_GE(vm, 0);
  const bool machines_answer = ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_CHECK_EXTENSION_VM) > 0;
  for (const Capability& capability : facts.capabilities) {
    SCOPED_TRACE(capability.name);
    if (capability.required) {
      EXPECT_GT(capability.value, 0);
    }
    if (machines_answer) {
      EXPECT_EQ(ioctl(vm, KVM_CHECK_EXTENSION, capability.number), capability.value);
    }
  }
  close(vm);
  close(kvm);
}

}  // namespace
}  // namespace conformance
