// lib/zx/msi.h: zx::msi, the owner of message-signalled interrupts.
// There are none here: it is for programs that name it. Ownership and thread safety:
// <lib/zx/object.h>.

#ifndef LIB_ZX_MSI_H_
#define LIB_ZX_MSI_H_

#include <lib/zx/object.h>

#if !ZX_DETAIL_API_2018
ZX_DETAIL_ZX_BEGIN

class msi final : public object<msi> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_MSI;

  using object::object;
};

using unowned_msi = unowned<msi>;

ZX_DETAIL_ZX_END
#endif

#endif  // LIB_ZX_MSI_H_
