// What the host's errors are to a caller. Rows: VMO-CREATE, VMAR.

#include "objects/host_status.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <cerrno>

namespace zircon::objects {
namespace {

TEST(HostErrors, EveryErrnoOfTheTable) {
  const struct {
    int error;
    zx_status_t status;
  } kRows[] = {
      {0, ZX_OK},
      {EMFILE, ZX_ERR_NO_RESOURCES},
      {ENFILE, ZX_ERR_NO_RESOURCES},
      {ENOMEM, ZX_ERR_NO_MEMORY},
      {ENOSPC, ZX_ERR_NO_MEMORY},
      {EDQUOT, ZX_ERR_NO_MEMORY},
      {EAGAIN, ZX_ERR_NO_MEMORY},
      {EFAULT, ZX_ERR_INVALID_ARGS},
      {EEXIST, ZX_ERR_ALREADY_EXISTS},
      {EFBIG, ZX_ERR_OUT_OF_RANGE},
      {EOVERFLOW, ZX_ERR_OUT_OF_RANGE},
      {EACCES, ZX_ERR_ACCESS_DENIED},
      {EPERM, ZX_ERR_ACCESS_DENIED},
      {ENOSYS, ZX_ERR_NOT_SUPPORTED},
      {EINVAL, ZX_ERR_INTERNAL},
      {EIO, ZX_ERR_INTERNAL},
      {EBADF, ZX_ERR_INTERNAL},
      {ENODEV, ZX_ERR_INTERNAL},
  };
  for (const auto& row : kRows) EXPECT_EQ(HostStatus(row.error), row.status) << row.error;
}

}  // namespace
}  // namespace zircon::objects
