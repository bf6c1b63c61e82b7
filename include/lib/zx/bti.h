// lib/zx/bti.h: zx::bti, the owner of a device's view of memory.
// There are none here: it is for programs that name it. Ownership and thread safety:
// <lib/zx/object.h>.

#ifndef LIB_ZX_BTI_H_
#define LIB_ZX_BTI_H_

#include <lib/zx/object.h>

ZX_DETAIL_ZX_BEGIN

class bti final : public object<bti> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_BTI;

  using object::object;
};

using unowned_bti = unowned<bti>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_BTI_H_
