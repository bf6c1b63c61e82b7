// VmFd and VcpuFd: one function an ioctl.

#include "kvm/vm_fd.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

#include "contract.h"
#include "fake/fake_kernel.h"
#include "kvm/counters.h"
#include "kvm/system_fd.h"
#include "kvm/vcpu_fd.h"

namespace zircon::kvm {
namespace {

using fake::FakeKernel;

class VmFdTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::unique_ptr<SystemFd> system;
    ASSERT_EQ(SystemFd::Open(kernel_, &system), 0);
    ASSERT_EQ(system->CreateVm(&vm_), 0);
  }
  void TearDown() override {
    vm_.reset();
    EXPECT_EQ(kernel_.open_descriptors(), 0u);
    EXPECT_EQ(kernel_.mapped_pages(), 0u);
    EXPECT_EQ(kernel_.misuses(), 0);
  }
  FakeKernel kernel_;
  std::unique_ptr<VmFd> vm_;
};

TEST_F(VmFdTest, Capabilities) {
  EXPECT_EQ(vm_->EnableCap(KVM_CAP_EXIT_ON_EMULATION_FAILURE, 1), 0);
  EXPECT_EQ(kernel_.vm()->cap(KVM_CAP_EXIT_ON_EMULATION_FAILURE), 1u);
  EXPECT_EQ(vm_->EnableCap(KVM_CAP_HYPERV_SYNIC, 0), EINVAL);
}

TEST_F(VmFdTest, MsrFilterAllowsTheRangesAndNothingElse) {
  const MsrRange kRanges[] = {{0x174, 3}, {0x277, 1}, {0xC0000100, 20}};
  ASSERT_EQ(vm_->SetMsrFilter(kRanges), 0);
  const fake::FakeVm& vm = *kernel_.vm();
  for (const bool write : {false, true}) {
    EXPECT_FALSE(vm.MsrAllowed(0x173, write));
    EXPECT_TRUE(vm.MsrAllowed(0x174, write));
    EXPECT_TRUE(vm.MsrAllowed(0x176, write));
    EXPECT_FALSE(vm.MsrAllowed(0x177, write));
    EXPECT_TRUE(vm.MsrAllowed(0x277, write));
    EXPECT_TRUE(vm.MsrAllowed(0xC0000113, write));
    EXPECT_FALSE(vm.MsrAllowed(0xC0000114, write));
  }
  kernel_.Fail(KVM_X86_SET_MSR_FILTER, ENOMEM);
  EXPECT_EQ(vm_->SetMsrFilter(kRanges), ENOMEM);
}

TEST_F(VmFdTest, Clock) {
  ASSERT_EQ(vm_->SetClock(0x1234567890), 0);
  EXPECT_EQ(kernel_.vm()->clock(), 0x1234567890u);
  kernel_.Fail(KVM_SET_CLOCK, EINVAL);
  EXPECT_EQ(vm_->SetClock(1), EINVAL);
}

TEST_F(VmFdTest, MsrFilterHasSixteenRangesAtMost) {
  std::vector<MsrRange> ranges(17, MsrRange{1, 1});
  EXPECT_EQ(vm_->SetMsrFilter(ranges), E2BIG);
  ranges.pop_back();
  EXPECT_EQ(vm_->SetMsrFilter(ranges), 0);
}

TEST_F(VmFdTest, MemorySlots) {
  alignas(4096) static uint8_t memory[8192];
  kvm_userspace_memory_region region = {};
  region.slot = 3;
  region.guest_phys_addr = 0x10000;
  region.memory_size = sizeof(memory);
  region.userspace_addr = reinterpret_cast<uintptr_t>(memory);
  region.flags = KVM_MEM_READONLY;
  ASSERT_EQ(vm_->SetMemorySlot(region), 0);
  EXPECT_EQ(kernel_.vm()->slots(),
            std::vector<fake::Slot>(
                {{0x10000, sizeof(memory), reinterpret_cast<uintptr_t>(memory), true}}));
  region.slot = 4;
  EXPECT_EQ(vm_->SetMemorySlot(region), EEXIST);  // overlap, as KVM has it
  region.slot = 3;
  region.memory_size = 0;
  ASSERT_EQ(vm_->SetMemorySlot(region), 0);
  EXPECT_TRUE(kernel_.vm()->slots().empty());
}

TEST_F(VmFdTest, CreateVcpuFailuresLeaveNothing) {
  Shows("KVM-ERR-9");
  std::unique_ptr<VcpuFd> vcpu;
  kernel_.Fail(KVM_CREATE_VCPU, EMFILE);
  EXPECT_EQ(vm_->CreateVcpu(0, &vcpu), EMFILE);
  EXPECT_EQ(vcpu, nullptr);
  EXPECT_EQ(kernel_.open_descriptors(), 1u);
}

TEST_F(VmFdTest, ARunPageThatCannotBeMappedMayBeTriedAgain) {
  Shows("KVM-ERR-9");
  std::unique_ptr<VcpuFd> vcpu;
  ASSERT_EQ(vm_->CreateVcpu(1, &vcpu), 0);
  kernel_.Fail(fake::kCallMapRun, ENOMEM);
  EXPECT_EQ(vcpu->MapRun(), ENOMEM);
  EXPECT_EQ(vcpu->MapRun(), 0);
  EXPECT_EQ(vcpu->MapRun(), 0);  // it is there
  vcpu.reset();
  EXPECT_EQ(kernel_.mapped_pages(), 0u);
  EXPECT_EQ(kernel_.open_descriptors(), 1u);
}

