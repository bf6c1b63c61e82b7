// lib/zx/port.h: zx::port, the owner of a port.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_PORT_H_
#define LIB_ZX_PORT_H_

#include <lib/zx/object.h>
#include <lib/zx/time.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class port;

template <>
struct object_traits<port> {
  static constexpr bool supports_duplication = true;
  static constexpr bool supports_wait = false;
  static constexpr bool supports_peer = false;
};

class port final : public object<port> {
 public:
  constexpr port() = default;
  constexpr explicit port(zx_handle_t value) : object(value) {}

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
  template <typename T>
  zx_status_t cancel(const object<T>& source, uint64_t key) const {
    return zx_port_cancel(get(), source.get(), key);
  }
  // zx_port_cancel_key().
  zx_status_t cancel_key(uint32_t options, uint64_t key) const {
    return zx_port_cancel_key(get(), options, key);
  }
};

using unowned_port = unowned<port>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_PORT_H_
