// lib/zx/debuglog.h: zx::debuglog, the owner of a debug log.
// There are none here: it is for programs that name it. Ownership and thread safety:
// <lib/zx/object.h>.

#ifndef LIB_ZX_DEBUGLOG_H_
#define LIB_ZX_DEBUGLOG_H_

#include <lib/zx/object.h>

#if !ZX_DETAIL_API_2018
ZX_DETAIL_ZX_BEGIN

class debuglog final : public object<debuglog> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_DEBUGLOG;

  using object::object;
};

using unowned_debuglog = unowned<debuglog>;

ZX_DETAIL_ZX_END
#endif

#endif  // LIB_ZX_DEBUGLOG_H_
