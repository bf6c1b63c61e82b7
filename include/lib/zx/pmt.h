// lib/zx/pmt.h: zx::pmt, the owner of pinned memory.
// There are none here: it is for programs that name it. Ownership and thread safety:
// <lib/zx/object.h>.

#ifndef LIB_ZX_PMT_H_
#define LIB_ZX_PMT_H_

#include <lib/zx/object.h>

ZX_DETAIL_ZX_BEGIN

class pmt final : public object<pmt> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_PMT;

  using object::object;
};

using unowned_pmt = unowned<pmt>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_PMT_H_
