// lib/zx/eventpair.h: zx::eventpair, the owner of an end of an event pair.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_EVENTPAIR_H_
#define LIB_ZX_EVENTPAIR_H_

#include <lib/zx/object.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class eventpair final : public object<eventpair> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_EVENTPAIR;

  using object::object;

  // zx_eventpair_create(): both ends or neither.
  static zx_status_t create(uint32_t options, eventpair* end0, eventpair* end1) {
    zx_handle_t handle0 = ZX_HANDLE_INVALID;
    zx_handle_t handle1 = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_eventpair_create(options, &handle0, &handle1);
    end0->reset(status == ZX_OK ? handle0 : ZX_HANDLE_INVALID);
    end1->reset(status == ZX_OK ? handle1 : ZX_HANDLE_INVALID);
    return status;
  }
};

using unowned_eventpair = unowned<eventpair>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_EVENTPAIR_H_
