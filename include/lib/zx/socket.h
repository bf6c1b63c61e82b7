// lib/zx/socket.h: zx::socket, the owner of an end of a socket.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_SOCKET_H_
#define LIB_ZX_SOCKET_H_

#include <lib/zx/object.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class socket final : public object<socket> {
 public:
  // Its kind.
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_SOCKET;

  using object::object;

  // zx_socket_create(): both ends or neither.
  static zx_status_t create(uint32_t options, socket* end0, socket* end1) {
    zx_handle_t handle0 = ZX_HANDLE_INVALID;
    zx_handle_t handle1 = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_socket_create(options, &handle0, &handle1);
    end0->reset(status == ZX_OK ? handle0 : ZX_HANDLE_INVALID);
    end1->reset(status == ZX_OK ? handle1 : ZX_HANDLE_INVALID);
    return status;
  }

  // zx_socket_write().
  zx_status_t write(uint32_t options, const void* buffer, size_t size, size_t* actual) const {
    return zx_socket_write(get(), options, buffer, size, actual);
  }
  // zx_socket_read().
  zx_status_t read(uint32_t options, void* buffer, size_t size, size_t* actual) const {
    return zx_socket_read(get(), options, buffer, size, actual);
  }
#if ZX_DETAIL_API_2018
  // zx_socket_shutdown().
  zx_status_t shutdown(uint32_t options) const { return zx_socket_shutdown(get(), options); }
#else
  // zx_socket_set_disposition().
  zx_status_t set_disposition(uint32_t disposition, uint32_t disposition_peer) const {
    return zx_socket_set_disposition(get(), disposition, disposition_peer);
  }
#endif
};

using unowned_socket = unowned<socket>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_SOCKET_H_
