// zx_vmo_create_physical, zx_vmo_create_contiguous. Rows: VMO-PHYSICAL.

#include <gtest/gtest.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>

#include "contract.h"
#include "handles_in_tests.h"

namespace zircon::test {
namespace {

constexpr size_t kPage = ZX_PAGE_SIZE;

zx_status_t Physical(zx_handle_t resource, zx_paddr_t address, size_t size) {
  zx_handle_t vmo = 5;
  const zx_status_t status = zx_vmo_create_physical(resource, address, size, &vmo);
  EXPECT_EQ(vmo, 5u);
  return status;
}

TEST(VmoPhysical, ChecksInOrder) {
  Shows("VMO-PHYSICAL-1 VMO-PHYSICAL-2 VMO-PHYSICAL-5");
  zx_handle_t root = ZX_HANDLE_INVALID;
  ASSERT_EQ(zircon_kvm_root_resource(&root), ZX_OK);
  zx_handle_t memory = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_resource_create(root, ZX_RSRC_KIND_MMIO, 16 * kPage, 4 * kPage, "x", 1, &memory),
            ZX_OK);
  zx_handle_t ports = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_resource_create(root, ZX_RSRC_KIND_IOPORT, 0, 8, "x", 1, &ports), ZX_OK);
  EXPECT_EQ(Physical(ZX_HANDLE_INVALID, 1, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Physical(zx_process_self(), 1, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Physical(ports, 1, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Physical(memory, 15 * kPage, kPage), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Physical(memory, 19 * kPage, 2 * kPage), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Physical(memory, 16 * kPage, SIZE_MAX), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Physical(root, 0, SIZE_MAX), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Physical(root, UINTPTR_MAX, 2), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Physical(memory, 16 * kPage + 1, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Physical(memory, 16 * kPage, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Physical(memory, 16 * kPage, 4 * kPage), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(Physical(memory, 16 * kPage, 1), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(Physical(root, 0, kPage), ZX_ERR_NOT_SUPPORTED);
  for (const zx_handle_t handle : {root, memory, ports}) EXPECT_EQ(zx_handle_close(handle), ZX_OK);
}

TEST(VmoPhysical, Contiguous) {
  Shows("VMO-PHYSICAL-3 VMO-PHYSICAL-4");
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_vmo_create_contiguous(ZX_HANDLE_INVALID, 0, 0, &vmo), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vmo_create_contiguous(ZX_HANDLE_INVALID, kPage, 11, &vmo), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vmo_create_contiguous(ZX_HANDLE_INVALID, kPage, 64, &vmo), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vmo_create_contiguous(ZX_HANDLE_INVALID, kPage, 63, &vmo), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vmo_create_contiguous(ZX_HANDLE_INVALID, kPage, 0, &vmo), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vmo_create_contiguous(zx_process_self(), kPage, 12, &vmo), ZX_ERR_WRONG_TYPE);
}

}  // namespace
}  // namespace zircon::test
