// lib/zx/port.h: zx::port, the owner of a port.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_PORT_H_
#define LIB_ZX_PORT_H_

#include <lib/zx/object.h>
#include <lib/zx/time.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class port final : public object<port> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_PORT;

  using object::object;

  // zx_port_create().
  static zx_status_t create(uint32_t options, port* result) {
    return zx_port_create(options, result->reset_and_get_address());
  }
  // zx_port_queue().
  zx_status_t queue(const zx_port_packet_t* packet) const { return zx_port_queue(get(), packet); }
  // zx_port_wait().
  zx_status_t wait(zx::time deadline, zx_port_packet_t* packet) const {
    return zx_port_wait(get(), deadline.get(), packet);
  }
  // zx_port_cancel().
  zx_status_t cancel(const object_base& source, uint64_t key) const {
    return zx_port_cancel(get(), source.get(), key);
  }
#if ZX_DETAIL_API_2018
  // The same with a handle's value.
  zx_status_t cancel(zx_handle_t source, uint64_t key) const {
    return zx_port_cancel(get(), source, key);
  }
#endif
  // zx_port_cancel_key().
  zx_status_t cancel_key(uint32_t options, uint64_t key) const {
    return zx_port_cancel_key(get(), options, key);
  }
};

using unowned_port = unowned<port>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_PORT_H_
