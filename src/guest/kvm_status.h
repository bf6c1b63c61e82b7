// The one table that turns an errno of a KVM call into a status (contract KVM-ERR rows).
// Thread safety: pure.

#pragma once

#include <zircon/types.h>

namespace zircon::guest {

// 0 is ZX_OK; what the table does not name is ZX_ERR_INTERNAL.
zx_status_t StatusFromErrno(int error);

}  // namespace zircon::guest
