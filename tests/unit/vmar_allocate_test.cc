// zx_vmar_allocate, and the options that choose a place, over an address space that only keeps
// books. Rows: VMAR-ALLOC, VMAR-MAP.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <cstdint>
#include <vector>

#include "contract.h"
#include "unit/vmar_tree.h"

namespace zircon::objects {
namespace {

using VmarAllocate = VmarChildren;

// ---- Allocate: the rows VMAR-ALLOC-n ----

TEST_P(VmarAllocate, AllocateRefusesOtherOptions) {
  Shows("VMAR-ALLOC-3");
  base::RefPtr<Vmar> child;
  for (uint32_t option :
       {ZX_VM_PERM_READ, ZX_VM_PERM_WRITE, ZX_VM_PERM_EXECUTE, ZX_VM_SPECIFIC_OVERWRITE,
        ZX_VM_MAP_RANGE, ZX_VM_REQUIRE_NON_RESIZABLE, ZX_VM_ALLOW_FAULTS,
        ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED, ZX_VM_FAULT_BEYOND_STREAM_SIZE, 1u << 16, 1u << 23,
        9u << ZX_VM_ALIGN_BASE, 33u << ZX_VM_ALIGN_BASE, 1u << 31,
        ZX_VM_SPECIFIC | ZX_VM_OFFSET_IS_UPPER_LIMIT}) {
    EXPECT_EQ(Allocate(*vmar_, kCanReadWrite | option, 0, kPage, &child), ZX_ERR_INVALID_ARGS)
        << option;
  }
  EXPECT_EQ(space_->calls(), 0);
  EXPECT_EQ(Allocate(*vmar_, kCanReadWrite | ZX_VM_COMPACT, 0, kPage, &child), ZX_OK);
}

TEST_P(VmarAllocate, AllocateWantsWholePages) {
  Shows("VMAR-ALLOC-4");
  base::RefPtr<Vmar> child;
  for (uint64_t size : {uint64_t{0}, uint64_t{1}, kPage - 1, kPage + 1, UINT64_MAX}) {
    EXPECT_EQ(Allocate(*vmar_, kCanReadWrite, 0, size, &child), ZX_ERR_INVALID_ARGS) << size;
  }
  // Before the ability.
  const base::RefPtr<Vmar> plain = ChildAt(0, 4, kCanReadWrite);
  EXPECT_EQ(Allocate(*plain, kCanSpecific, 0, 0, &child), ZX_ERR_INVALID_ARGS);
}

TEST_P(VmarAllocate, AllocateGivesAnAbilityThatTheParentLacks) {
  Shows("VMAR-ALLOC-5 VMAR-ALLOC-6");
  const base::RefPtr<Vmar> plain = ChildAt(0, 4, kCanReadWrite);
  base::RefPtr<Vmar> child;
  EXPECT_EQ(Allocate(*plain, ZX_VM_CAN_MAP_SPECIFIC, 0, kPage, &child), ZX_OK);
  EXPECT_EQ(MapIn(*child, 0, 1), ZX_OK);
  EXPECT_EQ(Allocate(*plain, kCanReadWrite, 0, kPage, &child), ZX_OK);
  ASSERT_EQ(plain->DestroyByUser(), ZX_OK);
  EXPECT_EQ(Allocate(*plain, kCanReadWrite, kPage + 1, kPage, &child), ZX_ERR_BAD_STATE);
}

TEST_P(VmarAllocate, AllocateLooksAtTheOffset) {
  Shows("VMAR-ALLOC-7 VMAR-ALLOC-8 VMAR-ALLOC-9 VMAR-MAP-14");
  base::RefPtr<Vmar> child;
  EXPECT_EQ(Allocate(*vmar_, kCanReadWrite, kPage, kPage, &child), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Allocate(*vmar_, ZX_VM_SPECIFIC, kPage + 1, kPage, &child), ZX_ERR_INVALID_ARGS);
  // The ability is that of the parent, and comes before the range.
  const base::RefPtr<Vmar> plain = ChildAt(0, 4, kCanReadWrite);
  EXPECT_EQ(Allocate(*plain, ZX_VM_SPECIFIC, kPage + 1, kPage, &child), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Allocate(*plain, ZX_VM_SPECIFIC, kPage, kPage, &child), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Allocate(*plain, ZX_VM_SPECIFIC, 9 * kPage, kPage, &child), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(MapIn(*plain, 1, 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(MapIn(*plain, 9, 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(MapIn(*plain, 0, 1, kRead, 0, ZX_VM_SPECIFIC_OVERWRITE), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(MapAnywhere(*plain, 1), ZX_OK);
  // Outside of the VMAR, wherever else it may lie.
  const base::RefPtr<Vmar> able = ChildAt(8, 4);
  EXPECT_EQ(TryAt(*able, 4, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(TryAt(*able, 3, 2), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Allocate(*able, ZX_VM_SPECIFIC, UINT64_MAX - kPage + 1, 2 * kPage, &child),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Allocate(*able, 0, 0, 5 * kPage, &child), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapIn(*able, 3, 2), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapAnywhere(*able, 5), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(TryAt(*able, 3, 1), ZX_OK);
}

TEST_P(VmarAllocate, AllocateFindsWhatIsThere) {
  Shows("VMAR-ALLOC-10 VMAR-MAP-17");
  ASSERT_EQ(MapIn(*vmar_, 4, 2), ZX_OK);
  const base::RefPtr<Vmar> child = ChildAt(8, 4);
  for (auto [page, pages] : std::vector<std::pair<uint64_t, uint64_t>>{
           {4, 1}, {5, 2}, {3, 2}, {8, 4}, {9, 1}, {11, 2}, {7, 2}, {0, 16}}) {
    EXPECT_EQ(TryAt(*vmar_, page, pages), ZX_ERR_ALREADY_EXISTS) << page << "+" << pages;
    EXPECT_EQ(MapIn(*vmar_, page, pages), ZX_ERR_ALREADY_EXISTS) << page << "+" << pages;
  }
  EXPECT_EQ(TryAt(*vmar_, 6, 2), ZX_OK);
  EXPECT_EQ(MapIn(*vmar_, 12, 1), ZX_OK);
  // The same inside of a child.
  ASSERT_EQ(MapIn(*child, 0, 1), ZX_OK);
  EXPECT_EQ(TryAt(*child, 0, 1), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(TryAt(*child, 1, 2), ZX_OK);
  EXPECT_EQ(MapIn(*child, 2, 2), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(MapIn(*child, 3, 1), ZX_OK);
}

TEST_P(VmarAllocate, AllocateFindsNoRoom) {
  Shows("VMAR-ALLOC-11 VMAR-MAP-18");
  const base::RefPtr<Vmar> child = ChildAt(8, 4);
  ASSERT_EQ(MapIn(*child, 1, 1), ZX_OK);
  base::RefPtr<Vmar> inner;
  EXPECT_EQ(Allocate(*child, 0, 0, 3 * kPage, &inner), ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(MapAnywhere(*child, 3), ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(Allocate(*child, 0, 0, 2 * kPage, &inner), ZX_OK);
  EXPECT_EQ(PageOf(inner->base()), 10u);
  EXPECT_EQ(MapAnywhere(*child, 1), ZX_OK);
  EXPECT_EQ(PageOf(mapped_), 8u);
  EXPECT_EQ(MapAnywhere(*child, 1), ZX_ERR_NO_RESOURCES);
}

TEST_P(VmarAllocate, AllocateWithoutMemoryChangesNothing) {
  Shows("VMAR-ALLOC-12 VMAR-3");
  space_->fail_map_call = space_->map_calls + 1;
  EXPECT_EQ(TryAt(*vmar_, 4, 4), ZX_ERR_NO_MEMORY);
  space_->throw_in_map = true;
  EXPECT_EQ(TryAt(*vmar_, 4, 4), ZX_ERR_NO_MEMORY);
  space_->throw_in_map = false;
  EXPECT_TRUE(space_->held.empty());
  EXPECT_EQ(TryAt(*vmar_, 4, 4), ZX_OK);
}

// ---- The options that place ----

TEST_P(VmarAllocate, UpperLimit) {
  Shows("VMAR-MAP-14 VMAR-MAP-28 VMAR-MAP-29 VMAR-ALLOC-8 VMAR-ALLOC-14");
  {
    const base::RefPtr<Vmar> plain = ChildAt(0, 4, kCanReadWrite);
    base::RefPtr<Vmar> none;
    EXPECT_EQ(MapAnywhere(*plain, 2, kReadWrite | ZX_VM_OFFSET_IS_UPPER_LIMIT, 4 * kPage),
              ZX_ERR_ACCESS_DENIED);
    EXPECT_EQ(Allocate(*plain, ZX_VM_OFFSET_IS_UPPER_LIMIT, 4 * kPage, kPage, &none),
              ZX_ERR_ACCESS_DENIED);
    ASSERT_EQ(plain->DestroyByUser(), ZX_OK);
  }
  const base::RefPtr<Vmar> child = ChildAt(8, 16);
  const uint32_t limited = kReadWrite | ZX_VM_OFFSET_IS_UPPER_LIMIT;
  ASSERT_EQ(MapIn(*child, 1, 1), ZX_OK);
  // With a given place: before row 10.
  for (uint32_t specific : {ZX_VM_SPECIFIC, ZX_VM_SPECIFIC_OVERWRITE}) {
    EXPECT_EQ(child->Map(limited | specific, 0, vmo_, kAllRights, kAllRights, kPage, UINT64_MAX,
                         &mapped_),
              ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(MapAnywhere(*child, 2, limited, 4 * kPage + 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapAnywhere(*child, 2, limited, 17 * kPage), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapAnywhere(*child, 2, limited, kPage), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapAnywhere(*child, 2, limited, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapAnywhere(*child, 2, limited, 3 * kPage), ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(MapAnywhere(*child, 2, limited, 4 * kPage), ZX_OK);
  EXPECT_EQ(PageOf(mapped_), 10u);
  base::RefPtr<Vmar> inner;
  EXPECT_EQ(Allocate(*child, ZX_VM_OFFSET_IS_UPPER_LIMIT, 5 * kPage, 2 * kPage, &inner),
            ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(Allocate(*child, ZX_VM_OFFSET_IS_UPPER_LIMIT, 6 * kPage, 2 * kPage, &inner), ZX_OK);
  EXPECT_EQ(PageOf(inner->base()), 12u);
  EXPECT_EQ(MapAnywhere(*child, 10, limited, 16 * kPage), ZX_OK);
  // The root hands the limit to a space that picks.
  EXPECT_EQ(MapAnywhere(*vmar_, 1, limited, 50 * kPage), ZX_OK);
  if (GetParam()) {
    EXPECT_EQ(space_->asked_limit, vmar_->base() + 50 * kPage);
  }
}

TEST_P(VmarAllocate, Alignment) {
  Shows("VMAR-MAP-30 VMAR-MAP-31 VMAR-ALLOC-14");
  const uint32_t by_four = kReadWrite | ZX_VM_ALIGN_16KB;
  const base::RefPtr<Vmar> child = ChildAt(5, 20);
  EXPECT_EQ(MapAnywhere(*child, 1, by_four), ZX_OK);
  EXPECT_EQ(mapped_ % (4 * kPage), 0u);
  EXPECT_EQ(PageOf(mapped_), 8u);
  EXPECT_EQ(MapAnywhere(*child, 2, kReadWrite | ZX_VM_ALIGN_8KB), ZX_OK);
  EXPECT_EQ(PageOf(mapped_), 6u);
  EXPECT_EQ(MapAnywhere(*child, 1, by_four), ZX_OK);
  EXPECT_EQ(PageOf(mapped_), 12u);
  // Less than a page is a page.
  for (uint32_t small : {ZX_VM_ALIGN_1KB, ZX_VM_ALIGN_2KB, ZX_VM_ALIGN_4KB}) {
    EXPECT_EQ(MapAnywhere(*child, 1, kReadWrite | small), ZX_OK);
    EXPECT_EQ(UnmapIn(*child, 0, 1), ZX_OK);
  }
  base::RefPtr<Vmar> inner;
  EXPECT_EQ(Allocate(*child, ZX_VM_ALIGN_16KB, 0, 4 * kPage, &inner), ZX_OK);
  EXPECT_EQ(PageOf(inner->base()), 16u);
  EXPECT_EQ(Allocate(*child, ZX_VM_ALIGN_4GB, 0, kPage, &inner), ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(MapAnywhere(*child, 6, by_four), ZX_ERR_NO_RESOURCES);
  // A given place must be such a multiple itself, in the space, not in the VMAR.
  EXPECT_EQ(MapIn(*child, 4, 1, by_four), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(MapIn(*child, 15, 1, by_four), ZX_OK);
  EXPECT_EQ(PageOf(mapped_), 20u);
  EXPECT_EQ(Allocate(*child, ZX_VM_SPECIFIC | ZX_VM_ALIGN_16KB, 16 * kPage, kPage, &inner),
            ZX_ERR_INVALID_ARGS);
  // In the root a space that picks is asked for it.
  EXPECT_EQ(MapAnywhere(*vmar_, 1, by_four), ZX_OK);
  EXPECT_EQ(mapped_ % (4 * kPage), 0u);
}

TEST_P(VmarAllocate, ReadIfExecuteOnlyIsUnsupported) {
  Shows("VMAR-MAP-32");
  constexpr uint32_t kOption = ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED;
  const base::RefPtr<Vmar> child = ChildAt(8, 4);
  EXPECT_EQ(MapIn(*child, 0, 1, ZX_VM_PERM_EXECUTE | kOption), ZX_OK);
  EXPECT_EQ(MapIn(*child, 1, 1, kOption), ZX_OK);
  EXPECT_EQ(Picture(12), "........xr..");
  // It asks for the right, too.
  EXPECT_EQ(child->Map(ZX_VM_PERM_EXECUTE | kOption, 0, vmo_, ZX_RIGHT_EXECUTE, kAllRights, 0,
                       kPage, &mapped_),
            ZX_ERR_ACCESS_DENIED);
  // zx_vmar_protect has no such option.
  EXPECT_EQ(ProtectIn(*child, 0, 1, kReadExecute | kOption), ZX_ERR_INVALID_ARGS);
}

TEST_P(VmarAllocate, MapRangePopulates) {
  Shows("VMAR-MAP-33");
  const base::RefPtr<Vmar> child = ChildAt(8, 4);
  ASSERT_EQ(MapIn(*child, 1, 2, kReadWrite | ZX_VM_MAP_RANGE, 3), ZX_OK);
  EXPECT_EQ(space_->populated,
            (std::set<uint64_t>{child->base() + kPage, child->base() + 2 * kPage}));
  ASSERT_EQ(MapIn(*child, 3, 1), ZX_OK);
  EXPECT_EQ(space_->populated.size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Spaces, VmarAllocate, testing::Bool(), [](const auto& tested) {
  return tested.param ? "ProcessLike" : "GuestLike";
});

}  // namespace
}  // namespace zircon::objects
