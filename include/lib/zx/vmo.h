// lib/zx/vmo.h: zx::vmo, the owner of a VMO.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_VMO_H_
#define LIB_ZX_VMO_H_

#include <lib/zx/object.h>
#include <lib/zx/resource.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class vmo final : public object<vmo> {
 public:
  constexpr vmo() = default;
  constexpr explicit vmo(zx_handle_t value) : object(value) {}

  // zx_vmo_create().
  static zx_status_t create(uint64_t size, uint32_t options, vmo* result) {
    return zx_vmo_create(size, options, result->reset_and_get_address());
  }
#if defined(ZX_API_2018)
  // zx_vmo_clone().
  zx_status_t clone(uint32_t options, uint64_t offset, uint64_t size, vmo* result) const {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_vmo_clone(get(), options, offset, size, &handle);
    result->reset(status == ZX_OK ? handle : ZX_HANDLE_INVALID);
    return status;
  }
#else
  // zx_vmo_create_child(); *result may be this object.
  zx_status_t create_child(uint32_t options, uint64_t offset, uint64_t size, vmo* result) const {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_vmo_create_child(get(), options, offset, size, &handle);
    result->reset(status == ZX_OK ? handle : ZX_HANDLE_INVALID);
    return status;
  }
#endif
  // zx_vmo_read().
  zx_status_t read(void* data, uint64_t offset, size_t size) const {
    return zx_vmo_read(get(), data, offset, size);
  }
  // zx_vmo_write().
  zx_status_t write(const void* data, uint64_t offset, size_t size) const {
    return zx_vmo_write(get(), data, offset, size);
  }
  // zx_vmo_get_size().
  zx_status_t get_size(uint64_t* size) const { return zx_vmo_get_size(get(), size); }
  // zx_vmo_set_size().
  zx_status_t set_size(uint64_t size) const { return zx_vmo_set_size(get(), size); }
  // zx_vmo_op_range().
  zx_status_t op_range(uint32_t op, uint64_t offset, uint64_t size, void* buffer,
                       size_t buffer_size) const {
    return zx_vmo_op_range(get(), op, offset, size, buffer, buffer_size);
  }
  // zx_vmo_set_cache_policy().
  zx_status_t set_cache_policy(uint32_t policy) const {
    return zx_vmo_set_cache_policy(get(), policy);
  }
  // zx_vmo_replace_as_executable(): gives up this handle for one that has EXECUTE; *result may be
  // this object.
  zx_status_t replace_as_executable(const resource& vmex, vmo* result) {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_vmo_replace_as_executable(release(), vmex.get(), &handle);
    result->reset(status == ZX_OK ? handle : ZX_HANDLE_INVALID);
    return status;
  }
};

using unowned_vmo = unowned<vmo>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_VMO_H_
