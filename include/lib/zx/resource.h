// lib/zx/resource.h: zx::resource, the owner of a resource.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_RESOURCE_H_
#define LIB_ZX_RESOURCE_H_

#include <lib/zx/object.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class resource final : public object<resource> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_RESOURCE;

  using object::object;

  // zx_resource_create().
  static zx_status_t create(const resource& parent, uint32_t options, uint64_t base, size_t size,
                            const char* name, size_t name_size, resource* result) {
    // Into a handle of its own, since *result may be the parent.
    zx_handle_t value = ZX_HANDLE_INVALID;
    const zx_status_t status =
        zx_resource_create(parent.get(), options, base, size, name, name_size, &value);
    result->reset(status == ZX_OK ? value : ZX_HANDLE_INVALID);
    return status;
  }
};

using unowned_resource = unowned<resource>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_RESOURCE_H_
