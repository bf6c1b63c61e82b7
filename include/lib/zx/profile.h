// lib/zx/profile.h: zx::profile, the owner of a scheduling profile.
// There are none here: it is for programs that name it. Ownership and thread safety:
// <lib/zx/object.h>.

#ifndef LIB_ZX_PROFILE_H_
#define LIB_ZX_PROFILE_H_

#include <lib/zx/object.h>

ZX_DETAIL_ZX_BEGIN

class profile final : public object<profile> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_PROFILE;

  using object::object;
};

using unowned_profile = unowned<profile>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_PROFILE_H_
