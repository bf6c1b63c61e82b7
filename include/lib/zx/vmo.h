// lib/zx/vmo.h: zx::vmo, the owner of a VMO.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_VMO_H_
#define LIB_ZX_VMO_H_

#include <lib/zx/bti.h>
#include <lib/zx/object.h>
#include <lib/zx/resource.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class vmo final : public object<vmo> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_VMO;

  using object::object;

  // zx_vmo_create().
  static zx_status_t create(uint64_t size, uint32_t options, vmo* result) {
    return zx_vmo_create(size, options, result->reset_and_get_address());
  }
  // zx_vmo_create_physical().
  static zx_status_t create_physical(const resource& memory, zx_paddr_t address, size_t size,
                                     vmo* result) {
    return zx_vmo_create_physical(memory.get(), address, size, result->reset_and_get_address());
  }
  // zx_vmo_create_contiguous().
  static zx_status_t create_contiguous(const bti& device, size_t size, uint32_t alignment_log2,
                                       vmo* result) {
    return zx_vmo_create_contiguous(device.get(), size, alignment_log2,
                                    result->reset_and_get_address());
  }
#if ZX_DETAIL_API_2018
  // zx_vmo_clone(); *result may be this object.
  zx_status_t clone(uint32_t options, uint64_t offset, uint64_t size, vmo* result) const {
    zx_handle_t value = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_vmo_clone(get(), options, offset, size, &value);
    result->reset(status == ZX_OK ? value : ZX_HANDLE_INVALID);
    return status;
  }
  // The name that clone has had since: zx_vmo_clone().
  zx_status_t create_child(uint32_t options, uint64_t offset, uint64_t size, vmo* result) const {
    return clone(options, offset, size, result);
  }
#else
  // zx_vmo_create_child(); *result may be this object.
  zx_status_t create_child(uint32_t options, uint64_t offset, uint64_t size, vmo* result) const {
    zx_handle_t value = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_vmo_create_child(get(), options, offset, size, &value);
    result->reset(status == ZX_OK ? value : ZX_HANDLE_INVALID);
    return status;
  }
  // zx_vmo_get_stream_size().
  zx_status_t get_stream_size(uint64_t* size) const { return zx_vmo_get_stream_size(get(), size); }
  // zx_vmo_set_stream_size().
  zx_status_t set_stream_size(uint64_t size) const { return zx_vmo_set_stream_size(get(), size); }
  // zx_object_get_property() of ZX_PROP_VMO_CONTENT_SIZE.
  zx_status_t get_prop_content_size(uint64_t* size) const {
    return get_property(ZX_PROP_VMO_CONTENT_SIZE, size, sizeof(*size));
  }
  // zx_object_set_property() of ZX_PROP_VMO_CONTENT_SIZE.
  zx_status_t set_prop_content_size(uint64_t size) const {
    return set_property(ZX_PROP_VMO_CONTENT_SIZE, &size, sizeof(size));
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
  // this object. `vmex` is a zx::resource, or the zx::handle of one.
  zx_status_t replace_as_executable(const object_base& vmex, vmo* result) {
    zx_handle_t value = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_vmo_replace_as_executable(release(), vmex.get(), &value);
    result->reset(status == ZX_OK ? value : ZX_HANDLE_INVALID);
    return status;
  }
};

using unowned_vmo = unowned<vmo>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_VMO_H_
