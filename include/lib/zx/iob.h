// lib/zx/iob.h: zx::iob, the owner of a shared buffer.
// There are none here: it is for programs that name it. Ownership and thread safety:
// <lib/zx/object.h>.

#ifndef LIB_ZX_IOB_H_
#define LIB_ZX_IOB_H_

#include <lib/zx/object.h>

#if !ZX_DETAIL_API_2018
ZX_DETAIL_ZX_BEGIN

template <>
struct object_traits<iob> : object_traits_of_ends {};

class iob final : public object<iob> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_IOB;

  using object::object;
};

using unowned_iob = unowned<iob>;

ZX_DETAIL_ZX_END
#endif

#endif  // LIB_ZX_IOB_H_
