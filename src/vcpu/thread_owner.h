// ThreadOwner: the identity of a thread, as VCPUs use it. A thread's token is its own for ever: a
// later thread that gets the same thread id does not inherit it. The token also says whether the
// thread's one VCPU is taken, and whether the thread is gone. Beside the token a thread has its
// VCPU itself: the calls that it makes at each exit find that without a lookup.
//
// Ownership: the thread and its VCPUs hold the token; the thread holds its VCPU, until it makes
// another or ends. Thread safety: Current(), KeepVcpu(), FindVcpu() and RememberVcpu() for the
// calling thread; the rest from any thread.

#pragma once

#include <sys/types.h>

#include <atomic>

#include "base/ref_ptr.h"
#include "handles/remembered_handle.h"

namespace zircon::vcpu {

class ThreadOwner;

namespace internal {

// Plain, constant-initialised and of the initial-exec model: the check in every enter is one load.
extern constinit thread_local const ThreadOwner* t_current
    __attribute__((tls_model("initial-exec")));
// The handle by which the thread found its VCPU last.
extern constinit thread_local handles::RememberedHandle t_vcpu
    __attribute__((tls_model("initial-exec")));

}  // namespace internal

class ThreadOwner final : public base::RefCounted {
 public:
  // The calling thread's token; null when memory is short.
  static base::RefPtr<ThreadOwner> Current();
  // Holds the VCPU that the calling thread, which has a token, has made; the one before it goes.
  static void KeepVcpu(base::RefPtr<handles::Dispatcher> vcpu);
  // The VCPU that the calling thread keeps, if that is what the handle names and it has the rights;
  // else null, which says nothing.
  static handles::Dispatcher* FindVcpu(zx_handle_t handle, zx_rights_t rights) {
    return internal::t_vcpu.Find(handle, rights);
  }
  // `found`, by `handle`, is the VCPU that the calling thread keeps.
  static void RememberVcpu(zx_handle_t handle, const handles::HandleRef& found) {
    internal::t_vcpu = handles::RememberedHandle(handle, found);
  }
  // Whether this is the calling thread's token.
  bool IsCurrent() const { return this == internal::t_current; }

  pid_t tid() const { return tid_; }

  // A thread owns one live VCPU at most. False when it has one.
  [[nodiscard]] bool TakeVcpu() { return !has_vcpu_.exchange(true, std::memory_order_acq_rel); }
  void DropVcpu() { has_vcpu_.store(false, std::memory_order_release); }

  explicit ThreadOwner(pid_t tid) noexcept : tid_(tid) {}

 private:
  const pid_t tid_;
  std::atomic<bool> has_vcpu_{false};
};

}  // namespace zircon::vcpu
