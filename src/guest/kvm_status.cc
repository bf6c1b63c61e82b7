#include "guest/kvm_status.h"

#include <zircon/errors.h>

#include <cerrno>

namespace zircon::guest {

zx_status_t StatusFromErrno(int error) {
  switch (error) {
    case 0:
      return ZX_OK;
    case EACCES:
    case EPERM:
      return ZX_ERR_ACCESS_DENIED;
    case EMFILE:
    case ENFILE:
    case ENOSPC:
    case EAGAIN:
      return ZX_ERR_NO_RESOURCES;
    case ENOMEM:
      return ZX_ERR_NO_MEMORY;
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ENOTTY:
    case ENOSYS:
    case EOPNOTSUPP:
    case EBUSY:  // the processor's virtualization belongs to another hypervisor
      return ZX_ERR_NOT_SUPPORTED;
    default:
      return ZX_ERR_INTERNAL;
  }
}

}  // namespace zircon::guest
