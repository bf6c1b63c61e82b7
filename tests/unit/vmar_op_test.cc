// zx_vmar_op_range: on VMOs that are real, in an address space that only keeps books; on the
// process see process_vmar_test.cc. Rows: VMAR-OP.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zircon/syscalls.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "contract.h"
#include "handles/handle_table.h"
#include "objects/range_op.h"
#include "rights/rights.h"
#include "unit/vmar_tree.h"

namespace zircon::objects {
namespace {

constexpr uint32_t kAllOps[] = {ZX_VMAR_OP_COMMIT,  ZX_VMAR_OP_DECOMMIT,  ZX_VMAR_OP_MAP_RANGE,
                                ZX_VMAR_OP_ZERO,    ZX_VMAR_OP_DONT_NEED, ZX_VMAR_OP_ALWAYS_NEED,
                                ZX_VMAR_OP_PREFETCH};
constexpr uint32_t kChanging[] = {ZX_VMAR_OP_COMMIT, ZX_VMAR_OP_DECOMMIT, ZX_VMAR_OP_ZERO};
constexpr uint32_t kHints[] = {ZX_VMAR_OP_DONT_NEED, ZX_VMAR_OP_ALWAYS_NEED, ZX_VMAR_OP_PREFETCH};

class VmarOp : public VmarTest {
 protected:
  zx_status_t Op(uint32_t op, uint64_t page, uint64_t pages,
                 zx_rights_t rights = kAllRights | ZX_RIGHT_OP_CHILDREN) {
    return vmar_->OpRange(op, vmar_->base() + page * kPage, pages * kPage, rights);
  }
  // How many pages of memory the VMO has.
  uint64_t Committed() const {
    struct stat file;
    EXPECT_EQ(fstat(vmo_->fd(), &file), 0);
    return static_cast<uint64_t>(file.st_blocks) * 512 / kPage;
  }
  void Fill(uint64_t page, uint64_t pages, uint8_t value) {
    const std::vector<uint8_t> bytes(pages * kPage, value);
    ASSERT_EQ(vmo_->Write(bytes.data(), page * kPage, bytes.size()), ZX_OK);
  }
  // The first and the last byte of each page: a digit, or '!' where they differ.
  std::string Bytes(uint64_t pages) {
    std::string text;
    for (uint64_t page = 0; page < pages; ++page) {
      uint8_t first = 0;
      uint8_t last = 0;
      EXPECT_EQ(vmo_->Read(&first, page * kPage, 1), ZX_OK);
      EXPECT_EQ(vmo_->Read(&last, (page + 1) * kPage - 1, 1), ZX_OK);
      text += first == last ? static_cast<char>('0' + first) : '!';
    }
    return text;
  }
};

TEST_F(VmarOp, ChecksInOrder) {
  Shows("VMAR-OP-4 VMAR-OP-5 VMAR-OP-6 VMAR-OP-7 VMAR-OP-8 VMAR-OP-9 VMAR-OP-10");
  base::RefPtr<Vmar> child;
  ASSERT_EQ(vmar_->Allocate(ZX_VM_SPECIFIC | ZX_VM_CAN_MAP_SPECIFIC, 8 * kPage, 2 * kPage, &child),
            ZX_OK);
  ASSERT_EQ(MapAt(0, 2, kReadWrite), ZX_OK);
  ASSERT_EQ(MapAt(2, 1, kRead), ZX_OK);
  ASSERT_EQ(MapAt(4, 2, kReadWrite, 15), ZX_OK);
  for (uint32_t op : kAllOps) {
    // Everything behind is wrong, too.
    EXPECT_EQ(vmar_->OpRange(op, kSize, 0, 0), ZX_ERR_INVALID_ARGS) << op;
    EXPECT_EQ(vmar_->OpRange(op, kSize + 1, kPage, 0), ZX_ERR_INVALID_ARGS) << op;
    EXPECT_EQ(vmar_->OpRange(op, 0, kPage + 1, 0), ZX_ERR_INVALID_ARGS) << op;
    EXPECT_EQ(vmar_->OpRange(op, kSize, kPage, 0), ZX_ERR_OUT_OF_RANGE) << op;
    EXPECT_EQ(vmar_->OpRange(op, 0, kSize + kPage, 0), ZX_ERR_OUT_OF_RANGE) << op;
    EXPECT_EQ(vmar_->OpRange(op, UINT64_MAX - kPage + 1, 2 * kPage, 0), ZX_ERR_OUT_OF_RANGE) << op;
    EXPECT_EQ(Op(op, 2, 10, kAllRights), ZX_ERR_INVALID_ARGS) << op;
    const bool reaches = op != ZX_VMAR_OP_COMMIT && op != ZX_VMAR_OP_DECOMMIT;
    EXPECT_EQ(Op(op, 2, 10), reaches ? ZX_ERR_BAD_STATE : ZX_ERR_INVALID_ARGS) << op;
    EXPECT_EQ(Op(op, 3, 1), ZX_ERR_BAD_STATE) << op;
    EXPECT_EQ(Op(op, 0, 4), ZX_ERR_BAD_STATE) << op;
    // The end of the VMO.
    EXPECT_EQ(Op(op, 4, 2), op == ZX_VMAR_OP_MAP_RANGE ? ZX_OK : ZX_ERR_OUT_OF_RANGE) << op;
    EXPECT_EQ(Op(op, 5, 1), op == ZX_VMAR_OP_MAP_RANGE ? ZX_OK : ZX_ERR_OUT_OF_RANGE) << op;
    EXPECT_EQ(Op(op, 4, 1), ZX_OK) << op;
    EXPECT_EQ(Op(op, 0, 2, 0), ZX_OK) << op;
  }
  for (uint32_t op : {ZX_VMAR_OP_COMMIT, ZX_VMAR_OP_ZERO}) {
    EXPECT_EQ(Op(op, 1, 2), ZX_ERR_ACCESS_DENIED) << op;
  }
  for (uint32_t op : kHints) EXPECT_EQ(Op(op, 0, 3), ZX_OK) << op;
  EXPECT_EQ(Op(ZX_VMAR_OP_MAP_RANGE, 0, 3), ZX_OK);
  // Protected, before the end of the VMO.
  ASSERT_EQ(Protect(4, 2, kRead), ZX_OK);
  EXPECT_EQ(Op(ZX_VMAR_OP_ZERO, 4, 2), ZX_ERR_ACCESS_DENIED);
  vmar_->Destroy();
  EXPECT_EQ(vmar_->OpRange(ZX_VMAR_OP_ZERO, 1, kPage, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->OpRange(ZX_VMAR_OP_ZERO, kSize, kPage, 0), ZX_ERR_BAD_STATE);
}

TEST_F(VmarOp, DecommitNeedsWhatTheMappingMightPermit) {
  Shows("VMAR-OP-9 VMAR-OP-12");
  Fill(0, 4, 3);
  uint64_t at = 0;
  // Read-only for now, and for ever.
  ASSERT_EQ(MapAt(0, 1, kRead, 0), ZX_OK);
  ASSERT_EQ(
      vmar_->Map(kRead | ZX_VM_SPECIFIC, kPage, vmo_, kReadRight, kAllRights, kPage, kPage, &at),
      ZX_OK);
  EXPECT_EQ(Op(ZX_VMAR_OP_DECOMMIT, 0, 2), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Op(ZX_VMAR_OP_DECOMMIT, 1, 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Bytes(4), "3333");
  EXPECT_EQ(Op(ZX_VMAR_OP_DECOMMIT, 0, 1), ZX_OK);
  EXPECT_EQ(Bytes(4), "0333");
}

TEST_F(VmarOp, ARefusedOpChangesNothing) {
  Shows("VMAR-OP-9 VMAR-OP-10");
  Fill(0, 16, 5);
  ASSERT_EQ(MapAt(0, 2, kReadWrite, 0), ZX_OK);
  ASSERT_EQ(MapAt(2, 1, kRead, 2), ZX_OK);
  ASSERT_EQ(MapAt(6, 2, kReadWrite, 14), ZX_OK);
  ASSERT_EQ(MapAt(8, 1, kReadWrite, 16), ZX_OK);
  EXPECT_EQ(Op(ZX_VMAR_OP_ZERO, 0, 3), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Op(ZX_VMAR_OP_DECOMMIT, 6, 3), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Bytes(16), "5555555555555555");
}

TEST_F(VmarOp, CommitAllocates) {
  Shows("VMAR-OP-11");
  Fill(3, 1, 7);
  ASSERT_EQ(MapAt(0, 4, kReadWrite, 2), ZX_OK);
  EXPECT_EQ(Committed(), 1u);
  EXPECT_EQ(Op(ZX_VMAR_OP_COMMIT, 0, 3), ZX_OK);
  EXPECT_EQ(Committed(), 3u);
  EXPECT_EQ(Bytes(6), "000700");
  EXPECT_EQ(vmo_->size(), 16 * kPage);
}

TEST_F(VmarOp, CommitOfMoreThanThereIs) {
  Shows("VMAR-OP-17");
  constexpr uint64_t kHuge = uint64_t{1} << 44;
  vmo_ = MakeVmo(kHuge);
  EXPECT_EQ(DoRangeOp(ZX_VMAR_OP_COMMIT, {{0, kHuge, Mapping{vmo_, 0, kReadWrite}}}),
            ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Committed(), 0u);
}

TEST_F(VmarOp, DecommitAndZeroGiveZeros) {
  Shows("VMAR-OP-12 VMAR-OP-13");
  Fill(0, 16, 9);
  // Two mappings of the same VMO, neighbours, in another order than its pages.
  ASSERT_EQ(MapAt(0, 4, kReadWrite, 8), ZX_OK);
  ASSERT_EQ(MapAt(4, 4, kReadWrite, 0), ZX_OK);
  EXPECT_EQ(Op(ZX_VMAR_OP_DECOMMIT, 2, 3), ZX_OK);
  EXPECT_EQ(Bytes(16), "0999999999009999");
  EXPECT_EQ(Committed(), 13u);
  EXPECT_EQ(Op(ZX_VMAR_OP_ZERO, 5, 2), ZX_OK);
  EXPECT_EQ(Bytes(16), "0009999999009999");
  EXPECT_EQ(Op(ZX_VMAR_OP_ZERO, 0, 8), ZX_OK);
  EXPECT_EQ(Bytes(16), "0000999900009999");
  EXPECT_EQ(vmo_->size(), 16 * kPage);
}

TEST_F(VmarOp, HintsChangeNothing) {
  Shows("VMAR-OP-15");
  Fill(0, 2, 3);
  ASSERT_EQ(MapAt(0, 4, kRead), ZX_OK);
  for (uint32_t op : kHints) {
    EXPECT_EQ(Op(op, 0, 4, 0), ZX_OK) << op;
    EXPECT_EQ(Committed(), 2u) << op;
  }
  EXPECT_EQ(Bytes(4), "3300");
  EXPECT_TRUE(space_->populated.empty());
}

TEST_F(VmarOp, MapRangeAsksTheSpace) {
  Shows("VMAR-OP-14");
  ASSERT_EQ(MapAt(0, 3, kRead, 4), ZX_OK);
  ASSERT_EQ(MapAt(3, 3, kReadWrite, 0), ZX_OK);
  EXPECT_EQ(Op(ZX_VMAR_OP_MAP_RANGE, 2, 2, 0), ZX_OK);
  EXPECT_EQ(space_->populated, (std::set<uint64_t>{2 * kPage, 3 * kPage}));
  EXPECT_EQ(Committed(), 0u);
}

TEST_F(VmarOp, GoesIntoChildren) {
  Shows("VMAR-OP-7 VMAR-OP-16");
  Fill(0, 16, 1);
  base::RefPtr<Vmar> child;
  base::RefPtr<Vmar> inner;
  constexpr uint32_t kOptions = ZX_VM_SPECIFIC | ZX_VM_CAN_MAP_SPECIFIC;
  ASSERT_EQ(vmar_->Allocate(kOptions, 2 * kPage, 4 * kPage, &child), ZX_OK);
  ASSERT_EQ(child->Allocate(kOptions, kPage, 2 * kPage, &inner), ZX_OK);
  ASSERT_EQ(MapAt(0, 2, kReadWrite, 0), ZX_OK);
  uint64_t at = 0;
  const auto map_in = [&](Vmar& vmar, uint64_t page, uint64_t pages, uint64_t vmo_page) {
    return vmar.Map(kReadWrite | ZX_VM_SPECIFIC, page * kPage, vmo_, kAllRights, kAllRights,
                    vmo_page * kPage, pages * kPage, &at);
  };
  ASSERT_EQ(map_in(*child, 0, 1, 2), ZX_OK);
  ASSERT_EQ(map_in(*inner, 0, 2, 3), ZX_OK);
  ASSERT_EQ(map_in(*child, 3, 1, 5), ZX_OK);
  // Part of a child is no obstacle; without the right it is one.
  EXPECT_EQ(Op(ZX_VMAR_OP_ZERO, 1, 3, kAllRights), ZX_ERR_INVALID_ARGS);
  for (uint32_t op : {ZX_VMAR_OP_COMMIT, ZX_VMAR_OP_DECOMMIT}) {
    EXPECT_EQ(Op(op, 1, 3), ZX_ERR_INVALID_ARGS) << op;
  }
  EXPECT_EQ(Bytes(8), "11111111");
  EXPECT_EQ(Op(ZX_VMAR_OP_ZERO, 1, 3), ZX_OK);
  EXPECT_EQ(Bytes(8), "10001111");
  EXPECT_EQ(child->OpRange(ZX_VMAR_OP_ZERO, child->base() + 2 * kPage, 2 * kPage,
                           kAllRights | ZX_RIGHT_OP_CHILDREN),
            ZX_OK);
  EXPECT_EQ(Bytes(8), "10000011");
  EXPECT_EQ(inner->OpRange(ZX_VMAR_OP_ZERO, child->base(), kPage, kAllRights), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VmarOp, SplitMappingsKnowTheirPages) {
  Shows("VMAR-OP-13 VMAR-5");
  Fill(0, 16, 2);
  ASSERT_EQ(MapAt(0, 8, kReadWrite, 4), ZX_OK);
  ASSERT_EQ(Unmap(2, 1), ZX_OK);
  ASSERT_EQ(Protect(5, 1, kRead), ZX_OK);
  EXPECT_EQ(Op(ZX_VMAR_OP_ZERO, 3, 2), ZX_OK);
  EXPECT_EQ(Op(ZX_VMAR_OP_ZERO, 5, 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Op(ZX_VMAR_OP_ZERO, 6, 2), ZX_OK);
  EXPECT_EQ(Bytes(16), "2222222002002222");
  // Protected again it permits again.
  ASSERT_EQ(Protect(5, 1, kReadWrite), ZX_OK);
  EXPECT_EQ(Op(ZX_VMAR_OP_ZERO, 5, 1), ZX_OK);
}

TEST_F(VmarOp, ProtectedMappingsAreAllRemembered) {
  Shows("VMAR-OP-9 VMAR-PROTECT-9");
  for (uint64_t page = 0; page < 4; ++page) ASSERT_EQ(MapAt(page, 1, kReadWrite, page), ZX_OK);
  ASSERT_EQ(Protect(1, 2, kRead), ZX_OK);
  for (uint64_t page : {1, 2}) {
    EXPECT_EQ(Op(ZX_VMAR_OP_ZERO, page, 1), ZX_ERR_ACCESS_DENIED) << page;
  }
  for (uint64_t page : {0, 3}) EXPECT_EQ(Op(ZX_VMAR_OP_ZERO, page, 1), ZX_OK) << page;
}

// ---- The call ----

class VmarOpCall : public VmarOp {
 protected:
  void SetUp() override {
    VmarOp::SetUp();
    ASSERT_EQ(handles::HandleTable::Process().Insert(vmar_, rights::kRootVmar, &root_), ZX_OK);
    ASSERT_EQ(zx_port_create(0, &port_), ZX_OK);
    ASSERT_EQ(MapAt(0, 4, kReadWrite), ZX_OK);
  }
  void TearDown() override {
    for (zx_handle_t handle : {root_, port_}) zx_handle_close(handle);
  }
  zx_handle_t root_ = ZX_HANDLE_INVALID;
  zx_handle_t port_ = ZX_HANDLE_INVALID;
};

TEST_F(VmarOpCall, HandleThenOpThenBuffer) {
  Shows("VMAR-OP-1 VMAR-OP-2 VMAR-OP-3 RIGHTS-30");
  char buffer[8];
  for (uint32_t op : kAllOps) {
    EXPECT_EQ(zx_vmar_op_range(ZX_HANDLE_INVALID, op, 1, 0, buffer, 8), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(zx_vmar_op_range(port_, op, 1, 0, buffer, 8), ZX_ERR_WRONG_TYPE);
    EXPECT_EQ(zx_vmar_op_range(root_, op, 0, kPage, buffer, 0), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_vmar_op_range(root_, op, 0, kPage, nullptr, 8), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_vmar_op_range(root_, op, kSize, kPage, nullptr, 8), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_vmar_op_range(root_, op, 0, kPage, nullptr, 0), ZX_OK);
  }
  for (uint32_t op = 0; op < 40; ++op) {
    if (IsRangeOp(op)) continue;
    EXPECT_EQ(zx_vmar_op_range(root_, op, 0, kPage, nullptr, 0), ZX_ERR_INVALID_ARGS) << op;
  }
  EXPECT_EQ(zx_vmar_op_range(root_, UINT32_MAX, 0, kPage, nullptr, 0), ZX_ERR_INVALID_ARGS);
  // What changes pages needs WRITE, and that before a look at the arguments.
  zx_handle_t read_only = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(root_, ZX_RIGHT_READ | ZX_RIGHT_EXECUTE | ZX_RIGHT_OP_CHILDREN,
                                &read_only),
            ZX_OK);
  zx_handle_t write_only = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(root_, ZX_RIGHT_WRITE, &write_only), ZX_OK);
  zx_handle_t bare = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(root_, ZX_RIGHT_NONE, &bare), ZX_OK);
  for (uint32_t op : kChanging) {
    EXPECT_EQ(zx_vmar_op_range(read_only, op, 1, 0, buffer, 8), ZX_ERR_ACCESS_DENIED) << op;
    EXPECT_EQ(zx_vmar_op_range(write_only, op, 0, kPage, nullptr, 0), ZX_OK) << op;
  }
  for (uint32_t op : kHints) {
    EXPECT_EQ(zx_vmar_op_range(bare, op, 0, kPage, nullptr, 0), ZX_OK) << op;
  }
  EXPECT_EQ(zx_vmar_op_range(bare, ZX_VMAR_OP_MAP_RANGE, 0, kPage, nullptr, 0), ZX_OK);
  for (zx_handle_t handle : {read_only, write_only, bare}) zx_handle_close(handle);
}

}  // namespace
}  // namespace zircon::objects
