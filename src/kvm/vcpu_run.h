// VcpuRun: what it takes to enter a VCPU of the kernel and to read what came of it, as a value: who
// runs it again and again has it at hand, beside its other state.
//
// Thread safety: as of kvm/vcpu_fd.h.

#pragma once

#include <sys/syscall.h>

#include "base/vector_registers.h"
#include "kvm/kernel.h"
#include "kvm/kvm_abi.h"

namespace zircon::kvm {

class VcpuRun {
 public:
  VcpuRun(kvm_run* page, int fd, Kernel& kernel)
      : page_(page), kernel_(kernel.is_real() ? nullptr : &kernel), fd_(fd) {}

  kvm_run& page() const { return *page_; }

  // KVM_RUN: 0 with an exit reason in the page, or an errno (EINTR: a signal or immediate_exit).
  [[nodiscard]] int Run() {
    const int result = kernel_ == nullptr ? Direct() : ByKernel();
    return result < 0 ? -result : 0;
  }

 private:
  // Without the C library's way to tell an error, which costs as much as all else here.
  int Direct() {
    long result;
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(SYS_ioctl), "D"(fd_), "S"(KVM_RUN), "d"(0)
                 : "rcx", "r11", "memory");
    return static_cast<int>(result);
  }

  // A test's; it is called as the real one is, which changes no vector register.
  int ByKernel() {
    return base::KeepingVectors([this] { return kernel_->Ioctl(fd_, KVM_RUN, 0); });
  }

  kvm_run* const page_;
  Kernel* const kernel_;  // null: the real one
  const int fd_;
};

}  // namespace zircon::kvm
