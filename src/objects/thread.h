// Thread: a thread of this process that has asked for itself, for its name, its koid and its end.
//
// Ownership: the thread holds a handle to it until it ends, which sets TERMINATED. Thread safety:
// any thread, but for Current().

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include <sys/types.h>

#include "base/ref_ptr.h"
#include "objects/waitable.h"

namespace zircon::objects {

class Thread final : public Waitable {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_THREAD;

  // With the name that the host knows for the calling thread.
  explicit Thread(pid_t tid);
  base::Name* name() override { return &name_; }
  pid_t tid() const { return tid_; }

  bool ended() const { return (signals() & ZX_THREAD_TERMINATED) != 0; }
  // By the thread, at its end.
  void End() { UpdateSignals(ZX_THREAD_RUNNING, ZX_THREAD_TERMINATED); }

 private:
  const pid_t tid_;
  base::Name name_;
};

}  // namespace zircon::objects
