// The VMAR tree over an address space that only keeps books: which calls it makes on the space,
// what is mapped afterwards, and every row of the vmar calls in its order. Rows: VMAR.

#include "objects/vmar.h"

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "contract.h"
#include "unit/vmar_tree.h"

namespace zircon::objects {
namespace {

using VmarMap = VmarTest;
using VmarUnmap = VmarTest;
using VmarProtect = VmarTest;
using VmarDestroy = VmarTest;

// ---- Map: the rows VMAR-MAP-n. Each status also against the rows behind it. ----

TEST_F(VmarMap, Row4WriteOrExecuteNeedsRead) {
  Shows("VMAR-MAP-4");
  for (uint32_t options :
       {ZX_VM_PERM_WRITE, ZX_VM_PERM_EXECUTE, ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE}) {
    EXPECT_EQ(Map({.options = options}), ZX_ERR_INVALID_ARGS);
    // Before the rights of row 6.
    EXPECT_EQ(Map({.options = options, .vmo_rights = 0, .vmar_rights = 0}), ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(space_->calls(), 0);
}

TEST_F(VmarMap, Row5RefusesContradictions) {
  Shows("VMAR-MAP-5 VMAR-MAP-26");
  for (uint32_t options : {ZX_VM_MAP_RANGE | ZX_VM_SPECIFIC_OVERWRITE, ZX_VM_CAN_MAP_READ,
                           ZX_VM_CAN_MAP_WRITE, ZX_VM_CAN_MAP_EXECUTE, ZX_VM_CAN_MAP_SPECIFIC}) {
    EXPECT_EQ(Map({.options = kRead | options}), ZX_ERR_INVALID_ARGS) << options;
    EXPECT_EQ(Map({.options = kRead | options, .vmo_rights = 0}), ZX_ERR_INVALID_ARGS) << options;
  }
  EXPECT_EQ(Map({.options = kRead | ZX_VM_MAP_RANGE | ZX_VM_SPECIFIC}), ZX_OK);
}

TEST_F(VmarMap, Row6NeedsEachPermissionFromBothHandles) {
  Shows("RIGHTS-19 VMAR-MAP-6");
  struct Case {
    uint32_t permissions;
    zx_rights_t needed;
  };
  for (const Case& c :
       {Case{kRead, kReadRight}, Case{kReadWrite, kReadWriteRights},
        Case{kReadExecute, kReadRight | ZX_RIGHT_EXECUTE}, Case{kAllPermissions, kAllRights}}) {
    for (zx_rights_t missing : {ZX_RIGHT_READ, ZX_RIGHT_WRITE, ZX_RIGHT_EXECUTE}) {
      if ((c.needed & missing) == 0) continue;
      EXPECT_EQ(Map({.options = c.permissions, .vmo_rights = kAllRights & ~missing}),
                ZX_ERR_ACCESS_DENIED);
      EXPECT_EQ(Map({.options = c.permissions, .vmar_rights = kAllRights & ~missing}),
                ZX_ERR_ACCESS_DENIED);
    }
    EXPECT_EQ(Map({.options = c.permissions, .vmo_rights = c.needed, .vmar_rights = c.needed}),
              ZX_OK);
  }
  // Before the unknown option of row 7 and everything behind.
  EXPECT_EQ(Map({.options = kRead | 1u << 31, .vmo_rights = 0, .vmo_offset = 1, .length = 0}),
            ZX_ERR_ACCESS_DENIED);
  // No permission needs no right.
  EXPECT_EQ(Map({.options = 0, .vmo_rights = 0, .vmar_rights = 0}), ZX_OK);
}

TEST_F(VmarMap, Row7RefusesUnknownOptions) {
  Shows("VMAR-MAP-7 VMAR-MAP-26");
  vmo_ = MakeVmo(kPage, /*resizable=*/true);
  std::vector<uint32_t> unknown = {ZX_VM_FAULT_BEYOND_STREAM_SIZE};
  for (uint32_t bit = 16; bit < 24; ++bit) unknown.push_back(1u << bit);
  // What is no binary logarithm of an alignment.
  for (uint32_t shift = 1; shift < 256; ++shift) {
    if (shift < 10 || shift > 32) unknown.push_back(shift << ZX_VM_ALIGN_BASE);
  }
  for (uint32_t options : unknown) {
    EXPECT_EQ(Map({.options = kRead | options}), ZX_ERR_INVALID_ARGS) << options;
    // Before row 8.
    EXPECT_EQ(Map({.options = kRead | ZX_VM_REQUIRE_NON_RESIZABLE | options}), ZX_ERR_INVALID_ARGS)
        << options;
  }
  EXPECT_EQ(Map({.options = kRead | ZX_VM_ALLOW_FAULTS}), ZX_OK);
}

TEST_F(VmarMap, Row8RefusesAResizableVmoOnRequest) {
  Shows("VMAR-MAP-8");
  EXPECT_EQ(Map({.options = kRead | ZX_VM_REQUIRE_NON_RESIZABLE}), ZX_OK);
  vmo_ = MakeVmo(kPage, /*resizable=*/true);
  EXPECT_EQ(Map({.options = kRead}), ZX_OK);
  EXPECT_EQ(Map({.options = kRead | ZX_VM_REQUIRE_NON_RESIZABLE}), ZX_ERR_NOT_SUPPORTED);
  // Before rows 9 and 10.
  EXPECT_EQ(Map({.options = kRead | ZX_VM_REQUIRE_NON_RESIZABLE | ZX_VM_COMPACT, .vmo_offset = 1}),
            ZX_ERR_NOT_SUPPORTED);
}

TEST_F(VmarMap, Row9RefusesCompact) {
  Shows("VMAR-MAP-9");
  EXPECT_EQ(Map({.options = kRead | ZX_VM_COMPACT}), ZX_ERR_INVALID_ARGS);
  // Before the overflow of row 10.
  EXPECT_EQ(Map({.options = kRead | ZX_VM_COMPACT, .vmo_offset = kPage, .length = UINT64_MAX}),
            ZX_ERR_INVALID_ARGS);
}

TEST_F(VmarMap, Row10LooksAtTheVmoOffset) {
  Shows("VMAR-MAP-10");
  EXPECT_EQ(Map({.vmo_offset = 1}), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Map({.vmo_offset = kPage - 1, .length = UINT64_MAX}), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Map({.vmo_offset = kPage, .length = UINT64_MAX - kPage + 1}), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Map({.vmo_offset = UINT64_MAX - kPage + 1, .length = kPage}), ZX_ERR_OUT_OF_RANGE);
  // Rounded up it wraps.
  EXPECT_EQ(Map({.vmo_offset = UINT64_MAX - kPage + 1, .length = 1}), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Map({.vmo_offset = UINT64_MAX - 2 * kPage + 1, .length = 1}), ZX_OK);
}

TEST_F(VmarMap, Row11SaysThatTheRegionIsGone) {
  Shows("VMAR-MAP-11");
  vmar_->Destroy();
  EXPECT_EQ(Map({}), ZX_ERR_BAD_STATE);
  // Behind row 10, before row 12.
  EXPECT_EQ(Map({.vmo_offset = 1}), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Map({.vmo_offset = kPage, .length = UINT64_MAX}), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Map({.offset = 1, .length = 0}), ZX_ERR_BAD_STATE);
}

TEST_F(VmarMap, Row12RefusesNothing) {
  Shows("VMAR-MAP-12");
  EXPECT_EQ(Map({.length = 0}), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Map({.length = UINT64_MAX}), ZX_ERR_INVALID_ARGS);  // cannot be rounded up
}

TEST_F(VmarMap, Row13RefusesAnOffsetWithoutSpecific) {
  Shows("VMAR-MAP-13");
  EXPECT_EQ(Map({.offset = kPage}), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Map({.offset = 1}), ZX_ERR_INVALID_ARGS);
}

TEST_F(VmarMap, Row15StaysInside) {
  Shows("VMAR-MAP-15");
  auto at = [&](uint64_t offset, uint64_t length) {
    return Map({.options = kRead | ZX_VM_SPECIFIC, .offset = offset, .length = length});
  };
  EXPECT_EQ(at(kSize, kPage), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(at(kSize - kPage, kPage + 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(at(UINT64_MAX - kPage + 1, kPage), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(at(UINT64_MAX - kPage + 1, 2 * kPage), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(at(0, kSize + 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(at(kSize - kPage, kPage), ZX_OK);
  EXPECT_EQ(mapped_, kSize - kPage);
  EXPECT_EQ(Map({.length = kSize + 1}), ZX_ERR_INVALID_ARGS);
}

TEST_F(VmarMap, Row16WantsAWholePage) {
  Shows("VMAR-MAP-16");
  EXPECT_EQ(Map({.options = kRead | ZX_VM_SPECIFIC, .offset = 1}), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Map({.options = kRead | ZX_VM_SPECIFIC_OVERWRITE, .offset = kPage + 8}),
            ZX_ERR_INVALID_ARGS);
}

TEST_F(VmarMap, Row17FindsWhatIsThere) {
  Shows("VMAR-MAP-17");
  ASSERT_EQ(MapAt(4, 4), ZX_OK);
  for (auto [page, pages] : std::vector<std::pair<uint64_t, uint64_t>>{
           {4, 4}, {4, 1}, {7, 1}, {3, 2}, {7, 2}, {5, 2}, {0, 16}}) {
    EXPECT_EQ(MapAt(page, pages), ZX_ERR_ALREADY_EXISTS) << page << "+" << pages;
  }
  EXPECT_EQ(space_->map_calls, 1);
  EXPECT_EQ(MapAt(3, 1), ZX_OK);
  EXPECT_EQ(MapAt(8, 1), ZX_OK);
  EXPECT_EQ(Picture(), "...rrrrrr.......");
}

TEST_F(VmarMap, Row18FindsNoRoom) {
  Shows("VMAR-MAP-18");
  EXPECT_EQ(MapAt(30, 1), ZX_OK);
  EXPECT_EQ(Map({.length = 34 * kPage}), ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(Map({.length = 33 * kPage}), ZX_OK);
  EXPECT_EQ(mapped_, 31 * kPage);
  EXPECT_EQ(Map({.length = 31 * kPage}), ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(Map({.length = 30 * kPage}), ZX_OK);
  EXPECT_EQ(mapped_, 0u);
  EXPECT_EQ(Map({}), ZX_ERR_NO_RESOURCES);
}

// ---- Map: what it does ----

TEST_F(VmarMap, RoundsTheLengthUp) {
  Shows("VMAR-2");
  EXPECT_EQ(Map({.length = kPage + 1}), ZX_OK);
  EXPECT_EQ(Picture(4), "rr..");
}

TEST_F(VmarMap, FitsFirstFromTheStart) {
  Shows("GPAS-4 VMAR-MAP-23");
  EXPECT_EQ(Map({.length = 2 * kPage}), ZX_OK);
  EXPECT_EQ(mapped_, 0u);
  EXPECT_EQ(MapAt(3, 1), ZX_OK);
  EXPECT_EQ(Map({.options = kReadWrite, .length = 2 * kPage}), ZX_OK);
  EXPECT_EQ(mapped_, 4 * kPage);
  EXPECT_EQ(Map({.options = kReadExecute, .length = kPage}), ZX_OK);
  EXPECT_EQ(mapped_, 2 * kPage);
  EXPECT_EQ(Unmap(0, 1), ZX_OK);
  EXPECT_EQ(Map({.options = 0, .length = kPage}), ZX_OK);
  EXPECT_EQ(Picture(8), "0rxrww..");
}

TEST_F(VmarMap, MapsBeyondTheEndOfTheVmo) {
  Shows("VMAR-MAP-22");
  EXPECT_EQ(MapAt(0, 2, kRead, 15), ZX_OK);
  EXPECT_EQ(MapAt(2, 1, kRead, 1000), ZX_OK);
  vmo_ = MakeVmo(0);
  EXPECT_EQ(MapAt(3, 1), ZX_OK);
  EXPECT_EQ(Picture(4), "rrrr");
}

TEST_F(VmarMap, TheSamePagesMayBeMappedOften) {
  Shows("GPAS-7");
  EXPECT_EQ(MapAt(0, 2, kRead, 3), ZX_OK);
  EXPECT_EQ(MapAt(2, 2, kReadWrite, 3), ZX_OK);
  EXPECT_EQ(VmoPageAt(1), 4u);
  EXPECT_EQ(VmoPageAt(3), 4u);
}

TEST_F(VmarMap, KeepsTheVmo) {
  Shows("VMAR-MAP-20 VMO-3");
  const int fd = vmo_->fd();
  ASSERT_EQ(MapAt(0, 4), ZX_OK);
  vmo_.reset();
  EXPECT_TRUE(IsOpen(fd));
  EXPECT_EQ(Unmap(1, 2), ZX_OK);
  EXPECT_EQ(Unmap(0, 1), ZX_OK);
  EXPECT_TRUE(IsOpen(fd));
  EXPECT_EQ(Unmap(3, 1), ZX_OK);
  EXPECT_FALSE(IsOpen(fd));
}

TEST_F(VmarMap, OverwriteReplacesInOneStroke) {
  Shows("VMAR-5 VMAR-MAP-24");
  ASSERT_EQ(MapAt(2, 6, kReadWrite, 0), ZX_OK);
  EXPECT_EQ(Overwrite(4, 2, kRead, 9), ZX_OK);
  EXPECT_EQ(space_->unmap_calls, 0);
  EXPECT_EQ(Picture(10), "..wwrrww..");
  EXPECT_EQ(VmoPageAt(3), 1u);
  EXPECT_EQ(VmoPageAt(4), 9u);
  EXPECT_EQ(VmoPageAt(5), 10u);
  EXPECT_EQ(VmoPageAt(6), 4u);
  // Over several mappings and holes.
  EXPECT_EQ(Overwrite(1, 8, kReadExecute, 0), ZX_OK);
  EXPECT_EQ(Picture(10), ".xxxxxxxx.");
  EXPECT_EQ(space_->map_calls, 3);
  // Over nothing, and with both options.
  EXPECT_EQ(MapAt(12, 1, kRead, 0, ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE), ZX_OK);
  EXPECT_EQ(MapAt(12, 1, kRead, 0, ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE), ZX_OK);
}

TEST_F(VmarMap, OverwriteLetsTheOldVmoGo) {
  const int fd = vmo_->fd();
  ASSERT_EQ(MapAt(0, 2), ZX_OK);
  vmo_ = MakeVmo(kPage);
  EXPECT_EQ(Overwrite(0, 2, kRead, 0), ZX_OK);
  EXPECT_FALSE(IsOpen(fd));
}

TEST_F(VmarMap, AFailingSpaceLeavesTheTreeAsItWas) {
  Shows("VMAR-3 VMAR-MAP-19 VMAR-MAP-25");
  space_->fail_map_call = 1;
  EXPECT_EQ(MapAt(0, 2), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(MapAt(0, 2), ZX_OK);
  space_->fail_map_call = space_->map_calls + 1;
  EXPECT_EQ(Overwrite(0, 1, kReadWrite, 5), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Picture(3), "rr.");
  EXPECT_EQ(MapAt(0, 1), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(Protect(0, 2, kRead), ZX_OK);
}

TEST_F(VmarMap, AnExceptionOfTheSpaceIsNoMemory) {
  Shows("VMAR-MAP-19");
  space_->throw_in_map = true;
  EXPECT_EQ(MapAt(0, 2), ZX_ERR_NO_MEMORY);
  space_->throw_in_map = false;
  EXPECT_EQ(MapAt(0, 2), ZX_OK);
}

// ---- Map, in a space where others live too ----

TEST_F(VmarMap, LetsASpacePickThatWantsTo) {
  Shows("VMAR-MAP-23");
  UseProcessLike();
  EXPECT_EQ(Map({.length = 3 * kPage}), ZX_OK);
  EXPECT_EQ(mapped_, 16 * kPage);
  EXPECT_EQ(MapAt(1, 1), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(MapAt(3, 1), ZX_OK);
  EXPECT_EQ(mapped_, 19 * kPage);
}

TEST_F(VmarMap, APickOutsideOfTheRegionIsUndone) {
  UseProcessLike();
  space_->next_pick = (16 + 64 - 1) * kPage;
  EXPECT_EQ(Map({.length = 2 * kPage}), ZX_ERR_NO_RESOURCES);
  EXPECT_TRUE(space_->held.empty());
  space_->next_pick = 15 * kPage;
  EXPECT_EQ(Map({.length = 2 * kPage}), ZX_ERR_NO_RESOURCES);
  EXPECT_TRUE(space_->held.empty());
}

TEST_F(VmarMap, APickWhereTheTreeThoughtAMappingReplacesIt) {
  UseProcessLike();
  const int fd = vmo_->fd();
  ASSERT_EQ(MapAt(0, 4), ZX_OK);
  vmo_ = MakeVmo(kPage);
  space_->forgets = true;
  space_->next_pick = 17 * kPage;
  ASSERT_EQ(Map({.options = kReadWrite, .length = 2 * kPage}), ZX_OK);
  EXPECT_EQ(Picture(5), "rwwr.");
  EXPECT_EQ(Unmap(1, 2), ZX_OK);
  EXPECT_TRUE(IsOpen(fd));
  EXPECT_EQ(Unmap(0, 4), ZX_OK);
  EXPECT_FALSE(IsOpen(fd));
}

TEST_F(VmarMap, AFailedMapGivesItsPlaceBack) {
  Shows("VMAR-3 VMAR-MAP-25");
  UseProcessLike();
  for (const uint32_t specific : {0u, ZX_VM_SPECIFIC}) {
    for (int failing : {1, 2}) {  // taking the place, mapping
      space_->map_calls = 0;
      space_->fail_map_call = failing;
      EXPECT_EQ(Map({.options = kRead | specific}), ZX_ERR_NO_MEMORY) << failing;
      EXPECT_TRUE(space_->held.empty()) << failing;
    }
  }
}

TEST_F(VmarMap, SpecificMeetsWhatIsNotOurs) {
  Shows("VMAR-MAP-17");
  UseProcessLike();
  space_->foreign[(16 + 5) * kPage] = true;
  EXPECT_EQ(MapAt(4, 3), ZX_ERR_ALREADY_EXISTS);
  EXPECT_TRUE(space_->pages.empty());
  EXPECT_EQ(MapAt(4, 1), ZX_OK);
}

TEST_F(VmarMap, OverwriteReplacesOnlyOurs) {
  Shows("VMAR-MAP-24");
  UseProcessLike();
  ASSERT_EQ(MapAt(0, 2, kReadWrite, 0), ZX_OK);
  ASSERT_EQ(MapAt(4, 2, kReadWrite, 4), ZX_OK);
  // Holes and mappings mixed, nothing foreign.
  EXPECT_EQ(Overwrite(1, 7, kRead, 8), ZX_OK);
  EXPECT_EQ(Picture(10), "wrrrrrrr..");
  for (uint64_t page = 1; page < 8; ++page) EXPECT_EQ(VmoPageAt(page), 7 + page);
  // Something foreign in the last hole: nothing changes.
  space_->foreign[(16 + 9) * kPage] = true;
  const FakePages before = space_->pages;
  EXPECT_EQ(Overwrite(0, 10, kReadExecute, 0), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(space_->pages, before);
  EXPECT_EQ(MapAt(8, 1), ZX_OK);
  EXPECT_EQ(Unmap(0, 9), ZX_OK);
  EXPECT_TRUE(space_->pages.empty());
}

TEST_F(VmarMap, OverwriteThatFailsAfterTheHolesUndoesThem) {
  Shows("VMAR-3 VMAR-MAP-25");
  UseProcessLike();
  ASSERT_EQ(MapAt(2, 2, kReadWrite, 0), ZX_OK);
  const FakePages before = space_->pages;
  const std::set<uint64_t> held = space_->held;
  for (int failing : {2, 3, 4}) {  // first hole, second hole, the replacing
    space_->map_calls = 1;
    space_->fail_map_call = failing;
    EXPECT_EQ(Overwrite(0, 6, kRead, 0), ZX_ERR_NO_MEMORY) << failing;
    EXPECT_EQ(space_->pages, before) << failing;
    EXPECT_EQ(space_->held, held) << failing;
  }
  EXPECT_EQ(Overwrite(0, 6, kRead, 0), ZX_OK);
  EXPECT_EQ(Picture(8), "rrrrrr..");
}

// ---- Unmap ----

TEST_F(VmarUnmap, ChecksInOrder) {
  Shows("RIGHTS-20 VMAR-UNMAP-2 VMAR-UNMAP-3 VMAR-UNMAP-4");
  EXPECT_EQ(vmar_->Unmap(1, kPage, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->Unmap(0, 0, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->Unmap(kSize, kPage, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->Unmap(kSize - kPage, kPage + 1, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->Unmap(0, UINT64_MAX, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->Unmap(UINT64_MAX - kPage + 1, 2 * kPage, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->Unmap(0, kSize, 0), ZX_OK);  // no right is needed
  vmar_->Destroy();
  EXPECT_EQ(vmar_->Unmap(1, kPage, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->Unmap(0, 0, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->Unmap(kSize, kPage, kAllRights), ZX_ERR_BAD_STATE);
  EXPECT_EQ(vmar_->Unmap(0, kPage, kAllRights), ZX_ERR_BAD_STATE);
}

TEST_F(VmarUnmap, IsOutsideBelowTheBaseToo) {
  Shows("VMAR-UNMAP-4");
  UseProcessLike();
  EXPECT_EQ(vmar_->Unmap(15 * kPage, 2 * kPage, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->Unmap(0, kPage, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->Unmap(16 * kPage, kPage, kAllRights), ZX_OK);
}

TEST_F(VmarUnmap, SplitsAndTakesHoles) {
  Shows("VMAR-5 VMAR-UNMAP-5");
  ASSERT_EQ(MapAt(1, 6, kRead, 1), ZX_OK);
  ASSERT_EQ(MapAt(9, 2, kReadWrite, 9), ZX_OK);
  EXPECT_EQ(Unmap(3, 1), ZX_OK);
  EXPECT_EQ(Picture(12), ".rr.rrr..ww.");
  EXPECT_EQ(Unmap(2, 8), ZX_OK);
  EXPECT_EQ(Picture(12), ".r........w.");
  EXPECT_EQ(VmoPageAt(1), 1u);
  EXPECT_EQ(VmoPageAt(10), 10u);
  EXPECT_EQ(Unmap(0, 12), ZX_OK);
  EXPECT_EQ(Unmap(0, 12), ZX_OK);
  EXPECT_TRUE(space_->pages.empty());
  EXPECT_EQ(MapAt(0, 12), ZX_OK);
}

TEST_F(VmarUnmap, RoundsTheLengthUp) {
  Shows("VMAR-2");
  ASSERT_EQ(MapAt(0, 3), ZX_OK);
  EXPECT_EQ(vmar_->Unmap(0, kPage + 1, kAllRights), ZX_OK);
  EXPECT_EQ(Picture(4), "..r.");
}

TEST_F(VmarUnmap, NeighboursGoInOneCall) {
  for (uint64_t page = 0; page < 4; ++page) ASSERT_EQ(MapAt(page, 1, kRead, 2 * page), ZX_OK);
  EXPECT_EQ(Unmap(0, 8), ZX_OK);
  EXPECT_EQ(space_->unmap_calls, 1);
}

TEST_F(VmarUnmap, ForATrapIsTheSame) {
  Shows("TRAP-13");
  ASSERT_EQ(MapAt(0, 3), ZX_OK);
  EXPECT_EQ(vmar_->UnmapForTrap(kPage, kPage), ZX_OK);
  EXPECT_EQ(Picture(4), "r.r.");
  EXPECT_EQ(vmar_->UnmapForTrap(0, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->UnmapForTrap(kSize, kPage), ZX_ERR_INVALID_ARGS);
  vmar_->Destroy();
  EXPECT_EQ(vmar_->UnmapForTrap(0, kPage), ZX_ERR_BAD_STATE);
}

// ---- Protect ----

TEST_F(VmarProtect, ChecksInOrder) {
  Shows(
      "VMAR-PROTECT-2 VMAR-PROTECT-3 VMAR-PROTECT-4 VMAR-PROTECT-5 VMAR-PROTECT-6 VMAR-PROTECT-7");
  ASSERT_EQ(MapAt(0, 2, kReadWrite), ZX_OK);
  const int calls = space_->calls();
  // WRITE or EXECUTE without READ, behind the right.
  EXPECT_EQ(Protect(0, 1, ZX_VM_PERM_WRITE, kReadRight), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Protect(0, 1, ZX_VM_PERM_EXECUTE, kReadWriteRights), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Protect(0, 1, ZX_VM_PERM_WRITE, ZX_RIGHT_WRITE), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Protect(0, 1, ZX_VM_PERM_EXECUTE, kAllRights), ZX_ERR_INVALID_ARGS);
  // The right, before other options, alignment and state.
  EXPECT_EQ(Protect(0, 1, kRead, ZX_RIGHT_WRITE), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Protect(0, 1, kReadWrite, kReadRight), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Protect(0, 1, kReadExecute, kReadWriteRights), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(vmar_->Protect(kRead | ZX_VM_SPECIFIC, 1, 0, 0), ZX_ERR_ACCESS_DENIED);
  // Other options.
  for (uint32_t bit = 3; bit < 32; ++bit) {
    EXPECT_EQ(Protect(0, 1, kRead | 1u << bit), ZX_ERR_INVALID_ARGS) << bit;
  }
  EXPECT_EQ(vmar_->Protect(kRead, 1, kPage, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->Protect(kRead, 0, 0, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->Protect(kRead, kSize, kPage, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->Protect(kRead, 0, kSize + 1, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->Protect(kRead, 0, UINT64_MAX, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Protect(0, 3, kRead), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Protect(2, 1, kRead), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(space_->calls(), calls);
  vmar_->Destroy();
  EXPECT_EQ(vmar_->Protect(kRead, 1, kPage, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmar_->Protect(kRead, kSize, kPage, kAllRights), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Protect(0, 1, kRead), ZX_ERR_BAD_STATE);
}

TEST_F(VmarProtect, ChangesAPart) {
  Shows("VMAR-5 VMAR-PROTECT-9");
  ASSERT_EQ(MapAt(0, 6, kReadWrite, 2), ZX_OK);
  EXPECT_EQ(Protect(2, 2, kRead), ZX_OK);
  EXPECT_EQ(Picture(8), "wwrrww..");
  EXPECT_EQ(Protect(3, 2, kReadExecute), ZX_OK);
  EXPECT_EQ(Picture(8), "wwrxxw..");
  EXPECT_EQ(Protect(0, 6, 0), ZX_OK);
  EXPECT_EQ(Picture(8), "000000..");
  EXPECT_EQ(Protect(0, 6, kAllPermissions), ZX_OK);
  EXPECT_EQ(Picture(8), "aaaaaa..");
  for (uint64_t page = 0; page < 6; ++page) EXPECT_EQ(VmoPageAt(page), page + 2);
  // The splits are no borders for what follows.
  EXPECT_EQ(Unmap(1, 4), ZX_OK);
  EXPECT_EQ(Picture(8), "a....a..");
}

TEST_F(VmarProtect, RoundsTheLengthUp) {
  Shows("VMAR-2");
  ASSERT_EQ(MapAt(0, 3, kReadWrite), ZX_OK);
  EXPECT_EQ(vmar_->Protect(kRead, 0, kPage + 1, kAllRights), ZX_OK);
  EXPECT_EQ(Picture(4), "rrw.");
}

TEST_F(VmarProtect, CrossesMappingsButNotHoles) {
  Shows("VMAR-3 VMAR-PROTECT-7 VMAR-PROTECT-9");
  ASSERT_EQ(MapAt(0, 2, kReadWrite), ZX_OK);
  ASSERT_EQ(MapAt(2, 2, kReadExecute), ZX_OK);
  ASSERT_EQ(MapAt(5, 1, kRead), ZX_OK);
  EXPECT_EQ(Protect(1, 2, kRead), ZX_OK);
  EXPECT_EQ(Picture(8), "wrrx.r..");
  EXPECT_EQ(Protect(3, 3, 0), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Picture(8), "wrrx.r..");
}

TEST_F(VmarProtect, GivesNoMoreThanTheHandlesOfTheMap) {
  Shows("VMAR-PROTECT-8");
  // By the VMO's handle.
  ASSERT_EQ(Map({.options = kRead | ZX_VM_SPECIFIC, .vmo_rights = kReadRight}), ZX_OK);
  EXPECT_EQ(Protect(0, 1, kReadWrite), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Protect(0, 1, kReadExecute), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Protect(0, 1, 0), ZX_OK);
  EXPECT_EQ(Protect(0, 1, kRead), ZX_OK);
  // By the VMAR's handle.
  ASSERT_EQ(Map({.options = ZX_VM_SPECIFIC, .offset = kPage, .vmar_rights = kReadWriteRights}),
            ZX_OK);
  EXPECT_EQ(Protect(1, 1, kReadExecute), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Protect(1, 1, kReadWrite), ZX_OK);
  // One page that may not is enough; a hole counts more.
  EXPECT_EQ(Protect(0, 2, kReadWrite), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Protect(0, 3, kReadWrite), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Picture(3), "rw.");
  // More than what was asked at the map, within what the handles could give.
  ASSERT_EQ(MapAt(4, 1, kRead), ZX_OK);
  EXPECT_EQ(Protect(4, 1, kAllPermissions), ZX_OK);
}

TEST_F(VmarProtect, AFailingSpaceChangesNothing) {
  Shows("VMAR-3");
  ASSERT_EQ(MapAt(0, 3, kReadWrite), ZX_OK);
  space_->fail_protect = true;
  EXPECT_EQ(Protect(1, 1, kRead), ZX_ERR_NO_MEMORY);
  space_->fail_protect = false;
  EXPECT_EQ(Picture(4), "www.");
}

// ---- What the space refuses ----

TEST_F(VmarTest, ARefusedUnmapChangesNothing) {
  Shows("CALL-4 VMAR-UNMAP-9");
  ASSERT_EQ(MapAt(1, 3, kReadWrite), ZX_OK);
  ASSERT_EQ(MapAt(6, 1), ZX_OK);
  space_->fail_unmap_call = 1;
  EXPECT_EQ(Unmap(2, 5), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Picture(8), ".www..r.");
  EXPECT_EQ(vmo_->mappings(), 3u);  // the first in two parts
  EXPECT_EQ(Unmap(2, 5), ZX_OK);
  EXPECT_EQ(Picture(8), ".w......");
}

// Where others live in between a range is several calls. What cannot be unmapped stays known.
TEST_F(VmarTest, ARefusedUnmapIsExactWhereItStops) {
  Shows("VMAR-UNMAP-9");
  UseProcessLike();
  space_->foreign[(16 + 5) * kPage] = true;
  ASSERT_EQ(MapAt(1, 3, kReadWrite), ZX_OK);
  ASSERT_EQ(MapAt(6, 2), ZX_OK);
  space_->fail_unmap_call = 1;
  EXPECT_EQ(Unmap(2, 6), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Picture(9), ".www..rr.");
  space_->fail_unmap_call = 3;
  EXPECT_EQ(Unmap(2, 6), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Picture(9), ".w....rr.");
  EXPECT_EQ(MapAt(6, 1), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(MapAt(3, 1), ZX_OK);
  EXPECT_EQ(Unmap(0, 9), ZX_OK);
  EXPECT_EQ(Picture(9), ".........");
  EXPECT_TRUE(space_->held.empty());
}

TEST_F(VmarTest, ARefusedTrapUnmapsNothing) {
  Shows("TRAP-9");
  ASSERT_EQ(MapAt(1, 3, kReadWrite), ZX_OK);
  space_->fail_unmap_call = 1;
  EXPECT_EQ(vmar_->UnmapForTrap(2 * kPage, kPage), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Picture(5), ".www.");
}

// ---- Destroy ----

TEST_F(VmarDestroy, UnmapsAllOnce) {
  Shows("VMAR-DESTROY-2 VMAR-DESTROY-3");
  const int fd = vmo_->fd();
  ASSERT_EQ(MapAt(0, 3), ZX_OK);
  ASSERT_EQ(MapAt(9, 1), ZX_OK);
  vmo_.reset();
  EXPECT_EQ(vmar_->DestroyByUser(), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(Picture(10), "rrr......r");
  vmar_->Destroy();
  EXPECT_TRUE(space_->pages.empty());
  EXPECT_FALSE(IsOpen(fd));
  EXPECT_EQ(space_->unmap_calls, 1);
  vmar_->Destroy();
  EXPECT_EQ(space_->unmap_calls, 1);
  EXPECT_EQ(vmar_->DestroyByUser(), ZX_ERR_BAD_STATE);
}

TEST_F(VmarDestroy, TheLastReferenceUnmapsToo) {
  ASSERT_EQ(MapAt(0, 3), ZX_OK);
  vmar_.reset();
  EXPECT_TRUE(space_->pages.empty());
}

}  // namespace
}  // namespace zircon::objects
