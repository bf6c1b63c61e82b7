// lib/zx/stream.h: zx::stream, the owner of a stream.
// There are none here: it is for programs that name it. Ownership and thread safety:
// <lib/zx/object.h>.

#ifndef LIB_ZX_STREAM_H_
#define LIB_ZX_STREAM_H_

#include <lib/zx/object.h>

#if !ZX_DETAIL_API_2018
ZX_DETAIL_ZX_BEGIN

class stream final : public object<stream> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_STREAM;

  using object::object;
};

using unowned_stream = unowned<stream>;

ZX_DETAIL_ZX_END
#endif

#endif  // LIB_ZX_STREAM_H_
