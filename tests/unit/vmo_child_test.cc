// zx_vmo_create_child and zx_vmo_clone. Rows: VMO-CHILD, VMO-CLONE.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <vector>

#include "contract.h"
#include "handles/handle_table.h"
#include "objects/vmo.h"
#include "unit/process_memory.h"
#include "unit/vmo_handles.h"

// Declared by the headers under ZX_API_2018.
extern "C" zx_status_t zx_vmo_clone(zx_handle_t handle, uint32_t options, uint64_t offset,
                                    uint64_t size, zx_handle_t* out);

namespace zircon::objects {
namespace {

constexpr uint32_t kSnapshot = ZX_VMO_CHILD_SNAPSHOT;
constexpr uint32_t kSlice = ZX_VMO_CHILD_SLICE;
constexpr uint32_t kReference = ZX_VMO_CHILD_REFERENCE;
constexpr uint32_t kResizable = ZX_VMO_CHILD_RESIZABLE;
constexpr uint32_t kNoWrite = ZX_VMO_CHILD_NO_WRITE;
const std::vector<uint32_t> kSnapshots = {
    ZX_VMO_CHILD_SNAPSHOT, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, ZX_VMO_CHILD_SNAPSHOT_MODIFIED};
constexpr uint32_t kCopyOnWrite = 1;
constexpr uint32_t kNonResizeable = 2;

uint32_t LiveHandles() { return handles::HandleTable::Process().live(); }

// A parent of four pages; the first byte of each is its number and one.
class VmoChild : public testing::Test {
 protected:
  void SetUp() override {
    vmo_ = CreateVmo(4 * kPage);
    for (uint8_t page = 0; page < 4; ++page) Store(vmo_, page * kPage, page + 1);
  }
  void TearDown() override {
    for (zx_handle_t handle : extra_) zx_handle_close(handle);
    zx_handle_close(vmo_);
  }
  zx_handle_t Keep(zx_handle_t handle) {
    extra_.push_back(handle);
    return handle;
  }
  zx_handle_t Child(uint32_t options, uint64_t offset = 0, uint64_t size = 0) {
    return Keep(CreateChild(vmo_, options, offset, size));
  }
  zx_status_t Try(zx_handle_t parent, uint32_t options, uint64_t offset, uint64_t size) {
    zx_handle_t out = 7;
    const zx_status_t status = zx_vmo_create_child(parent, options, offset, size, &out);
    if (status == ZX_OK) {
      zx_handle_close(out);
    } else {
      EXPECT_EQ(out, 7u);
    }
    return status;
  }
  zx_signals_t ZeroChildren(zx_handle_t vmo) { return SignalsOf(vmo) & ZX_VMO_ZERO_CHILDREN; }

