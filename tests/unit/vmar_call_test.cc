// The vmar calls on a root as a guest has one: handles, rights and result pointers. Rows: VMAR.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <cstdint>
#include <vector>

#include "contract.h"
#include "handles/handle_table.h"
#include "rights/rights.h"
#include "unit/vmar_tree.h"

namespace zircon::objects {
namespace {

class VmarCalls : public VmarTest {
 protected:
  void SetUp() override {
    VmarTest::SetUp();
    root_ = Insert(vmar_, rights::kRootVmar);
    ASSERT_EQ(zx_vmo_create(4 * kPage, 0, &vmo_handle_), ZX_OK);
    ASSERT_EQ(zx_port_create(0, &port_), ZX_OK);
  }
  void TearDown() override {
    for (zx_handle_t handle : handles_) zx_handle_close(handle);
    zx_handle_close(vmo_handle_);
    zx_handle_close(port_);
  }
  zx_handle_t Insert(base::RefPtr<handles::Dispatcher> object, zx_rights_t rights) {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    EXPECT_EQ(handles::HandleTable::Process().Insert(std::move(object), rights, &handle), ZX_OK);
    handles_.push_back(handle);
    return handle;
  }
  zx_handle_t WithRights(zx_handle_t handle, zx_rights_t rights) {
    zx_handle_t reduced = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_handle_duplicate(handle, rights, &reduced), ZX_OK);
    handles_.push_back(reduced);
    return reduced;
  }
  zx_handle_t root_ = ZX_HANDLE_INVALID;
  zx_handle_t vmo_handle_ = ZX_HANDLE_INVALID;
  zx_handle_t port_ = ZX_HANDLE_INVALID;
  std::vector<zx_handle_t> handles_;
};

TEST_F(VmarCalls, MapLooksAtHandlesFirst) {
  Shows("CALL-1 CALL-2 VMAR-MAP-1 VMAR-MAP-2 VMAR-MAP-3");
  zx_vaddr_t address = 7;
  // Everything else is wrong too.
  const uint32_t bad = ZX_VM_PERM_WRITE;
  const zx_handle_t unmappable = WithRights(vmo_handle_, ZX_RIGHT_READ | ZX_RIGHT_WRITE);
  EXPECT_EQ(zx_vmar_map(ZX_HANDLE_INVALID, bad, 1, ZX_HANDLE_INVALID, 1, 0, &address),
            ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vmar_map(port_, bad, 1, ZX_HANDLE_INVALID, 1, 0, &address), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vmar_map(root_, bad, 1, ZX_HANDLE_INVALID, 1, 0, &address), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vmar_map(root_, bad, 1, port_, 1, 0, &address), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vmar_map(root_, bad, 1, unmappable, 1, 0, &address), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmar_map(root_, bad, 1, vmo_handle_, 1, 0, &address), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(address, 7u);
}

TEST_F(VmarCalls, MapUsesTheRightsOfBothHandles) {
  Shows("RIGHTS-19 VMAR-MAP-6");
  zx_vaddr_t address = 7;
  const zx_handle_t read_only_root = WithRights(root_, ZX_RIGHT_READ);
  const zx_handle_t read_only_vmo = WithRights(vmo_handle_, ZX_RIGHT_READ | ZX_RIGHT_MAP);
  EXPECT_EQ(zx_vmar_map(read_only_root, kReadWrite, 0, vmo_handle_, 0, kPage, &address),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmar_map(root_, kReadWrite, 0, read_only_vmo, 0, kPage, &address),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmar_map(read_only_root, kRead, 0, read_only_vmo, 0, kPage, &address), ZX_OK);
  EXPECT_EQ(address, 0u);
  // A VMO becomes executable by replacing its handle only.
  EXPECT_EQ(zx_vmar_map(root_, kReadExecute, 0, vmo_handle_, 0, kPage, &address),
            ZX_ERR_ACCESS_DENIED);
  ASSERT_EQ(zx_vmo_replace_as_executable(vmo_handle_, ZX_HANDLE_INVALID, &vmo_handle_), ZX_OK);
  EXPECT_EQ(zx_vmar_map(root_, kAllPermissions, 0, vmo_handle_, 0, kPage, &address), ZX_OK);
  EXPECT_EQ(address, kPage);
}

TEST_F(VmarCalls, MapThatCannotTellItsAddressIsUndone) {
  Shows("PTR-4 VMAR-MAP-21");
  EXPECT_EQ(zx_vmar_map(root_, kRead, 0, vmo_handle_, 0, kPage, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Picture(2), "..");
  ASSERT_EQ(MapAt(0, 1, kReadWrite), ZX_OK);
  EXPECT_EQ(
      zx_vmar_map(root_, kRead | ZX_VM_SPECIFIC_OVERWRITE, 0, vmo_handle_, 0, 2 * kPage, nullptr),
      ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Picture(2), "..");
  // What another thread has put there stays.
  ASSERT_EQ(MapAt(0, 1, kReadWrite), ZX_OK);
  ASSERT_EQ(MapAt(1, 1, kRead, 1), ZX_OK);
  vmar_->UndoMap(0, 2 * kPage, nullptr, 0);
  vmar_->UndoMap(0, 2 * kPage, vmo_.get(), kPage);
  vmar_->UndoMap(0, 3 * kPage, vmo_.get(), 0);
  EXPECT_EQ(Picture(3), "wr.");
  vmar_->UndoMap(0, 2 * kPage, vmo_.get(), 0);
  EXPECT_EQ(Picture(3), "...");
}

TEST_F(VmarCalls, TheMappingOutlivesTheVmoHandle) {
  Shows("VMAR-MAP-20 VMO-3");
  zx_vaddr_t address = 7;
  ASSERT_EQ(zx_vmar_map(root_, kRead, 0, vmo_handle_, 0, kPage, &address), ZX_OK);
  const FakePage page = space_->pages[0];
  EXPECT_EQ(zx_handle_close(vmo_handle_), ZX_OK);
  EXPECT_EQ(page.vmo->size(), 4 * kPage);
  EXPECT_EQ(zx_vmar_unmap(root_, address, kPage), ZX_OK);
  ASSERT_EQ(zx_vmo_create(kPage, 0, &vmo_handle_), ZX_OK);
}

TEST_F(VmarCalls, UnmapNeedsNoRight) {
  Shows("RIGHTS-3 RIGHTS-20 VMAR-UNMAP-1");
  zx_vaddr_t address = 7;
  ASSERT_EQ(zx_vmar_map(root_, kRead, 0, vmo_handle_, 0, kPage, &address), ZX_OK);
  EXPECT_EQ(zx_vmar_unmap(ZX_HANDLE_INVALID, 1, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vmar_unmap(port_, 1, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vmar_unmap(root_, 1, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_vmar_unmap(WithRights(root_, 0), address, kPage), ZX_OK);
  EXPECT_TRUE(space_->pages.empty());
}

TEST_F(VmarCalls, ProtectNeedsTheRights) {
  Shows("RIGHTS-20 VMAR-PROTECT-1 VMAR-PROTECT-3");
  zx_vaddr_t address = 7;
  ASSERT_EQ(zx_vmar_map(root_, kReadWrite, 0, vmo_handle_, 0, kPage, &address), ZX_OK);
  EXPECT_EQ(zx_vmar_protect(ZX_HANDLE_INVALID, kRead, 1, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vmar_protect(port_, ZX_VM_PERM_WRITE, 1, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vmar_protect(WithRights(root_, 0), kRead, address, kPage), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmar_protect(WithRights(root_, 0), 0, address, kPage), ZX_OK);
  EXPECT_EQ(zx_vmar_protect(root_, kReadWrite, address, kPage), ZX_OK);
  EXPECT_EQ(zx_vmar_protect(root_, kReadExecute, address, kPage), ZX_ERR_ACCESS_DENIED);
}

TEST_F(VmarCalls, ARootCannotBeDestroyed) {
  Shows("RIGHTS-20 VMAR-DESTROY-1 VMAR-DESTROY-3");
  EXPECT_EQ(zx_vmar_destroy(ZX_HANDLE_INVALID), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vmar_destroy(port_), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_vmar_destroy(WithRights(root_, rights::kRootVmar & ~ZX_RIGHT_OP_CHILDREN)),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_vmar_destroy(root_), ZX_ERR_NOT_SUPPORTED);
}

TEST_F(VmarCalls, AfterItsGuestARootAnswersBadState) {
  Shows("VMAR-DESTROY-2 VMAR-MAP-11 VMAR-PROTECT-5 VMAR-UNMAP-3");
  vmar_->Destroy();
  zx_vaddr_t address = 7;
  EXPECT_EQ(zx_vmar_map(root_, kRead, 0, vmo_handle_, 0, kPage, &address), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_vmar_unmap(root_, 0, kPage), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_vmar_protect(root_, kRead, 0, kPage), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_vmar_destroy(root_), ZX_ERR_BAD_STATE);
}

}  // namespace
}  // namespace zircon::objects
