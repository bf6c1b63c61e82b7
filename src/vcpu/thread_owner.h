// ThreadOwner: the identity of a thread, as VCPUs use it. A thread's token is its own for ever: a
// later thread that gets the same thread id does not inherit it. The token also says whether the
// thread's one VCPU is taken, and whether the thread is gone.
//
// Ownership: the thread and its VCPUs hold the token. Thread safety: Current() for the calling
// thread; the rest from any thread.

#pragma once

#include <sys/types.h>

#include <atomic>

#include "base/ref_ptr.h"

namespace zircon::vcpu {

class ThreadOwner;

namespace internal {

// Plain, constant-initialised and of the initial-exec model: the check in every enter is one load.
extern constinit thread_local const ThreadOwner* t_current
    __attribute__((tls_model("initial-exec")));

}  // namespace internal

class ThreadOwner final : public base::RefCounted {
 public:
  // The calling thread's token; null when memory is short.
  static base::RefPtr<ThreadOwner> Current();
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
