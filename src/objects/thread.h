// Thread: a thread of this process that has asked for itself, for its name, its koid and its end.
//
// Ownership: the thread holds a handle to it until it ends, which sets TERMINATED. Thread safety:
// any thread, but for what is said to be the thread's.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include <pthread.h>
#include <sys/types.h>
#include <time.h>

#include <atomic>
#include <cstdint>
#include <span>

#include "base/ref_ptr.h"
#include "objects/linked_list.h"
#include "objects/waitable.h"

namespace zircon::objects {

class Thread final : public Waitable, public Linked<Thread> {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_THREAD;

  // By the thread: with the name that the host knows for it.
  explicit Thread(pid_t tid) noexcept;
  ~Thread() override;
  base::Name* name() override { return &name_; }
  zx_koid_t related_koid() const override;
  pid_t tid() const { return tid_; }

  bool ended() const { return (signals() & ZX_THREAD_TERMINATED) != 0; }
  // By the thread, at its end.
  void End();

  // The handle that the thread has of itself: told by it, and found by who knows the thread as the
  // C library does; 0 of a thread that has none.
  void SetOwnHandle(zx_handle_t handle);
  static zx_handle_t OwnHandleOf(pthread_t thread);

  // How long it has run on processors, in nanoseconds, and on which it ran last. Of a thread that
  // has ended: as it was then.
  zx_duration_t runtime() const;
  uint32_t last_cpu() const;

  // The koids of threads that exist and have not ended: `koids` gets as many as fit, and the result
  // is how many there are.
  static size_t CopyKoids(std::span<zx_koid_t> koids);

 private:
  zx_duration_t RuntimeNow() const;

  const pid_t tid_;
  const pthread_t pthread_ = pthread_self();
  // The lock of the list of all threads guards it.
  zx_handle_t own_handle_ = ZX_HANDLE_INVALID;
  base::Name name_;
  clockid_t cpu_clock_ = CLOCK_THREAD_CPUTIME_ID;
  // Written at the end, before `over_`.
  zx_duration_t final_runtime_ = 0;
  uint32_t final_cpu_ = 0;
  std::atomic<bool> over_{false};
};

}  // namespace zircon::objects
