// lib/zx/process.h: zx::process, the owner of a handle to a process.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_PROCESS_H_
#define LIB_ZX_PROCESS_H_

#include <lib/zx/object.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class process final : public object<process> {
 public:
  constexpr process() = default;
  constexpr explicit process(zx_handle_t value) : object(value) {}

  // zx_process_self(): this one.
  static unowned<process> self() { return unowned<process>(zx_process_self()); }
};

using unowned_process = unowned<process>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_PROCESS_H_
