// lib/zx/vmar.h: zx::vmar, the owner of a VMAR.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_VMAR_H_
#define LIB_ZX_VMAR_H_

#include <lib/zx/object.h>
#include <lib/zx/vmo.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class vmar final : public object<vmar> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_VMAR;

  using object::object;

  // zx_vmar_map().
  zx_status_t map(zx_vm_option_t options, size_t vmar_offset, const vmo& memory,
                  uint64_t vmo_offset, size_t size, uintptr_t* address) const {
    return zx_vmar_map(get(), options, vmar_offset, memory.get(), vmo_offset, size, address);
  }
  // The same, the options in their older place.
  zx_status_t map(size_t vmar_offset, const vmo& memory, uint64_t vmo_offset, size_t size,
                  zx_vm_option_t options, uintptr_t* address) const {
    return zx_vmar_map(get(), options, vmar_offset, memory.get(), vmo_offset, size, address);
  }
#if ZX_DETAIL_API_2018
  // zx_vmar_protect().
  zx_status_t protect(uintptr_t address, size_t size, zx_vm_option_t options) const {
    return zx_vmar_protect(get(), options, address, size);
  }
  // zx_vmar_allocate(); *child may be this object.
  zx_status_t allocate(size_t offset, size_t size, zx_vm_option_t options, vmar* child,
                       uintptr_t* address) const {
    return allocate2(options, offset, size, child, address);
  }
#else
  // zx_vmar_protect().
  zx_status_t protect(zx_vm_option_t options, uintptr_t address, size_t size) const {
    return zx_vmar_protect(get(), options, address, size);
  }
  // zx_vmar_allocate(); *child may be this object.
  zx_status_t allocate(zx_vm_option_t options, size_t offset, size_t size, vmar* child,
                       uintptr_t* address) const {
    return allocate2(options, offset, size, child, address);
  }
#endif
  // zx_vmar_protect(), under the name that today's order had between the generations.
  zx_status_t protect2(zx_vm_option_t options, uintptr_t address, size_t size) const {
    return zx_vmar_protect(get(), options, address, size);
  }
  // zx_vmar_allocate(), likewise.
  zx_status_t allocate2(zx_vm_option_t options, size_t offset, size_t size, vmar* child,
                        uintptr_t* address) const {
    // Into a handle of its own, since *child may be this object.
    zx_handle_t value = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_vmar_allocate(get(), options, offset, size, &value, address);
    child->reset(status == ZX_OK ? value : ZX_HANDLE_INVALID);
    return status;
  }
  // zx_vmar_unmap().
  zx_status_t unmap(uintptr_t address, size_t size) const {
    return zx_vmar_unmap(get(), address, size);
  }
  // zx_vmar_op_range().
  zx_status_t op_range(uint32_t op, uintptr_t address, size_t size, void* buffer,
                       size_t buffer_size) const {
    return zx_vmar_op_range(get(), op, address, size, buffer, buffer_size);
  }
  // zx_vmar_destroy().
  zx_status_t destroy() const { return zx_vmar_destroy(get()); }

  // zx_vmar_root_self(): the root of this process.
  static unowned<vmar> root_self() { return unowned<vmar>(zx_vmar_root_self()); }
};

using unowned_vmar = unowned<vmar>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_VMAR_H_
