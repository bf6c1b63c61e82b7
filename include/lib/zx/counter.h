// lib/zx/counter.h: zx::counter, the owner of a counter.
// There are none here: it is for programs that name it. Ownership and thread safety:
// <lib/zx/object.h>.

#ifndef LIB_ZX_COUNTER_H_
#define LIB_ZX_COUNTER_H_

#include <lib/zx/object.h>

#if !ZX_DETAIL_API_2018
ZX_DETAIL_ZX_BEGIN

class counter final : public object<counter> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_COUNTER;

  using object::object;
};

using unowned_counter = unowned<counter>;

ZX_DETAIL_ZX_END
#endif

#endif  // LIB_ZX_COUNTER_H_
