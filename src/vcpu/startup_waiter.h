// StartupWaiter: a thread that stands in for a processor which the guest has not started yet, where
// the kernel has the local APICs. It is in KVM_RUN with the kernel's VCPU, which waits there for
// INIT and STARTUP, and tells the guest's VCPUs when they have come; it executes nothing of the
// guest.
//
// Ownership: the VCPU's place on the guest's shelf. Thread safety: made and destroyed by any
// thread; the kernel's VCPU is the waiter's meanwhile.

#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "guest/guest.h"
#include "guest/vcpu_shelf.h"
#include "kvm/vcpu_fd.h"

namespace zircon::vcpu {

class StartupWaiter final : public guest::VcpuShelf::Tenant {
 public:
  // With the kick signal chosen. ZX_ERR_NO_MEMORY; ZX_ERR_NO_RESOURCES when there is no thread.
  [[nodiscard]] static zx_status_t Start(guest::Guest& guest, uint32_t id, kvm::VcpuFd& fd,
                                         std::unique_ptr<guest::VcpuShelf::Tenant>* out);
  ~StartupWaiter() override;
  StartupWaiter(const StartupWaiter&) = delete;
  StartupWaiter& operator=(const StartupWaiter&) = delete;

 private:
  StartupWaiter(guest::Guest& guest, uint32_t id, kvm::VcpuFd& fd)
      : guest_(guest), id_(id), fd_(fd) {}

  static void* RunThread(void* waiter);
  void Wait();
  // KVM_RUN has come back without an error that counts: whether the processor has been started. An
  // errno where it may not be run again.
  [[nodiscard]] int LookAtState(bool* started);

  guest::Guest& guest_;
  const uint32_t id_;
  kvm::VcpuFd& fd_;
  pthread_t thread_ = {};
  std::atomic<bool> stop_{false};
};

// Before any VCPU of a guest with the kernel's local APICs: has its processors wait for their
// start. May be asked again. ZX_ERR_NO_MEMORY, ZX_ERR_NO_RESOURCES, and as KVM-ERR.
[[nodiscard]] zx_status_t AwaitStartups(guest::Guest& guest);

}  // namespace zircon::vcpu
