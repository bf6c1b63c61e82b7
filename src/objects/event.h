// Event: a thing with signals that programs set and clear, and nothing else.
//
// Ownership: handles hold it. Thread safety: any thread.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include "objects/waitable.h"

namespace zircon::objects {

class Event final : public Waitable {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_EVENT;

  Event() noexcept : Waitable(kType, 0) {}
  zx_signals_t user_signals() const override { return ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_ALL; }
};

}  // namespace zircon::objects
