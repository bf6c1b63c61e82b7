// lib/zx/clock.h: zx::clock: what time it is.
//
//   zx::time now = zx::clock::get_monotonic();
//
// In the current generation it is the owner of a clock object too. There are none here: that is for
// programs that name it. Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_CLOCK_H_
#define LIB_ZX_CLOCK_H_

#include <lib/zx/object.h>
#include <lib/zx/time.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

#if ZX_DETAIL_API_2018
// The clocks.
class clock final {
 public:
  clock() = delete;

  // zx_clock_get_monotonic().
  static time get_monotonic() { return time(zx_clock_get_monotonic()); }
  // zx_clock_get().
  static time get(zx_clock_t clock_id) { return time(zx_clock_get(clock_id)); }
  // zx_clock_get_new() of the clock that `result` is of.
  template <zx_clock_t kClock>
  static zx_status_t get(basic_time<kClock>* result) {
    return zx_clock_get_new(kClock, result->get_address());
  }
  // zx_clock_get_new().
  static zx_status_t get_new(zx_clock_t clock_id, time* result) {
    return zx_clock_get_new(clock_id, result->get_address());
  }
};
#else
class clock final : public object<clock> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_CLOCK;

  using object::object;

  // zx_clock_get_monotonic().
  static time get_monotonic() { return time(zx_clock_get_monotonic()); }
  // zx_clock_get_boot().
  static time_boot get_boot() { return time_boot(zx_clock_get_boot()); }
};

using unowned_clock = unowned<clock>;
#endif

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_CLOCK_H_
