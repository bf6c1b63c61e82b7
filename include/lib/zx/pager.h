// lib/zx/pager.h: zx::pager, the owner of a pager.
// There are none here: it is for programs that name it. Ownership and thread safety:
// <lib/zx/object.h>.

#ifndef LIB_ZX_PAGER_H_
#define LIB_ZX_PAGER_H_

#include <lib/zx/object.h>

ZX_DETAIL_ZX_BEGIN

class pager final : public object<pager> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_PAGER;

  using object::object;
};

using unowned_pager = unowned<pager>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_PAGER_H_
