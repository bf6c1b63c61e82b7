// lib/zx/suspend_token.h: zx::suspend_token, the owner of what keeps a task suspended.
// There are none here: it is for programs that name it. Ownership and thread safety:
// <lib/zx/object.h>.

#ifndef LIB_ZX_SUSPEND_TOKEN_H_
#define LIB_ZX_SUSPEND_TOKEN_H_

#include <lib/zx/object.h>

ZX_DETAIL_ZX_BEGIN

class suspend_token final : public object<suspend_token> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_SUSPEND_TOKEN;

  using object::object;
};

using unowned_suspend_token = unowned<suspend_token>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_SUSPEND_TOKEN_H_
