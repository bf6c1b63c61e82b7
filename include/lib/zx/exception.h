// lib/zx/exception.h: zx::exception, the owner of an exception.
// There are none here: it is for programs that name it. Ownership and thread safety:
// <lib/zx/object.h>.

#ifndef LIB_ZX_EXCEPTION_H_
#define LIB_ZX_EXCEPTION_H_

#include <lib/zx/object.h>

ZX_DETAIL_ZX_BEGIN

class exception final : public object<exception> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_EXCEPTION;

  using object::object;
};

using unowned_exception = unowned<exception>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_EXCEPTION_H_
