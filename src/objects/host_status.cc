#include "objects/host_status.h"

#include <cerrno>

namespace zircon::objects {

zx_status_t HostStatus(int error) {
  switch (error) {
    case 0:
      return ZX_OK;
    case EMFILE:
    case ENFILE:
      return ZX_ERR_NO_RESOURCES;
    case ENOMEM:
    case ENOSPC:  // no room in the kernel's memory file system
    case EDQUOT:
    case EAGAIN:  // more memory would have to be locked than the process may
      return ZX_ERR_NO_MEMORY;
    case EFAULT:
      return ZX_ERR_INVALID_ARGS;
    case EEXIST:
      return ZX_ERR_ALREADY_EXISTS;
    case EFBIG:
    case EOVERFLOW:  // beyond the largest offset of a file
      return ZX_ERR_OUT_OF_RANGE;
    case EACCES:
    case EPERM:
      return ZX_ERR_ACCESS_DENIED;
    case ENOSYS:
      return ZX_ERR_NOT_SUPPORTED;
    default:
      return ZX_ERR_INTERNAL;
  }
}

}  // namespace zircon::objects
