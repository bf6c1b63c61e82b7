// lib/zx/handle.h: zx::handle, the owner of a handle to any kind of object.
// Ownership and thread safety: <lib/zx/object.h>.

#ifndef LIB_ZX_HANDLE_H_
#define LIB_ZX_HANDLE_H_

#include <lib/zx/object.h>
#include <zircon/syscalls.h>

ZX_DETAIL_ZX_BEGIN

class handle;

template <>
struct object_traits<handle> {
  static constexpr bool supports_duplication = true;
  static constexpr bool supports_wait = true;
  static constexpr bool supports_peer = true;
};

class handle final : public object<handle> {
 public:
  constexpr handle() = default;
  constexpr explicit handle(zx_handle_t value) : object(value) {}

  // Takes over the handle of an owner of a kind.
  template <typename U>
  handle(object<U>&& other) : object(other.release()) {}  // NOLINT: any kind is one

  // zx_handle_close_many().
  static zx_status_t close_many(const zx_handle_t* handles, size_t count) {
    return zx_handle_close_many(handles, count);
  }
};

using unowned_handle = unowned<handle>;

ZX_DETAIL_ZX_END

#endif  // LIB_ZX_HANDLE_H_
