// lib/zx/iommu.h: zx::iommu, the owner of an IOMMU.
// There are none here: it is for programs that name it. Ownership and thread safety:
// <lib/zx/object.h>.

#ifndef LIB_ZX_IOMMU_H_
#define LIB_ZX_IOMMU_H_

#include <lib/zx/object.h>

ZX_DETAIL_ZX_BEGIN

class iommu final : public object<iommu> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_IOMMU;

  using object::object;
};

using unowned_iommu = unowned<iommu>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_IOMMU_H_
