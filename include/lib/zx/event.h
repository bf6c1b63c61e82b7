// lib/zx/event.h: zx::event, the owner of an event.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_EVENT_H_
#define LIB_ZX_EVENT_H_

#include <lib/zx/object.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class event final : public object<event> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_EVENT;

  using object::object;

  // zx_event_create().
  static zx_status_t create(uint32_t options, event* result) {
    return zx_event_create(options, result->reset_and_get_address());
  }
};

using unowned_event = unowned<event>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_EVENT_H_
