// lib/zx/vcpu.h: zx::vcpu, the owner of a VCPU.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_VCPU_H_
#define LIB_ZX_VCPU_H_

#include <lib/zx/guest.h>
#include <lib/zx/object.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class vcpu final : public object<vcpu> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_VCPU;

  using object::object;

  // zx_vcpu_create().
  static zx_status_t create(const guest& of, uint32_t options, zx_gpaddr_t entry, vcpu* result) {
    return zx_vcpu_create(of.get(), options, entry, result->reset_and_get_address());
  }
  // zx_vcpu_resume().
  zx_status_t resume(zx_port_packet_t* packet) const { return zx_vcpu_resume(get(), packet); }
#if !ZX_DETAIL_API_2018
  // zx_vcpu_enter().
  zx_status_t enter(zx_port_packet_t* packet) const { return zx_vcpu_enter(get(), packet); }
#endif
  // zx_vcpu_kick().
  zx_status_t kick() const { return zx_vcpu_kick(get()); }
  // zx_vcpu_interrupt().
  zx_status_t interrupt(uint32_t vector) const { return zx_vcpu_interrupt(get(), vector); }
  // zx_vcpu_read_state().
  zx_status_t read_state(uint32_t kind, void* buffer, size_t size) const {
    return zx_vcpu_read_state(get(), kind, buffer, size);
  }
  // zx_vcpu_write_state().
  zx_status_t write_state(uint32_t kind, const void* buffer, size_t size) const {
    return zx_vcpu_write_state(get(), kind, buffer, size);
  }
};

using unowned_vcpu = unowned<vcpu>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_VCPU_H_
