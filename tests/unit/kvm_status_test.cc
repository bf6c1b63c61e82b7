// The errno table. Rows: KVM-ERR.

#include "guest/kvm_status.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <cerrno>

#include "contract.h"

namespace zircon::guest {
namespace {

TEST(KvmStatus, EveryErrnoOfTheTable) {
  Shows("KVM-ERR-1 KVM-ERR-2 KVM-ERR-3 KVM-ERR-4 KVM-ERR-8");
  const struct {
    int error;
    zx_status_t status;
  } kRows[] = {
      {0, ZX_OK},
      {EACCES, ZX_ERR_ACCESS_DENIED},
      {EPERM, ZX_ERR_ACCESS_DENIED},
      {EMFILE, ZX_ERR_NO_RESOURCES},
      {ENFILE, ZX_ERR_NO_RESOURCES},
      {ENOSPC, ZX_ERR_NO_RESOURCES},
      {EAGAIN, ZX_ERR_NO_RESOURCES},
      {ENOMEM, ZX_ERR_NO_MEMORY},
      {ENOENT, ZX_ERR_NOT_SUPPORTED},
      {ENODEV, ZX_ERR_NOT_SUPPORTED},
      {ENXIO, ZX_ERR_NOT_SUPPORTED},
      {ENOTTY, ZX_ERR_NOT_SUPPORTED},
      {ENOSYS, ZX_ERR_NOT_SUPPORTED},
      {EOPNOTSUPP, ZX_ERR_NOT_SUPPORTED},
      {ENOTSUP, ZX_ERR_NOT_SUPPORTED},
      {EBUSY, ZX_ERR_NOT_SUPPORTED},
      {EINVAL, ZX_ERR_INTERNAL},
      {EEXIST, ZX_ERR_INTERNAL},
      {EFAULT, ZX_ERR_INTERNAL},
      {EIO, ZX_ERR_INTERNAL},
      {EBADF, ZX_ERR_INTERNAL},
  };
  for (const auto& row : kRows) EXPECT_EQ(StatusFromErrno(row.error), row.status) << row.error;
}

}  // namespace
}  // namespace zircon::guest