class VcpuFdTest : public VmFdTest {
 protected:
  void SetUp() override {
    VmFdTest::SetUp();
    before_ = g_counters.vcpu_fds.load();
    ASSERT_EQ(vm_->CreateVcpu(5, &vcpu_), 0);
    ASSERT_EQ(vcpu_->MapRun(), 0);
    EXPECT_EQ(g_counters.vcpu_fds.load(), before_ + 1);
  }
  void TearDown() override {
    vcpu_.reset();
    EXPECT_EQ(g_counters.vcpu_fds.load(), before_);
    VmFdTest::TearDown();
  }
  fake::FakeVcpu& cpu() { return *kernel_.vcpu(); }
  std::unique_ptr<VcpuFd> vcpu_;
  uint64_t before_ = 0;
};

TEST_F(VcpuFdTest, RunGivesExitsAndErrnos) {
  EXPECT_EQ(cpu().id(), 5u);
  cpu().Push([](fake::FakeVcpu& vcpu) {
    vcpu.run().exit_reason = KVM_EXIT_HLT;
    return fake::kExit;
  });
  EXPECT_EQ(vcpu_->Run(), 0);
  EXPECT_EQ(vcpu_->run().exit_reason, static_cast<uint32_t>(KVM_EXIT_HLT));
  vcpu_->run().immediate_exit = 1;
  EXPECT_EQ(vcpu_->Run(), EINTR);
  kernel_.Fail(KVM_RUN, EIO);
  EXPECT_EQ(vcpu_->Run(), EIO);
}

TEST_F(VcpuFdTest, State) {
  kvm_regs regs = {};
  regs.rip = 0x1234;
  EXPECT_EQ(vcpu_->SetRegs(regs), 0);
  EXPECT_EQ(cpu().regs.rip, 0x1234u);
  kvm_sregs sregs = {};
  sregs.cr3 = 0x5000;
  EXPECT_EQ(vcpu_->SetSregs(sregs), 0);
  kvm_sregs read = {};
  EXPECT_EQ(vcpu_->GetSregs(&read), 0);
  EXPECT_EQ(read.cr3, 0x5000u);
  EXPECT_EQ(vcpu_->SetXcr0(7), 0);
  EXPECT_EQ(cpu().xcr0, 7u);
  EXPECT_EQ(vcpu_->SetXcr0(2), EINVAL);
  EXPECT_EQ(vcpu_->SetFpu({}), 0);
  kvm_xsave xsave = {};
  xsave.region[6] = 0x1F80;
  EXPECT_EQ(vcpu_->SetXsave(xsave), 0);
  EXPECT_EQ(cpu().xsave.region[6], 0x1F80u);
  kvm_debugregs debug = {};
  debug.dr7 = 0x400;
  EXPECT_EQ(vcpu_->SetDebugRegs(debug), 0);
  EXPECT_EQ(cpu().debugregs.dr7, 0x400u);
  kvm_vcpu_events events = {};
  events.nmi.masked = 1;
  EXPECT_EQ(vcpu_->SetEvents(events), 0);
  EXPECT_EQ(cpu().events.nmi.masked, 1);
  EXPECT_EQ(vcpu_->EnableCap(KVM_CAP_ENFORCE_PV_FEATURE_CPUID, 1), 0);
  EXPECT_EQ(cpu().caps[KVM_CAP_ENFORCE_PV_FEATURE_CPUID], 1u);
  kernel_.Fail(KVM_SET_REGS, EBUSY);
  EXPECT_EQ(vcpu_->SetRegs(regs), EBUSY);
}

TEST_F(VcpuFdTest, Cpuid) {
  const std::vector<kvm_cpuid_entry2> table = {fake::CpuidEntry(0, 0, 1, 2, 3, 4),
                                               fake::CpuidEntry(1, 0, 5, 6, 7, 8)};
  ASSERT_EQ(vcpu_->SetCpuid(table), 0);
  ASSERT_EQ(cpu().cpuid.size(), 2u);
  EXPECT_EQ(cpu().cpuid[1].edx, 8u);
}

TEST_F(VcpuFdTest, Msrs) {
  ASSERT_EQ(vcpu_->SetMsr(0x277, 0x0407), 0);
  EXPECT_EQ(cpu().msrs.at(0x277), 0x0407u);
  kernel_.host().unknown_msrs = {0x11};
  EXPECT_EQ(vcpu_->SetMsr(0x11, 1), EINVAL);
  const kvm_msr_entry entries[] = {{0x10, 0, 1}, {0x11, 0, 2}, {0x12, 0, 3}};
  size_t taken = 99;
  EXPECT_EQ(vcpu_->SetMsrs(entries, &taken), 0);
  EXPECT_EQ(taken, 1u);
  kernel_.Fail(KVM_SET_MSRS, ENOMEM);
  EXPECT_EQ(vcpu_->SetMsr(0x10, 1), ENOMEM);
}

TEST_F(VcpuFdTest, Tsc) {
  ASSERT_EQ(vcpu_->SetTscOffset(42), 0);
  EXPECT_EQ(cpu().tsc_offset, 42u);
  uint32_t khz = 0;
  ASSERT_EQ(vcpu_->TscKhz(&khz), 0);
  EXPECT_GT(khz, 100'000u);
  kernel_.Fail(KVM_GET_TSC_KHZ, EIO);
  EXPECT_EQ(vcpu_->TscKhz(&khz), EIO);
}

}  // namespace
}  // namespace zircon::kvm
