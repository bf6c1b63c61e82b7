// lib/zx/timer.h: zx::timer, the owner of a timer.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_TIMER_H_
#define LIB_ZX_TIMER_H_

#include <lib/zx/object.h>
#include <lib/zx/time.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class timer final : public object<timer> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_TIMER;

  using object::object;

  // zx_timer_create().
  static zx_status_t create(uint32_t options, zx_clock_t clock_id, timer* result) {
    return zx_timer_create(options, clock_id, result->reset_and_get_address());
  }
  // zx_timer_set().
  zx_status_t set(zx::time deadline, zx::duration slack) const {
    return zx_timer_set(get(), deadline.get(), slack.get());
  }
#if !ZX_DETAIL_API_2018
  // The same for a timer of the clock BOOT.
  zx_status_t set(zx::time_boot deadline, zx::duration_boot slack) const {
    return zx_timer_set(get(), deadline.get(), slack.get());
  }
#endif
  // zx_timer_cancel().
  zx_status_t cancel() const { return zx_timer_cancel(get()); }
};

using unowned_timer = unowned<timer>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_TIMER_H_
