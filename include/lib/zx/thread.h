// lib/zx/thread.h: zx::thread, the owner of a handle to a thread.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_THREAD_H_
#define LIB_ZX_THREAD_H_

#include <lib/zx/task.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class thread final : public task<thread> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_THREAD;

  using task::task;

  // zx_thread_self(): the calling one.
  static unowned<thread> self() { return unowned<thread>(zx_thread_self()); }
};

using unowned_thread = unowned<thread>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_THREAD_H_
