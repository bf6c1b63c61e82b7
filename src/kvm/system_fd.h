// SystemFd: an open /dev/kvm, and what it says about the host.
//
// Ownership: closes the descriptor when it goes. Errors are errno values, 0 for none.
// Thread safety: const calls from any thread.

#pragma once

#include <memory>
#include <vector>

#include "kvm/kernel.h"
#include "kvm/kvm_abi.h"

namespace zircon::kvm {

class VmFd;

inline constexpr char kDevicePath[] = "/dev/kvm";

class SystemFd {
 public:
  // Opens /dev/kvm and checks that it speaks version 12 of the interface (ENOTSUP otherwise).
  [[nodiscard]] static int Open(Kernel& kernel, std::unique_ptr<SystemFd>* out);
  ~SystemFd();
  SystemFd(const SystemFd&) = delete;
  SystemFd& operator=(const SystemFd&) = delete;

  // KVM_CHECK_EXTENSION: *answer is 0 for what this KVM does not have. An errno when there is no
  // answer.
  [[nodiscard]] int Extension(long capability, int* answer) const;
  [[nodiscard]] int SupportedCpuid(std::vector<kvm_cpuid_entry2>* entries) const;
  [[nodiscard]] int RunPageSize(size_t* size) const;
  [[nodiscard]] int CreateVm(std::unique_ptr<VmFd>* out) const;

  Kernel& kernel() const { return kernel_; }

 private:
  SystemFd(Kernel& kernel, int fd) : kernel_(kernel), fd_(fd) {}

  Kernel& kernel_;
  const int fd_;
};

}  // namespace zircon::kvm
