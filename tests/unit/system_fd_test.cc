// SystemFd: /dev/kvm. KVM_CREATE_VM may be interrupted, and descriptors are closed on every way
// out. Rows: KVM-ERR.

#include "kvm/system_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "contract.h"
#include "fake/fake_kernel.h"
#include "kvm/counters.h"
#include "kvm/vm_fd.h"

namespace zircon::kvm {
namespace {

using fake::FakeKernel;

class SystemFdTest : public ::testing::Test {
 protected:
  void TearDown() override {
    system_.reset();
    EXPECT_EQ(kernel_.open_descriptors(), 0u);
    EXPECT_EQ(kernel_.misuses(), 0);
  }
  FakeKernel kernel_;
  std::unique_ptr<SystemFd> system_;
};

TEST_F(SystemFdTest, OpensForReadingAndWriting) {
  ASSERT_EQ(SystemFd::Open(kernel_, &system_), 0);
  EXPECT_EQ(kernel_.open_flags() & O_ACCMODE, O_RDWR);
  EXPECT_EQ(&system_->kernel(), &kernel_);
}

TEST_F(SystemFdTest, GivesTheErrnoOfOpen) {
  for (const int error : {ENOENT, EACCES, EMFILE}) {
    kernel_.Fail(fake::kCallOpen, error);
    EXPECT_EQ(SystemFd::Open(kernel_, &system_), error);
    EXPECT_EQ(system_, nullptr);
  }
}

TEST_F(SystemFdTest, AnOpenThatASignalEndsIsTriedAgain) {
  Shows("KVM-ERR-9");
  kernel_.Fail(fake::kCallOpen, EINTR, 1, 3);
  ASSERT_EQ(SystemFd::Open(kernel_, &system_), 0);
  EXPECT_EQ(kernel_.calls(fake::kCallOpen), 4u);
}

TEST_F(SystemFdTest, RefusesAnotherVersionOfTheInterface) {
  kernel_.host().api_version = 11;
  EXPECT_EQ(SystemFd::Open(kernel_, &system_), ENOTSUP);
  kernel_.Fail(KVM_GET_API_VERSION, ENOTTY);
  EXPECT_EQ(SystemFd::Open(kernel_, &system_), ENOTTY);
  EXPECT_EQ(kernel_.open_descriptors(), 0u);
}

TEST_F(SystemFdTest, ExtensionsAreZeroWhenAbsent) {
  ASSERT_EQ(SystemFd::Open(kernel_, &system_), 0);
  int answer = -1;
  EXPECT_EQ(system_->Extension(KVM_CAP_NR_MEMSLOTS, &answer), 0);
  EXPECT_EQ(answer, 32764);
  EXPECT_EQ(system_->Extension(KVM_CAP_S390_UCONTROL, &answer), 0);
  EXPECT_EQ(answer, 0);
  kernel_.Fail(KVM_CHECK_EXTENSION, ENOMEM);
  EXPECT_EQ(system_->Extension(KVM_CAP_NR_MEMSLOTS, &answer), ENOMEM);
}

TEST_F(SystemFdTest, SupportedCpuid) {
  ASSERT_EQ(SystemFd::Open(kernel_, &system_), 0);
  std::vector<kvm_cpuid_entry2> entries;
  ASSERT_EQ(system_->SupportedCpuid(&entries), 0);
  ASSERT_EQ(entries.size(), kernel_.host().cpuid.size());
  EXPECT_EQ(entries[0].ebx, 0x756E6547u);
  EXPECT_EQ(entries.back().function, 0x8000001Fu);
  kernel_.Fail(KVM_GET_SUPPORTED_CPUID, E2BIG);
  EXPECT_EQ(system_->SupportedCpuid(&entries), E2BIG);
}

TEST_F(SystemFdTest, RunPageMustHoldTheStructure) {
  ASSERT_EQ(SystemFd::Open(kernel_, &system_), 0);
  size_t size = 0;
  ASSERT_EQ(system_->RunPageSize(&size), 0);
  EXPECT_EQ(size, 3u * 4096);
  kernel_.host().run_page_size = sizeof(kvm_run) - 1;
  EXPECT_EQ(system_->RunPageSize(&size), ENOTSUP);
  kernel_.Fail(KVM_GET_VCPU_MMAP_SIZE, EIO);
  EXPECT_EQ(system_->RunPageSize(&size), EIO);
}

TEST_F(SystemFdTest, CreateVmIsRetriedWhenInterrupted) {
  Shows("KVM-ERR-5");
  ASSERT_EQ(SystemFd::Open(kernel_, &system_), 0);
  kernel_.Fail(KVM_CREATE_VM, EINTR, 1, 3);
  std::unique_ptr<VmFd> vm;
  const uint64_t before = g_counters.vm_fds.load();
  ASSERT_EQ(system_->CreateVm(&vm), 0);
  EXPECT_EQ(kernel_.calls(KVM_CREATE_VM), 4u);
  EXPECT_EQ(g_counters.vm_fds.load(), before + 1);
  vm.reset();
  EXPECT_EQ(g_counters.vm_fds.load(), before);
}

TEST_F(SystemFdTest, CreateVmFailuresLeaveNothing) {
  Shows("KVM-ERR-9");
  ASSERT_EQ(SystemFd::Open(kernel_, &system_), 0);
  std::unique_ptr<VmFd> vm;
  for (const int error : {EMFILE, ENFILE, ENOMEM, ENODEV, EBUSY}) {
    kernel_.Fail(KVM_CREATE_VM, error);
    EXPECT_EQ(system_->CreateVm(&vm), error);
  }
  kernel_.Fail(KVM_GET_VCPU_MMAP_SIZE, EINVAL);
  EXPECT_EQ(system_->CreateVm(&vm), EINVAL);
  EXPECT_EQ(vm, nullptr);
  EXPECT_EQ(kernel_.open_descriptors(), 1u);
}

}  // namespace
}  // namespace zircon::kvm