  zx_handle_t vmo_ = ZX_HANDLE_INVALID;
  std::vector<zx_handle_t> extra_;
};

// ---- Errors ----

TEST_F(VmoChild, ChecksTheHandleFirst) {
  Shows("CALL-1 RIGHTS-48 VMO-CHILD-1");
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  Keep(port);
  const zx_handle_t no_read = Keep(Without(vmo_, ZX_RIGHT_READ));
  // What may be duplicated may lose that right only by being replaced.
  zx_handle_t no_duplicate = Keep(WithRights(vmo_, ZX_RIGHT_SAME_RIGHTS));
  extra_.pop_back();
  ASSERT_EQ(
      zx_handle_replace(no_duplicate, BasicOf(vmo_).rights & ~ZX_RIGHT_DUPLICATE, &no_duplicate),
      ZX_OK);
  Keep(no_duplicate);
  for (uint32_t options : {0u, kSnapshot, kSlice, kReference, UINT32_MAX}) {
    EXPECT_EQ(Try(ZX_HANDLE_INVALID, options, 1, UINT64_MAX), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(Try(port, options, 1, UINT64_MAX), ZX_ERR_WRONG_TYPE);
    EXPECT_EQ(Try(no_read, options, 1, UINT64_MAX), ZX_ERR_ACCESS_DENIED);
    EXPECT_EQ(Try(no_duplicate, options, 1, UINT64_MAX), ZX_ERR_ACCESS_DENIED);
  }
  const zx_handle_t both = Keep(WithRights(vmo_, ZX_RIGHT_DUPLICATE | ZX_RIGHT_READ));
  for (uint32_t options : {kSnapshot, kSlice}) EXPECT_EQ(Try(both, options, 0, kPage), ZX_OK);
  EXPECT_EQ(Try(both, kReference, 0, 0), ZX_OK);
}

TEST_F(VmoChild, WantsExactlyOneKind) {
  Shows("VMO-CHILD-2");
  const zx_handle_t resizable = Keep(CreateVmo(kPage, ZX_VMO_RESIZABLE));
  for (uint32_t options = 0; options < 1024; ++options) {
    const uint32_t kinds = options & (kSnapshot | 16 | 128 | kSlice | kReference);
    const bool one = __builtin_popcount(kinds) == 1;
    const bool known = (options & ~(kinds | kResizable | kNoWrite)) == 0;
    const bool both = (options & kResizable) != 0 && (options & kNoWrite) != 0;
    const bool good = one && known && !both && (kinds != kSlice || (options & kResizable) == 0);
    // For a good one the offset is the next thing.
    const zx_handle_t parent = (options & kResizable) != 0 ? resizable : vmo_;
    EXPECT_EQ(Try(parent, options, 0, kinds == kReference ? 0 : kPage),
              good ? ZX_OK : ZX_ERR_INVALID_ARGS)
        << options;
    // The first of all errors that it could give.
    EXPECT_EQ(Try(vmo_, options, 1, UINT64_MAX), ZX_ERR_INVALID_ARGS) << options;
  }
  EXPECT_EQ(Try(vmo_, kSnapshot | 0x80000000u, 0, kPage), ZX_ERR_INVALID_ARGS);
}

TEST_F(VmoChild, OffsetsArePagesAndRangesDoNotWrap) {
  Shows("VMO-CHILD-3 VMO-CHILD-4");
  std::vector<uint32_t> kinds = kSnapshots;
  kinds.push_back(kSlice);
  for (uint32_t kind : kinds) {
    for (uint64_t offset : {uint64_t{1}, kPage - 1, kPage + 8}) {
      EXPECT_EQ(Try(vmo_, kind, offset, UINT64_MAX), ZX_ERR_INVALID_ARGS);
    }
    EXPECT_EQ(Try(vmo_, kind, 0, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
    EXPECT_EQ(Try(vmo_, kind, 0, 0 - kPage + 1), ZX_ERR_OUT_OF_RANGE);
    EXPECT_EQ(Try(vmo_, kind, 2 * kPage, 0 - kPage), ZX_ERR_OUT_OF_RANGE);
    // The end of a slice's parent is looked at first.
    const zx_status_t wraps = kind == kSlice ? ZX_ERR_INVALID_ARGS : ZX_ERR_OUT_OF_RANGE;
    EXPECT_EQ(Try(vmo_, kind, 0 - kPage, kPage + 1), wraps);
    EXPECT_EQ(Try(vmo_, kind, 0 - kPage, kPage), wraps);
  }
  EXPECT_EQ(Try(vmo_, kReference, 0, kPage), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Try(vmo_, kReference, kPage, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Try(vmo_, kReference, 1, UINT64_MAX), ZX_ERR_INVALID_ARGS);
}

TEST_F(VmoChild, SharedPagesOfTheWrongKind) {
  Shows("VMO-CHILD-5 VMO-CHILD-6");
  const zx_handle_t resizable = Keep(CreateVmo(kPage, ZX_VMO_RESIZABLE));
  EXPECT_EQ(Try(resizable, kSlice, 0, kPage), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(Try(resizable, kSlice, 0, 2 * kPage), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Try(resizable, kSlice, 0, 0 - kPage), ZX_ERR_OUT_OF_RANGE);
  // A reference cannot change the size itself; its parent can.
  const zx_handle_t bound = Keep(CreateChild(resizable, kReference));
  EXPECT_EQ(Try(bound, kSlice, 0, kPage), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(Try(bound, kReference | kResizable, 0, 0), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(Try(vmo_, kReference | kResizable, 0, 0), ZX_ERR_NOT_SUPPORTED);

  EXPECT_EQ(Try(vmo_, kSlice, 0, 4 * kPage), ZX_OK);
  EXPECT_EQ(Try(vmo_, kSlice, 4 * kPage, 0), ZX_OK);
  EXPECT_EQ(Try(vmo_, kSlice, 0, 4 * kPage + 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Try(vmo_, kSlice, 3 * kPage, 2 * kPage), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Try(vmo_, kSlice, 5 * kPage, 0), ZX_ERR_INVALID_ARGS);
  // Of a slice its own end counts.
  const zx_handle_t slice = Child(kSlice, kPage, kPage);
  EXPECT_EQ(Try(slice, kSlice, 0, 2 * kPage), ZX_ERR_INVALID_ARGS);
}

TEST_F(VmoChild, SnapshotsThatCannotBe) {
  Shows("VMO-CHILD-8");
  EXPECT_EQ(Try(vmo_, kSnapshot, 0, 0 - 63 * kPage), ZX_ERR_OUT_OF_RANGE);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit lower = before;
  lower.rlim_cur = 4 * kPage;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &lower), 0);
  EXPECT_EQ(Try(vmo_, kSnapshot, 0, 5 * kPage), ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(Try(vmo_, kSnapshot, 0, 4 * kPage), ZX_OK);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  lower = before;
  lower.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &lower), 0);
  EXPECT_EQ(Try(vmo_, kSnapshot, 0, kPage), ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(Try(vmo_, kSlice, 0, kPage), ZX_OK);  // shares the file
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(VmoChild, ThatCannotBeGivenIsDropped) {
  Shows("PTR-5 VMO-CHILD-9 VMO-CHILD-17");
  const uint32_t before = LiveHandles();
  auto* const wild = reinterpret_cast<zx_handle_t*>(~uint64_t{0});
  for (uint32_t kind : {kSnapshot, kSlice}) {
    EXPECT_EQ(zx_vmo_create_child(vmo_, kind, 0, kPage, nullptr), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_vmo_create_child(vmo_, kind, 0, kPage, wild), ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(LiveHandles(), before);
  EXPECT_NE(ZeroChildren(vmo_), 0u);
  EXPECT_EQ(InfoOf(vmo_).num_children, 0u);
}

TEST_F(VmoChild, RightsAreTheParentsButFor) {
  Shows("RIGHTS-1 VMO-CHILD-10");
  const auto rights = [&](zx_handle_t parent, uint32_t options) {
    const uint64_t size = (options & kReference) != 0 ? 0 : kPage;
    return BasicOf(Keep(CreateChild(parent, options, 0, size))).rights;
  };
  const zx_handle_t resizable = Keep(CreateVmo(kPage, ZX_VMO_RESIZABLE));
  zx_handle_t executable = CreateVmo(kPage);
  ASSERT_EQ(zx_vmo_replace_as_executable(executable, ZX_HANDLE_INVALID, &executable), ZX_OK);
  Keep(executable);
  for (uint32_t kind : kSnapshots) {
    EXPECT_EQ(rights(vmo_, kind), 0xD0EFu);
    EXPECT_EQ(rights(vmo_, kind | kResizable), 0x40D0EFu);
    EXPECT_EQ(rights(vmo_, kind | kNoWrite), 0xD0E7u);
    EXPECT_EQ(rights(resizable, kind), 0xD0EFu);
    EXPECT_EQ(rights(executable, kind), 0xD0EFu);
    EXPECT_EQ(rights(executable, kind | kNoWrite), 0xD0F7u);
  }
  EXPECT_EQ(rights(executable, kSlice), 0xD0FFu);
  EXPECT_EQ(rights(executable, kSlice | kNoWrite), 0xD0F7u);
  EXPECT_EQ(rights(executable, kReference), 0xD0FFu);
  EXPECT_EQ(rights(executable, kReference | kNoWrite), 0xD0F7u);
  EXPECT_EQ(rights(resizable, kReference), 0xD0EFu);
  EXPECT_EQ(rights(resizable, kReference | kResizable), 0x40D0EFu);
  const zx_handle_t least = Keep(WithRights(vmo_, ZX_RIGHT_DUPLICATE | ZX_RIGHT_READ));
  EXPECT_EQ(rights(least, kSnapshot), 0xCDu);
  EXPECT_EQ(rights(least, kSnapshot | kNoWrite), 0xC5u);
  EXPECT_EQ(rights(least, kSlice), 0xC5u);  // sharing gives no WRITE
  EXPECT_EQ(rights(least, kReference), 0xC5u);
}

// ---- What they show ----

TEST_F(VmoChild, ASnapshotKeepsTheBytesOfItsCreation) {
  Shows("VMO-CHILD-11 VMO-CHILD-13 VMO-2");
  ProcessMapping parent(vmo_, 0, 4 * kPage);
  for (uint32_t kind : kSnapshots) {
    for (uint8_t page = 0; page < 4; ++page) parent[page * kPage] = page + 1;
    const zx_handle_t child = CreateChild(vmo_, kind, kPage, 2 * kPage);
    ASSERT_EQ(SizeOf(child), 2 * kPage);
    {
      ProcessMapping view(child, 0, 2 * kPage);
      EXPECT_EQ(view[0], 2);
      // A page that neither has touched since, and one that the parent changes in both ways.
      parent[kPage] = 50;
      Store(vmo_, 2 * kPage, 51);
      EXPECT_EQ(Load(child, 0), 2);
      EXPECT_EQ(Load(child, kPage), 3);
      EXPECT_EQ(view[0], 2);
      EXPECT_EQ(view[kPage], 3);
      view[0] = 60;
      Store(child, kPage, 61);
      EXPECT_EQ(parent[kPage], 50);
      EXPECT_EQ(parent[2 * kPage], 51);
    }
    // A page that has no memory.
    ASSERT_EQ(Op(vmo_, ZX_VMO_OP_DECOMMIT, 0, 4 * kPage), ZX_OK);
    EXPECT_EQ(Load(child, 0), 60);
    const zx_handle_t empty = CreateChild(vmo_, kind, 0, kPage);
    Store(vmo_, 0, 9);
    EXPECT_EQ(Load(empty, 0), 0);
    zx_handle_close(empty);
    zx_handle_close(child);
  }
}

TEST_F(VmoChild, ASnapshotBeyondTheEndIsZero) {
  Shows("VMO-CHILD-11");
  const zx_handle_t child = Child(kSnapshot, 3 * kPage, 3 * kPage + 1);
  EXPECT_EQ(SizeOf(child), 4 * kPage);
  EXPECT_EQ(Load(child, 0), 4);
  EXPECT_EQ(Load(child, kPage), 0);
  EXPECT_EQ(Load(child, 4 * kPage - 1), 0);
  EXPECT_EQ(Load(Child(kSnapshot, uint64_t{1} << 40, kPage), 0), 0);
  EXPECT_EQ(SizeOf(Child(kSnapshot, 0, 0)), 0u);
}

TEST_F(VmoChild, ASnapshotOutlivesItsParent) {
  Shows("VMO-CHILD-11 VMO-CHILD-15");
  const zx_handle_t parent = CreateVmo(2 * kPage, ZX_VMO_RESIZABLE);
  Store(parent, kPage, 6);
  const zx_handle_t child = Keep(CreateChild(parent, kSnapshot | kResizable, 0, 2 * kPage));
  ASSERT_EQ(zx_vmo_set_size(parent, 0), ZX_OK);
  EXPECT_EQ(Load(child, kPage), 6);
  ASSERT_EQ(zx_vmo_set_size(child, 3 * kPage), ZX_OK);
  EXPECT_EQ(SizeOf(parent), 0u);
  zx_handle_close(parent);
  EXPECT_EQ(Load(child, kPage), 6);
}

TEST_F(VmoChild, ASnapshotCopiesOnlyPagesThatExist) {
  Shows("VMO-CHILD-11");
  constexpr uint64_t kVast = uint64_t{1} << 42;
  const zx_handle_t vast = Keep(CreateVmo(kVast));
  Store(vast, kVast - 1, 1);
  Store(vast, uint64_t{1} << 41, 2);
  const zx_handle_t child = Keep(CreateChild(vast, kSnapshot, kPage, kVast - kPage));
  EXPECT_EQ(Load(child, kVast - kPage - 1), 1);
  EXPECT_EQ(Load(child, (uint64_t{1} << 41) - kPage), 2);
  EXPECT_EQ(InfoOf(child).committed_bytes, 2 * kPage);
}

// More than is in hand at a time, with a hole and odd bytes.
TEST_F(VmoChild, ASnapshotOfMuch) {
  Shows("VMO-CHILD-11");
  constexpr uint64_t kSize = 3 << 20;
  const zx_handle_t large = Keep(CreateVmo(kSize));
  std::vector<uint8_t> bytes(kSize);
  uint32_t random = 1;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>((random = random * 1664525 + 7) >> 24);
  ASSERT_EQ(zx_vmo_write(large, bytes.data(), 0, kSize), ZX_OK);
  ASSERT_EQ(Op(large, ZX_VMO_OP_DECOMMIT, 1 << 20, 5 * kPage), ZX_OK);
  std::fill_n(bytes.begin() + (1 << 20), 5 * kPage, 0);
  const zx_handle_t child = Keep(CreateChild(large, kSnapshot, 3 * kPage, kSize - 3 * kPage));
  std::vector<uint8_t> seen(kSize - 3 * kPage);
  ASSERT_EQ(zx_vmo_read(child, seen.data(), 0, seen.size()), ZX_OK);
  EXPECT_TRUE(std::equal(seen.begin(), seen.end(), bytes.begin() + 3 * kPage));
  EXPECT_EQ(InfoOf(child).committed_bytes, kSize - 8 * kPage);
}

TEST_F(VmoChild, ASliceIsARangeOfTheSamePages) {
  Shows("VMO-CHILD-14");
  const zx_handle_t slice = Child(kSlice, kPage, 2 * kPage);
  EXPECT_EQ(SizeOf(slice), 2 * kPage);
  EXPECT_EQ(Load(slice, 0), 2);
  Store(slice, 1, 70);
  EXPECT_EQ(Load(vmo_, kPage + 1), 70);
  Store(vmo_, 3 * kPage - 1, 71);
  EXPECT_EQ(Load(slice, 2 * kPage - 1), 71);
  EXPECT_EQ(Load(slice, 2 * kPage), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(zx_vmo_set_size(slice, kPage), ZX_ERR_UNAVAILABLE);
  {
    ProcessMapping parent(vmo_, 0, 4 * kPage);
    ProcessMapping view(slice, kPage, kPage);
    view[5] = 72;
    EXPECT_EQ(parent[2 * kPage + 5], 72);
  }
  EXPECT_EQ(InfoOf(slice).committed_bytes, 2 * kPage);
}

TEST_F(VmoChild, AMappingOfASliceEndsWithIt) {
  Shows("VMO-CHILD-14 VMAR-MAP-22");
  const zx_handle_t slice = Child(kSlice, kPage, kPage);
  ProcessMapping view(slice, 0, 3 * kPage);
  ProcessMapping beyond(slice, kPage, kPage);
  Pipe pipe;
  EXPECT_TRUE(pipe.CanRead(view.address()));
  EXPECT_EQ(view[0], 2);
  EXPECT_FALSE(pipe.CanRead(view.address() + kPage));
  EXPECT_FALSE(pipe.CanRead(view.address() + 2 * kPage));
  EXPECT_FALSE(pipe.CanRead(beyond.address()));
  ASSERT_EQ(zx_vmar_protect(zx_vmar_root_self(), ZX_VM_PERM_READ, view.address(), 3 * kPage),
            ZX_OK);
  EXPECT_FALSE(pipe.CanRead(view.address() + kPage));
  EXPECT_TRUE(pipe.CanRead(view.address()));
}

TEST_F(VmoChild, AReferenceFollowsTheSize) {
  Shows("VMO-CHILD-15 VMO-SIZE-3");
  const zx_handle_t parent = Keep(CreateVmo(2 * kPage, ZX_VMO_RESIZABLE));
  const zx_handle_t free = Keep(CreateChild(parent, kReference | kResizable));
  const zx_handle_t bound = Keep(CreateChild(parent, kReference));
  EXPECT_EQ(zx_vmo_set_size(bound, kPage), ZX_ERR_ACCESS_DENIED);
  ASSERT_EQ(zx_vmo_set_size(free, 5 * kPage), ZX_OK);
  for (zx_handle_t vmo : {parent, free, bound}) EXPECT_EQ(SizeOf(vmo), 5 * kPage);
  Store(bound, 4 * kPage, 8);
  EXPECT_EQ(Load(parent, 4 * kPage), 8);
  ASSERT_EQ(zx_vmo_set_size(parent, kPage), ZX_OK);
  EXPECT_EQ(Load(bound, 4 * kPage), ZX_ERR_OUT_OF_RANGE);
  // It may change behind the mapping's back, so it counts as one that does.
  zx_vaddr_t at = 0;
  EXPECT_EQ(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_REQUIRE_NON_RESIZABLE, 0,
                        bound, 0, kPage, &at),
            ZX_ERR_NOT_SUPPORTED);
  // Of a slice, the slice.
  const zx_handle_t slice = Child(kSlice, 2 * kPage, kPage);
  const zx_handle_t same = Keep(CreateChild(slice, kReference));
  EXPECT_EQ(SizeOf(same), kPage);
  EXPECT_EQ(Load(same, 0), 3);
  EXPECT_EQ(Load(same, kPage), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VmoChild, GrandchildrenOfEveryKind) {
  Shows("VMO-CHILD-16 VMO-CHILD-11 VMO-CHILD-14");
  const zx_handle_t slice = Child(kSlice, kPage, 3 * kPage);
  const zx_handle_t slice_of_slice = Keep(CreateChild(slice, kSlice, kPage, kPage));
  EXPECT_EQ(Load(slice_of_slice, 0), 3);
  const zx_handle_t snapshot_of_slice = Keep(CreateChild(slice, kSnapshot, kPage, 4 * kPage));
  const zx_handle_t slice_of_snapshot = Keep(CreateChild(snapshot_of_slice, kSlice, kPage, kPage));
  const zx_handle_t second = Keep(CreateChild(snapshot_of_slice, kSnapshot, 0, 2 * kPage));
  Store(slice_of_slice, 0, 90);
  EXPECT_EQ(Load(vmo_, 2 * kPage), 90);
  EXPECT_EQ(Load(slice, kPage), 90);
  EXPECT_EQ(Load(snapshot_of_slice, 0), 3);
  EXPECT_EQ(Load(snapshot_of_slice, kPage), 4);
  EXPECT_EQ(Load(snapshot_of_slice, 2 * kPage), 0);  // the slice ended there
  Store(slice_of_snapshot, 0, 91);
  EXPECT_EQ(Load(snapshot_of_slice, kPage), 91);
  EXPECT_EQ(Load(second, kPage), 4);
  EXPECT_EQ(Load(vmo_, 3 * kPage), 4);
}

// ---- Relatives ----

TEST_F(VmoChild, ZeroChildrenComesWhenTheLastHasGone) {
  Shows("VMO-CHILD-17 VMO-INFO-3");
  EXPECT_NE(ZeroChildren(vmo_), 0u);
  const zx_handle_t first = CreateChild(vmo_, kSnapshot, 0, kPage);
  EXPECT_EQ(ZeroChildren(vmo_), 0u);
  const zx_handle_t second = CreateChild(vmo_, kSlice, 0, kPage);
  const zx_handle_t third = CreateChild(vmo_, kReference);
  EXPECT_EQ(InfoOf(vmo_).num_children, 3u);
  EXPECT_EQ(InfoOf(third).parent_koid, BasicOf(vmo_).koid);
  zx_handle_close(first);
  zx_handle_close(third);
  EXPECT_EQ(ZeroChildren(vmo_), 0u);
  {
    // A mapping keeps a child.
    ProcessMapping mapping(second, 0, kPage);
    zx_handle_close(second);
    EXPECT_EQ(ZeroChildren(vmo_), 0u);
    EXPECT_EQ(InfoOf(vmo_).num_children, 1u);
  }
  EXPECT_NE(ZeroChildren(vmo_), 0u);
  EXPECT_EQ(InfoOf(vmo_).num_children, 0u);
  EXPECT_EQ(ZeroChildren(CreateChild(vmo_, kSlice, 0, kPage)), ZX_VMO_ZERO_CHILDREN);
}

TEST_F(VmoChild, AWaiterForZeroChildrenIsWoken) {
  Shows("VMO-CHILD-17 WAIT-ASYNC-8");
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  Keep(port);
  const zx_handle_t child = CreateChild(vmo_, kSlice, 0, kPage);
  ASSERT_EQ(zx_object_wait_async(vmo_, port, 5, ZX_VMO_ZERO_CHILDREN, 0), ZX_OK);
  zx_port_packet_t packet;
  EXPECT_EQ(zx_port_wait(port, ZX_TIME_INFINITE_PAST, &packet), ZX_ERR_TIMED_OUT);
  zx_handle_close(child);
  ASSERT_EQ(zx_port_wait(port, ZX_TIME_INFINITE_PAST, &packet), ZX_OK);
  EXPECT_EQ(packet.key, 5u);
}

TEST_F(VmoChild, GrandchildrenComeToTheGrandparent) {
  Shows("VMO-CHILD-18 VMO-INFO-3");
  const zx_handle_t child = CreateChild(vmo_, kSlice, 0, 2 * kPage);
  const zx_koid_t child_koid = BasicOf(child).koid;
  const zx_handle_t first = CreateChild(child, kSlice, 0, kPage);
  const zx_handle_t second = CreateChild(child, kSnapshot, 0, kPage);
  EXPECT_EQ(InfoOf(vmo_).num_children, 1u);
  EXPECT_EQ(InfoOf(child).num_children, 2u);
  zx_handle_close(child);
  EXPECT_EQ(InfoOf(vmo_).num_children, 2u);
  EXPECT_EQ(InfoOf(first).parent_koid, child_koid);
  EXPECT_EQ(ZeroChildren(vmo_), 0u);
  EXPECT_EQ(zx_vmo_set_cache_policy(first, 0), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Load(first, 0), 1);
  zx_handle_close(first);
  EXPECT_EQ(ZeroChildren(vmo_), 0u);
  zx_handle_close(second);
  EXPECT_NE(ZeroChildren(vmo_), 0u);
  // And where there is none.
  const zx_handle_t parent = CreateVmo(kPage);
  const zx_handle_t orphan = Keep(CreateChild(parent, kSlice, 0, kPage));
  zx_handle_close(parent);
  EXPECT_EQ(Load(orphan, 0), 0);
}

// ---- 2018 ----

class VmoClone : public VmoChild {
 protected:
  zx_status_t TryClone(zx_handle_t parent, uint32_t options, uint64_t offset, uint64_t size,
                       zx_handle_t* out) {
    return zx_vmo_clone(parent, options, offset, size, out);
  }
};

TEST_F(VmoClone, ChecksInOrder) {
  Shows("VMO-CLONE-1 VMO-CLONE-2 VMO-CLONE-3 GEN-21");
  zx_handle_t out = 7;
  EXPECT_EQ(TryClone(ZX_HANDLE_INVALID, 0, 1, UINT64_MAX, &out), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(TryClone(Keep(Without(vmo_, ZX_RIGHT_READ)), 0, 1, UINT64_MAX, &out),
            ZX_ERR_ACCESS_DENIED);
  for (uint32_t options : {0u, kNonResizeable, 4u, 5u, 8u, 9u, 0x80000001u}) {
    EXPECT_EQ(TryClone(vmo_, options, 1, UINT64_MAX, &out), ZX_ERR_INVALID_ARGS) << options;
    EXPECT_EQ(TryClone(vmo_, options, 0, kPage, &out), ZX_ERR_INVALID_ARGS) << options;
  }
  EXPECT_EQ(TryClone(vmo_, kCopyOnWrite, 1, UINT64_MAX, &out), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(TryClone(vmo_, kCopyOnWrite, kPage, 0 - kPage, &out), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(TryClone(vmo_, kCopyOnWrite, 0, kPage, nullptr), ZX_ERR_INVALID_ARGS);
  const zx_handle_t uncached = Keep(CreateVmo(kPage));
  ASSERT_EQ(zx_vmo_set_cache_policy(uncached, 1), ZX_OK);
  EXPECT_EQ(TryClone(uncached, kCopyOnWrite, 0, kPage, &out), ZX_ERR_BAD_STATE);
  EXPECT_EQ(out, 7u);
}

TEST_F(VmoClone, IsASnapshotThatMayBeResized) {
  Shows("VMO-CLONE-4 GEN-21");
  zx_handle_t executable = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_replace_as_executable(WithRights(vmo_, ZX_RIGHT_SAME_RIGHTS), ZX_HANDLE_INVALID,
                                         &executable),
            ZX_OK);
  Keep(executable);
  zx_handle_t clone = ZX_HANDLE_INVALID;
  ASSERT_EQ(TryClone(executable, kCopyOnWrite, kPage, 2 * kPage, &clone), ZX_OK);
  Keep(clone);
  EXPECT_EQ(BasicOf(clone).rights, 0xD0FFu);
  Store(vmo_, kPage, 40);
  EXPECT_EQ(Load(clone, 0), 2);
  EXPECT_NE(InfoOf(clone).flags & ZX_INFO_VMO_IS_COW_CLONE, 0u);
  EXPECT_EQ(zx_vmo_set_size(clone, kPage), ZX_ERR_ACCESS_DENIED);  // no RESIZE, but it could
  zx_handle_t fixed = ZX_HANDLE_INVALID;
  const zx_handle_t least = Keep(WithRights(vmo_, ZX_RIGHT_DUPLICATE | ZX_RIGHT_READ));
  ASSERT_EQ(TryClone(least, kCopyOnWrite | kNonResizeable, 0, kPage, &fixed), ZX_OK);
  Keep(fixed);
  EXPECT_EQ(BasicOf(fixed).rights, 0xCDu);
  EXPECT_EQ(zx_vmo_set_size(fixed, kPage), ZX_ERR_UNAVAILABLE);
}

}  // namespace
}  // namespace zircon::objects
