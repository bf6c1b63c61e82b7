// The KVM interface as C++ sees it is the kernel's: sizes and numbers are those of its own C
// headers.

#include "kvm/kvm_abi.h"

#include <gtest/gtest.h>

#include <cstddef>

namespace {

TEST(KvmAbi, FlexibleArraysTakeNoSpace) {
  EXPECT_EQ(sizeof(kvm_cpuid2), 8u);
  EXPECT_EQ(sizeof(kvm_msrs), 8u);
  EXPECT_EQ(sizeof(kvm_signal_mask), 4u);
  EXPECT_EQ(sizeof(kvm_irq_routing), 8u);
  EXPECT_EQ(offsetof(kvm_cpuid2, entries), 8u);
  EXPECT_EQ(offsetof(kvm_msrs, entries), 8u);
  EXPECT_EQ(offsetof(kvm_signal_mask, sigset), 4u);
}

TEST(KvmAbi, IoctlNumbers) {
  EXPECT_EQ(KVM_SET_CPUID2, 0x4008AE90u);
  EXPECT_EQ(KVM_GET_SUPPORTED_CPUID, 0xC008AE05u);
  EXPECT_EQ(KVM_SET_MSRS, 0x4008AE89u);
  EXPECT_EQ(KVM_GET_MSRS, 0xC008AE88u);
  EXPECT_EQ(KVM_SET_SIGNAL_MASK, 0x4004AE8Bu);
  EXPECT_EQ(KVM_X86_SET_MSR_FILTER, 0x4188AEC6u);
  EXPECT_EQ(KVM_SET_DEVICE_ATTR, 0x4018AEE1u);
  EXPECT_EQ(KVM_ENABLE_CAP, 0x4068AEA3u);
}

TEST(KvmAbi, RunPage) {
  EXPECT_EQ(offsetof(kvm_run, immediate_exit), 1u);
  EXPECT_EQ(offsetof(kvm_run, exit_reason), 8u);
  EXPECT_EQ(offsetof(kvm_run, kvm_valid_regs), 288u);
  EXPECT_EQ(offsetof(kvm_run, kvm_dirty_regs), 296u);
  EXPECT_EQ(offsetof(kvm_run, s), 304u);
}

}  // namespace
