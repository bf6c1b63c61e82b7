// New handles on their way to the caller: written last, and closed again when the caller's pointer
// is bad, so that a call never leaves a handle that nobody knows (contract: PTR-*).
//
//   return PutHandle(out, std::move(port), rights::kPort);
//
// Thread safety: any thread.

#pragma once

#include <zircon/types.h>

#include "base/ref_ptr.h"
#include "handles/dispatcher.h"

namespace zircon::syscalls {

// Inserts the object into the process's table and writes the new handle to *out.
// ZX_ERR_NO_MEMORY (table full), ZX_ERR_BAD_STATE (forked child), ZX_ERR_INVALID_ARGS (out).
[[nodiscard]] zx_status_t PutHandle(zx_handle_t* out, base::RefPtr<handles::Dispatcher> object,
                                    zx_rights_t rights);

// Both or neither: on failure both handles are closed, though *out0 may have been written.
[[nodiscard]] zx_status_t PutHandles(zx_handle_t* out0, base::RefPtr<handles::Dispatcher> object0,
                                     zx_rights_t rights0, zx_handle_t* out1,
                                     base::RefPtr<handles::Dispatcher> object1,
                                     zx_rights_t rights1);

// For a handle that is in the table already: writes it to *out, or closes it.
[[nodiscard]] zx_status_t PutValue(zx_handle_t* out, zx_handle_t handle);

}  // namespace zircon::syscalls
