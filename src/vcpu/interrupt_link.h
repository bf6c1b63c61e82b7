// InterruptLink: the way of zx_vcpu_interrupt() to a VCPU whose local APIC is the kernel's. What an
// APIC knows goes to it, from any thread and without a stop of the VCPU; exceptions it does not
// know.
//
// Ownership: the VCPU's; uses its guest's machine until Cut(). Thread safety: any thread.

#pragma once

#include <zircon/types.h>

#include <cstdint>

#include "base/mutex.h"
#include "guest/guest.h"
#include "guest/kvm_status.h"
#include "vcpu/x86/injection.h"

namespace zircon::vcpu {

class InterruptLink {
 public:
  InterruptLink(guest::Guest& guest, uint32_t id)
      : leads_to_kernel_(guest.apics() == guest::x86::Apics::kKernel),
        id_(id),
        vm_(leads_to_kernel_ ? &guest.vm() : nullptr) {}
  InterruptLink(const InterruptLink&) = delete;
  InterruptLink& operator=(const InterruptLink&) = delete;

  // Whether it is the way of that vector.
  bool Takes(uint32_t vector) const {
    return leads_to_kernel_ && (vector == x86::kNmi || vector >= x86::kFirstExternal);
  }
  // What is sent when the VCPU has gone reaches nobody, and no other that has its id then.
  [[nodiscard]] zx_status_t Send(uint32_t vector) {
    constexpr uint32_t kNmiMessage = 4u << 8;
    const uint32_t data = vector == x86::kNmi ? kNmiMessage : vector;
    base::MutexLock lock(mutex_);
    return vm_ == nullptr ? ZX_OK : guest::StatusFromErrno(vm_->SignalMessage(id_, data));
  }
  // The VCPU goes.
  void Cut() {
    base::MutexLock lock(mutex_);
    vm_ = nullptr;
  }

 private:
  const bool leads_to_kernel_;
  const uint32_t id_;
  base::Mutex mutex_;
  kvm::VmFd* vm_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace zircon::vcpu
