// zx_vmo_op_range and zx_vmo_set_cache_policy. Rows: VMO-OP, VMO-CACHE.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <vector>

#include "contract.h"
#include "unit/process_memory.h"
#include "unit/vmo_handles.h"

namespace zircon::objects {
namespace {

const std::vector<uint32_t> kNeedWrite = {ZX_VMO_OP_COMMIT, ZX_VMO_OP_DECOMMIT, ZX_VMO_OP_ZERO,
                                          ZX_VMO_OP_CACHE_INVALIDATE};
const std::vector<uint32_t> kNeedRead = {
    ZX_VMO_OP_CACHE_SYNC, ZX_VMO_OP_CACHE_CLEAN, ZX_VMO_OP_CACHE_CLEAN_INVALIDATE,
    ZX_VMO_OP_DONT_NEED,  ZX_VMO_OP_ALWAYS_NEED, ZX_VMO_OP_PREFETCH};
const std::vector<uint32_t> kLocks = {ZX_VMO_OP_LOCK, ZX_VMO_OP_TRY_LOCK, ZX_VMO_OP_UNLOCK};

class VmoOpRange : public testing::Test {
 protected:
  void SetUp() override { vmo_ = CreateVmo(4 * kPage); }
  void TearDown() override {
    for (zx_handle_t handle : extra_) zx_handle_close(handle);
    zx_handle_close(vmo_);
  }
  zx_handle_t Keep(zx_handle_t handle) {
    extra_.push_back(handle);
    return handle;
  }
  uint64_t Committed(zx_handle_t vmo) { return InfoOf(vmo).committed_bytes; }

