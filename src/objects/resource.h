// Resource: the permission to do something the host must allow. The library hands out two of kind
// SYSTEM: the hypervisor's (zx_guest_create) and VMEX's (zx_vmo_replace_as_executable).
//
// Thread safety: immutable.

#pragma once

#include <zircon/syscalls/resource.h>
#include <zircon/types.h>

#include "handles/dispatcher.h"

namespace zircon::objects {

class Resource final : public handles::Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_RESOURCE;

  Resource(zx_rsrc_kind_t kind, uint64_t base, uint64_t size)
      : Dispatcher(kType), kind_(kind), base_(base), size_(size) {}

  zx_rsrc_kind_t kind() const { return kind_; }

  // Whether this resource stands for the SYSTEM resource `system_base`: ZX_OK (the root resource
  // stands for all), ZX_ERR_WRONG_TYPE for another kind, ZX_ERR_OUT_OF_RANGE for another base.
  [[nodiscard]] zx_status_t CheckSystem(uint64_t system_base) const {
    if (kind_ == ZX_RSRC_KIND_ROOT) return ZX_OK;
    if (kind_ != ZX_RSRC_KIND_SYSTEM) return ZX_ERR_WRONG_TYPE;
    if (system_base < base_ || system_base - base_ >= size_) return ZX_ERR_OUT_OF_RANGE;
    return ZX_OK;
  }

 private:
  const zx_rsrc_kind_t kind_;
  const uint64_t base_;
  const uint64_t size_;
};

}  // namespace zircon::objects
