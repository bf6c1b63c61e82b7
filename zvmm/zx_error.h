// The words for a Zircon call that failed.
//
//   if (zx_status_t status = zx::vmo::create(size, 0, &vmo); status != ZX_OK) {
//     return ZxError("zx_vmo_create", status);
//   }

#pragma once

#include <zircon/status.h>
#include <zircon/types.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace zvmm {

// "zx_guest_create: ZX_ERR_ACCESS_DENIED".
inline absl::Status ZxError(std::string_view call, zx_status_t status) {
  return absl::InternalError(std::string(call) + ": " + zx_status_get_string(status));
}

}  // namespace zvmm
