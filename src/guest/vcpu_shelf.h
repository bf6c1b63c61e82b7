// VcpuShelf: a guest's VCPU ids and the kernel's VCPUs behind them. KVM cannot delete a VCPU of a
// living machine, so the kernel's VCPU of a closed one waits here until its id is given out again
// (lowest free first) and is then reset. Where the kernel has the local APICs, VCPUs stand here
// from the beginning for processors that the guest has not started yet: to one that does not exist
// the kernel delivers nothing.
//
// Ownership: the guest's; holds the idle VcpuFds. Thread safety: any thread.

#pragma once

#include <zircon/types.h>

#include <array>
#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"
#include "base/mutex.h"
#include "kvm/vcpu_fd.h"
#include "kvm/vm_fd.h"

namespace zircon::guest {

class VcpuShelf {
 public:
  static constexpr uint32_t kMaxVcpus = 64;

  // Somebody who uses the kernel's VCPU of an id meanwhile, until this goes.
  class Tenant {
   public:
    virtual ~Tenant() = default;
  };
  struct Place {
    std::unique_ptr<kvm::VcpuFd> fd;
    bool used = false;  // It has been configured, so that its next owner has to reset it.
    std::unique_ptr<Tenant> tenant;
  };

  // Does what has to be done before the guest has any VCPU. ZX_ERR_BAD_STATE when an id has been
  // taken; else what `work` gives. None is taken meanwhile.
  [[nodiscard]] zx_status_t BeforeAnyId(absl::FunctionRef<zx_status_t()> work);
  // Has `make` fill the places of the ids from 1 up to `end`, each once in the guest's life. It
  // gives up at the first that fails; asked again, it goes on from there.
  [[nodiscard]] zx_status_t Fill(uint32_t end,
                                 absl::FunctionRef<zx_status_t(uint32_t id, Place* place)> make);

  // The lowest free id. ZX_ERR_NO_RESOURCES when all are taken.
  [[nodiscard]] zx_status_t TakeId(uint32_t* id);
  // The kernel's VCPU of a taken id: the one that waits (*used if it was configured), or a new one.
  // One that is there but cannot be used now comes with an error, to be given back.
  [[nodiscard]] zx_status_t TakeFd(kvm::VmFd& vm, uint32_t id, std::unique_ptr<kvm::VcpuFd>* fd,
                                   bool* used);
  // Ends what TakeId() began; `fd` may be null if none was taken. `used` as of Place.
  void Return(uint32_t id, std::unique_ptr<kvm::VcpuFd> fd, bool used);

 private:
  base::Mutex mutex_;
  uint64_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  bool began_ ABSL_GUARDED_BY(mutex_) = false;  // An id has been taken.
  uint32_t filled_ ABSL_GUARDED_BY(mutex_) = 1;
  std::array<Place, kMaxVcpus> places_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace zircon::guest
