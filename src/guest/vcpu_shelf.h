// VcpuShelf: a guest's VCPU ids and the kernel's VCPUs behind them. KVM cannot delete a VCPU of a
// living machine, so the kernel's VCPU of a closed one waits here until its id is given out again
// (lowest free first) and is then reset.
//
// Ownership: the guest's; holds the idle VcpuFds. Thread safety: any thread.

#pragma once

#include <zircon/types.h>

#include <array>
#include <cstdint>
#include <memory>

#include "base/mutex.h"
#include "kvm/vcpu_fd.h"
#include "kvm/vm_fd.h"

namespace zircon::guest {

class VcpuShelf {
 public:
  static constexpr uint32_t kMaxVcpus = 64;

  // The lowest free id. ZX_ERR_NO_RESOURCES when all are taken.
  [[nodiscard]] zx_status_t TakeId(uint32_t* id);
  // The kernel's VCPU of a taken id: the one that waits (*used if it was configured), or a new one.
  // One that is there but cannot be used now comes with an error, to be given back.
  [[nodiscard]] zx_status_t TakeFd(kvm::VmFd& vm, uint32_t id, std::unique_ptr<kvm::VcpuFd>* fd,
                                   bool* used);
  // Ends what TakeId() began; `fd` may be null if none was taken. `used`: it has been configured,
  // so that its next owner has to reset it.
  void Return(uint32_t id, std::unique_ptr<kvm::VcpuFd> fd, bool used);

 private:
  base::Mutex mutex_;
  uint64_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  struct Idle {
    std::unique_ptr<kvm::VcpuFd> fd;
    bool used = false;
  };
  std::array<Idle, kMaxVcpus> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace zircon::guest
