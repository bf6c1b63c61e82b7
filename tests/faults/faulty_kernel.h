// FaultyKernel: the fake kernel behind the plan, so that each of its calls can fail before it has
// been made.
//
// Ownership: refers to the fake. Thread safety: as the fake, and the plan.

#pragma once

#include <map>

#include "fake/fake_kernel.h"
#include "kvm/kernel.h"
#include "kvm/kvm_abi.h"

namespace zircon::faults {

class FaultyKernel final : public kvm::Kernel {
 public:
  explicit FaultyKernel(fake::FakeKernel& fake) : fake_(fake) {}

  int Open(const char* path, int flags) override;
  void Close(int fd) override;
  int Ioctl(int fd, unsigned long request, uintptr_t argument) override;
  void* MapRun(int fd, size_t size, int* error) override;
  void UnmapRun(void* run, size_t size) override;

 private:
  // Whether the next KVM_RUN is not to enter the guest.
  bool IsImmediate(int fd) const;

  fake::FakeKernel& fake_;
  std::map<int, const kvm_run*> runs_;  // by the VCPU's descriptor
};

}  // namespace zircon::faults