  zx_handle_t vmo_ = ZX_HANDLE_INVALID;
  std::vector<zx_handle_t> extra_;
};

TEST_F(VmoOpRange, ChecksTypeThenOpThenRightThenRange) {
  Shows("RIGHTS-46 VMO-OP-1 VMO-OP-2 VMO-OP-3 VMO-OP-4 VMO-OP-5 VMO-OP-6");
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  const zx_handle_t bare_port = Keep(WithRights(Keep(port), ZX_RIGHT_NONE));
  const zx_handle_t bare = Keep(WithRights(vmo_, ZX_RIGHT_NONE));
  for (uint32_t op : {0u, 5u, 15u, 0x80000001u, UINT32_MAX}) {
    EXPECT_EQ(Op(ZX_HANDLE_INVALID, op, 1, UINT64_MAX), ZX_ERR_BAD_HANDLE) << op;
    EXPECT_EQ(Op(bare_port, op, 1, UINT64_MAX), ZX_ERR_WRONG_TYPE) << op;
    EXPECT_EQ(Op(bare, op, 1, UINT64_MAX), ZX_ERR_INVALID_ARGS) << op;
  }
  const zx_handle_t no_write = Keep(Without(vmo_, ZX_RIGHT_WRITE));
  const zx_handle_t no_read = Keep(Without(vmo_, ZX_RIGHT_READ));
  for (uint32_t op : kNeedWrite) {
    EXPECT_EQ(Op(no_write, op, 1, UINT64_MAX), ZX_ERR_ACCESS_DENIED) << op;
    EXPECT_EQ(Op(Keep(WithRights(vmo_, ZX_RIGHT_WRITE)), op, 0, kPage), ZX_OK) << op;
  }
  for (uint32_t op : kNeedRead) {
    EXPECT_EQ(Op(no_read, op, 1, UINT64_MAX), ZX_ERR_ACCESS_DENIED) << op;
    EXPECT_EQ(Op(Keep(WithRights(vmo_, ZX_RIGHT_READ)), op, 0, kPage), ZX_OK) << op;
  }
  for (uint32_t op : kLocks) EXPECT_EQ(Op(bare, op, 1, UINT64_MAX), ZX_ERR_NOT_SUPPORTED) << op;
  EXPECT_EQ(Op(vmo_, ZX_VMO_OP_DECOMMIT, 1, 8 * kPage), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Op(vmo_, ZX_VMO_OP_DECOMMIT, 8 * kPage, 1), ZX_ERR_INVALID_ARGS);
}

TEST_F(VmoOpRange, RangesEndAtTheEnd) {
  Shows("VMO-OP-6 VMO-OP-12 VMO-OP-13 VMO-OP-15");
  std::vector<uint32_t> ops = kNeedWrite;
  ops.insert(ops.end(), kNeedRead.begin(), kNeedRead.end());
  auto* const wild = reinterpret_cast<void*>(~uint64_t{0});
  for (uint32_t op : ops) {
    EXPECT_EQ(zx_vmo_op_range(vmo_, op, 0, 4 * kPage, wild, SIZE_MAX), ZX_OK) << op;
    const bool cache = op >= ZX_VMO_OP_CACHE_SYNC && op <= ZX_VMO_OP_CACHE_CLEAN_INVALIDATE;
    const zx_status_t empty = cache ? ZX_ERR_INVALID_ARGS : ZX_OK;
    EXPECT_EQ(Op(vmo_, op, 4 * kPage, 0), empty) << op;
    EXPECT_EQ(Op(vmo_, op, 0, 0), empty) << op;
    EXPECT_EQ(Op(vmo_, op, 0, 5 * kPage), ZX_ERR_OUT_OF_RANGE) << op;
    EXPECT_EQ(Op(vmo_, op, 3 * kPage, 2 * kPage), ZX_ERR_OUT_OF_RANGE) << op;
    EXPECT_EQ(Op(vmo_, op, 4 * kPage, kPage), ZX_ERR_OUT_OF_RANGE) << op;
    EXPECT_EQ(Op(vmo_, op, 5 * kPage, 0), cache ? ZX_ERR_INVALID_ARGS : ZX_ERR_OUT_OF_RANGE) << op;
    EXPECT_EQ(Op(vmo_, op, kPage, 0 - kPage), ZX_ERR_OUT_OF_RANGE) << op;
    EXPECT_EQ(Op(vmo_, op, 0 - kPage, kPage), ZX_ERR_OUT_OF_RANGE) << op;
  }
}

TEST_F(VmoOpRange, CommitGivesMemoryAndKeepsBytes) {
  Shows("VMO-OP-8 VMO-INFO-6");
  Store(vmo_, kPage + 7, 9);
  EXPECT_EQ(Committed(vmo_), kPage);
  ASSERT_EQ(Op(vmo_, ZX_VMO_OP_COMMIT, kPage - 1, 2), ZX_OK);
  EXPECT_EQ(Committed(vmo_), 2 * kPage);
  ASSERT_EQ(Op(vmo_, ZX_VMO_OP_COMMIT, 0, 4 * kPage), ZX_OK);
  EXPECT_EQ(Committed(vmo_), 4 * kPage);
  EXPECT_EQ(InfoOf(vmo_).populated_bytes, 4 * kPage);
  EXPECT_EQ(Load(vmo_, kPage + 7), 9);
  EXPECT_EQ(Load(vmo_, 0), 0);
}

TEST_F(VmoOpRange, MoreThanTheHostHasIsNoMemory) {
  Shows("VMO-OP-7");
  const zx_handle_t vast = Keep(CreateVmo(uint64_t{1} << 60));
  EXPECT_EQ(Op(vast, ZX_VMO_OP_COMMIT, 0, uint64_t{1} << 60), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Committed(vast), 0u);
}

TEST_F(VmoOpRange, DecommitIsSeenInEveryView) {
  Shows("VMO-OP-9 VMO-CHILD-14");
  ProcessMapping mapping(vmo_, 0, 4 * kPage);
  for (uint64_t page = 0; page < 4; ++page) mapping[page * kPage] = 4;
  const zx_handle_t slice = Keep(CreateChild(vmo_, ZX_VMO_CHILD_SLICE, kPage, 2 * kPage));
  ASSERT_EQ(Op(vmo_, ZX_VMO_OP_DECOMMIT, 2 * kPage, kPage), ZX_OK);
  EXPECT_EQ(mapping[2 * kPage], 0);
  EXPECT_EQ(Load(slice, kPage), 0);
  EXPECT_EQ(Load(slice, 0), 4);
  // Of a slice, its own.
  ASSERT_EQ(Op(slice, ZX_VMO_OP_DECOMMIT, 0, kPage), ZX_OK);
  EXPECT_EQ(mapping[0], 4);
  EXPECT_EQ(mapping[kPage], 0);
  EXPECT_EQ(mapping[3 * kPage], 4);
  EXPECT_EQ(Op(slice, ZX_VMO_OP_DECOMMIT, 0, 3 * kPage), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VmoOpRange, DecommitFreesMemory) {
  Shows("VMO-OP-9 VMO-INFO-6");
  ASSERT_EQ(Op(vmo_, ZX_VMO_OP_COMMIT, 0, 4 * kPage), ZX_OK);
  ASSERT_EQ(Op(vmo_, ZX_VMO_OP_DECOMMIT, kPage, 2 * kPage), ZX_OK);
  EXPECT_EQ(Committed(vmo_), 2 * kPage);
  EXPECT_EQ(SizeOf(vmo_), 4 * kPage);
}

TEST_F(VmoOpRange, ZeroKeepsTheBytesAround) {
  Shows("VMO-OP-10");
  for (uint64_t at = 0; at < 4 * kPage; at += 8) Store(vmo_, at, 3);
  ASSERT_EQ(Op(vmo_, ZX_VMO_OP_ZERO, kPage - 8, 2 * kPage + 16), ZX_OK);
  for (uint64_t at = 0; at < 4 * kPage; at += 8) {
    const bool inside = at >= kPage - 8 && at < 3 * kPage + 8;
    ASSERT_EQ(Load(vmo_, at), inside ? 0 : 3) << at;
  }
  EXPECT_EQ(Committed(vmo_), 2 * kPage);
  ASSERT_EQ(Op(vmo_, ZX_VMO_OP_ZERO, 0, 1), ZX_OK);
  EXPECT_EQ(Load(vmo_, 0), 0);
  EXPECT_EQ(Load(vmo_, 8), 3);
}

TEST_F(VmoOpRange, HintsAndCachesChangeNothing) {
  Shows("VMO-OP-11");
  Store(vmo_, 5, 6);
  std::vector<uint32_t> ops = kNeedRead;
  ops.push_back(ZX_VMO_OP_CACHE_INVALIDATE);
  for (uint32_t op : ops) {
    EXPECT_EQ(Op(vmo_, op, 3, 2 * kPage), ZX_OK) << op;
    EXPECT_EQ(Load(vmo_, 5), 6) << op;
    EXPECT_EQ(Committed(vmo_), kPage) << op;
  }
}

// ---- Cache policy ----

class VmoCachePolicy : public VmoOpRange {};

TEST_F(VmoCachePolicy, ChecksPolicyThenHandleThenRight) {
  Shows("CALL-1 RIGHTS-47 VMO-CACHE-1 VMO-CACHE-2");
  for (uint32_t policy : {4u, 5u, UINT32_MAX}) {
    EXPECT_EQ(zx_vmo_set_cache_policy(ZX_HANDLE_INVALID, policy), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_vmo_set_cache_policy(vmo_, policy), ZX_ERR_INVALID_ARGS);
  }
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  for (uint32_t policy : {1u, 2u, 3u, 0u}) {
    EXPECT_EQ(zx_vmo_set_cache_policy(ZX_HANDLE_INVALID, policy), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(zx_vmo_set_cache_policy(port, policy), ZX_ERR_WRONG_TYPE);
    EXPECT_EQ(zx_vmo_set_cache_policy(Keep(Without(vmo_, ZX_RIGHT_MAP)), policy),
              ZX_ERR_ACCESS_DENIED);
    EXPECT_EQ(zx_vmo_set_cache_policy(Keep(WithRights(vmo_, ZX_RIGHT_MAP)), policy), ZX_OK);
    EXPECT_EQ(InfoOf(vmo_).cache_policy, policy);
  }
  Keep(port);
}

TEST_F(VmoCachePolicy, StopsReadsAndWrites) {
  Shows("VMO-CACHE-4 VMO-READ-6 VMO-CHILD-7");
  Store(vmo_, 0, 8);
  for (uint32_t policy : {1u, 2u, 3u}) {
    ASSERT_EQ(zx_vmo_set_cache_policy(vmo_, policy), ZX_OK);
    uint8_t byte = 0;
    EXPECT_EQ(zx_vmo_read(vmo_, &byte, 0, 1), ZX_ERR_BAD_STATE);
    EXPECT_EQ(zx_vmo_write(vmo_, &byte, 0, 1), ZX_ERR_BAD_STATE);
    EXPECT_EQ(zx_vmo_read(vmo_, nullptr, 0, 1), ZX_ERR_BAD_STATE);
    EXPECT_EQ(zx_vmo_read(vmo_, &byte, 4 * kPage, 1), ZX_ERR_OUT_OF_RANGE);
    zx_handle_t child = 7;
    for (uint32_t kind : {ZX_VMO_CHILD_SNAPSHOT, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE,
                          ZX_VMO_CHILD_SNAPSHOT_MODIFIED}) {
      EXPECT_EQ(zx_vmo_create_child(vmo_, kind, 0, kPage, &child), ZX_ERR_BAD_STATE);
    }
    EXPECT_EQ(child, 7u);
  }
  ProcessMapping mapping(vmo_, 0, kPage);
  EXPECT_EQ(mapping[0], 8);  // cached all the same
}

TEST_F(VmoCachePolicy, SlicesAndReferencesTakeItOver) {
  Shows("VMO-CACHE-4");
  ASSERT_EQ(zx_vmo_set_cache_policy(vmo_, ZX_CACHE_POLICY_UNCACHED), ZX_OK);
  const zx_handle_t slice = Keep(CreateChild(vmo_, ZX_VMO_CHILD_SLICE, 0, kPage));
  const zx_handle_t reference = Keep(CreateChild(vmo_, ZX_VMO_CHILD_REFERENCE));
  for (zx_handle_t child : {slice, reference}) {
    EXPECT_EQ(InfoOf(child).cache_policy, ZX_CACHE_POLICY_UNCACHED);
    EXPECT_EQ(Load(child, 0), ZX_ERR_BAD_STATE);
  }
}

TEST_F(VmoCachePolicy, StaysWhileThereAreRelativesOrMappings) {
  Shows("VMO-CACHE-3");
  const zx_handle_t child = CreateChild(vmo_, ZX_VMO_CHILD_SNAPSHOT, 0, kPage);
  EXPECT_EQ(zx_vmo_set_cache_policy(vmo_, 1), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_vmo_set_cache_policy(child, 1), ZX_ERR_BAD_STATE);
  EXPECT_EQ(zx_vmo_set_cache_policy(child, 0), ZX_ERR_BAD_STATE);
  zx_handle_close(child);
  {
    ProcessMapping mapping(vmo_, 0, kPage);
    EXPECT_EQ(zx_vmo_set_cache_policy(vmo_, 1), ZX_ERR_BAD_STATE);
  }
  EXPECT_EQ(zx_vmo_set_cache_policy(vmo_, 1), ZX_OK);
  EXPECT_EQ(zx_vmo_set_cache_policy(vmo_, 0), ZX_OK);
  EXPECT_EQ(Load(vmo_, 0), 0);
}

}  // namespace
}  // namespace zircon::objects
