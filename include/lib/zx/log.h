// lib/zx/log.h: zx::log, the owner of a debug log.
// There are none here: it is for programs of the generation of 2018 that name it. Ownership and
// thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_LOG_H_
#define LIB_ZX_LOG_H_

#include <lib/zx/object.h>

#if ZX_DETAIL_API_2018
ZX_DETAIL_ZX_BEGIN

class log final : public object<log> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_LOG;

  using object::object;
};

using unowned_log = unowned<log>;

ZX_DETAIL_ZX_END
#endif

#endif  // LIB_ZX_LOG_H_
