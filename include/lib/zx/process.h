// lib/zx/process.h: zx::process, the owner of a handle to a process.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_PROCESS_H_
#define LIB_ZX_PROCESS_H_

#include <lib/zx/task.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class process final : public task<process> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_PROCESS;

  using task::task;

  // zx_process_self(): this one.
  static unowned<process> self() { return unowned<process>(zx_process_self()); }
};

using unowned_process = unowned<process>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_PROCESS_H_
