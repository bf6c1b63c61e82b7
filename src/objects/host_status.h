// HostStatus: the status for an errno of the calls that make and map memory (memfd_create,
// ftruncate, pread, pwrite, mmap, mprotect).

#pragma once

#include <zircon/types.h>

namespace zircon::objects {

[[nodiscard]] zx_status_t HostStatus(int error);

}  // namespace zircon::objects
