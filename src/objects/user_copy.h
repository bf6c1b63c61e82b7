// How objects move bytes from and to the caller, whose pointers they do not know: the call hands
// them a function that copies, checked, and says ZX_ERR_INVALID_ARGS when the memory is bad.

#pragma once

#include <zircon/types.h>

#include <cstddef>

#include "absl/functional/function_ref.h"

namespace zircon::objects {

// Copies `size` bytes between `memory` and the caller's buffer, from its byte `offset` on.
using CopyFromUser = absl::FunctionRef<zx_status_t(void* memory, size_t offset, size_t size)>;
using CopyToUser = absl::FunctionRef<zx_status_t(const void* memory, size_t offset, size_t size)>;

}  // namespace zircon::objects
