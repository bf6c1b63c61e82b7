// lib/zx/guest.h: zx::guest, the owner of a guest.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_GUEST_H_
#define LIB_ZX_GUEST_H_

#include <lib/zx/object.h>
#include <lib/zx/port.h>
#include <lib/zx/resource.h>
#include <lib/zx/vmar.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class guest final : public object<guest> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_GUEST;

  using object::object;

  // zx_guest_create(): both the guest and its physical address space, or neither.
  static zx_status_t create(const resource& hypervisor, uint32_t options, guest* result,
                            vmar* space) {
    zx_handle_t guest_handle = ZX_HANDLE_INVALID;
    zx_handle_t space_handle = ZX_HANDLE_INVALID;
    const zx_status_t status =
        zx_guest_create(hypervisor.get(), options, &guest_handle, &space_handle);
    result->reset(status == ZX_OK ? guest_handle : ZX_HANDLE_INVALID);
    space->reset(status == ZX_OK ? space_handle : ZX_HANDLE_INVALID);
    return status;
  }
  // zx_guest_set_trap().
  zx_status_t set_trap(uint32_t kind, zx_gpaddr_t address, size_t size, const port& to,
                       uint64_t key) const {
    return zx_guest_set_trap(get(), kind, address, size, to.get(), key);
  }
};

using unowned_guest = unowned<guest>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_GUEST_H_
