// lib/zx/resource.h: zx::resource, the owner of a resource.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_RESOURCE_H_
#define LIB_ZX_RESOURCE_H_

#include <lib/zx/object.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class resource;

template <>
struct object_traits<resource> {
  static constexpr bool supports_duplication = true;
  static constexpr bool supports_wait = false;
  static constexpr bool supports_peer = false;
};

class resource final : public object<resource> {
 public:
  constexpr resource() = default;
  constexpr explicit resource(zx_handle_t value) : object(value) {}

  // zx_resource_create().
  static zx_status_t create(const resource& parent, uint32_t options, uint64_t base, size_t size,
                            const char* name, size_t name_size, resource* result) {
    // Into a handle of its own, since *result may be the parent.
    zx_handle_t handle = ZX_HANDLE_INVALID;
    const zx_status_t status =
        zx_resource_create(parent.get(), options, base, size, name, name_size, &handle);
    result->reset(status == ZX_OK ? handle : ZX_HANDLE_INVALID);
    return status;
  }
};

using unowned_resource = unowned<resource>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_RESOURCE_H_
