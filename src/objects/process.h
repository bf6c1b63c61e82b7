// Process: this process, for its name, its koid and what zx_object_get_info() tells.
//
// Ownership: the library holds it. Thread safety: any thread.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include "base/monotonic.h"
#include "base/ref_ptr.h"
#include "objects/waitable.h"

namespace zircon::objects {

class Process final : public Waitable {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_PROCESS;

  // The one that there is; null when memory is short.
  static base::RefPtr<Process> Self();

  // With the name of the program.
  Process() noexcept;
  base::Name* name() override { return &name_; }
  // When the library learned of it.
  zx_time_t start_time() const { return start_time_; }

 private:
  base::Name name_;
  const zx_time_t start_time_ = base::MonotonicNow();
};

}  // namespace zircon::objects
