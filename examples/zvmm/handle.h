// A Zircon handle that closes itself, and the words for a call that failed.
//
//   Handle vmo;
//   if (zx_status_t status = zx_vmo_create(size, 0, vmo.Receive()); status != ZX_OK) {
//     return ZxError("zx_vmo_create", status);
//   }

#pragma once

#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"

namespace zvmm {

// Owns one handle, or none. Not thread-safe; the calls made with get() are.
class Handle {
 public:
  Handle() = default;
  explicit Handle(zx_handle_t handle) : handle_(handle) {}
  Handle(Handle&& other) noexcept : handle_(other.Release()) {}
  Handle& operator=(Handle&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  ~Handle() { Reset(); }

  zx_handle_t get() const { return handle_; }

  // Gives the handle away.
  [[nodiscard]] zx_handle_t Release() { return std::exchange(handle_, ZX_HANDLE_INVALID); }

  void Reset(zx_handle_t handle = ZX_HANDLE_INVALID) {
    // Closing ZX_HANDLE_INVALID is allowed and does nothing.
    zx_handle_close(std::exchange(handle_, handle));
  }

  // Where a call puts the handle that it creates. What was owned before is closed.
  zx_handle_t* Receive() {
    Reset();
    return &handle_;
  }

 private:
  zx_handle_t handle_ = ZX_HANDLE_INVALID;
};

// "zx_guest_create: ZX_ERR_ACCESS_DENIED".
inline absl::Status ZxError(std::string_view call, zx_status_t status) {
  return absl::InternalError(std::string(call) + ": " + zx_status_get_string(status));
}

}  // namespace zvmm
