// VMARs in VMARs, over an address space that only keeps books. Rows: VMAR-CHILD, and those of the
// vmar calls that name children.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <cstdint>
#include <vector>

#include "contract.h"
#include "unit/vmar_tree.h"

namespace zircon::objects {
namespace {

using VmarChildrenInGuest = VmarChildrenTest;
using VmarChildrenInProcess = VmarProcessChildrenTest;

// ---- What a child is ----

TEST_P(VmarChildren, AChildHasItsOwnPlace) {
  Shows("VMAR-CHILD-1 VMAR-CHILD-2");
  const base::RefPtr<Vmar> child = ChildAt(8, 8);
  EXPECT_EQ(child->base(), vmar_->base() + 8 * kPage);
  EXPECT_EQ(child->size(), 8 * kPage);
  // Offsets count from the child.
  ASSERT_EQ(MapIn(*child, 2, 2, kReadWrite, 5), ZX_OK);
  EXPECT_EQ(PageOf(mapped_), 10u);
  EXPECT_EQ(Picture(), "..........ww....");
  EXPECT_EQ(VmoPageAt(11), 6u);
  // And of children in children.
  const base::RefPtr<Vmar> inner = ChildAt(*child, 4, 2);
  EXPECT_EQ(PageOf(inner->base()), 12u);
  ASSERT_EQ(MapIn(*inner, 1, 1, kRead), ZX_OK);
  EXPECT_EQ(Picture(), "..........ww.r..");
  EXPECT_EQ(ProtectIn(*inner, 1, 1, kReadExecute), ZX_OK);
  EXPECT_EQ(Picture(), "..........ww.x..");
  EXPECT_EQ(UnmapIn(*inner, 0, 2, 0), ZX_OK);
  EXPECT_EQ(Picture(), "..........ww....");
}

TEST_P(VmarChildren, WithoutSpecificTheLowestFreePlaceInAChild) {
  Shows("VMAR-CHILD-3 VMAR-MAP-23");
  const base::RefPtr<Vmar> child = ChildAt(8, 8);
  EXPECT_EQ(MapAnywhere(*child, 2), ZX_OK);
  EXPECT_EQ(PageOf(mapped_), 8u);
  const base::RefPtr<Vmar> inner = ChildAt(*child, 3, 2);
  ASSERT_EQ(MapIn(*inner, 1, 1), ZX_OK);
  EXPECT_EQ(MapAnywhere(*child, 1), ZX_OK);
  EXPECT_EQ(PageOf(mapped_), 10u);
  EXPECT_EQ(MapAnywhere(*child, 1), ZX_OK);
  EXPECT_EQ(PageOf(mapped_), 13u);
  EXPECT_EQ(MapAnywhere(*inner, 1), ZX_OK);
  EXPECT_EQ(PageOf(mapped_), 11u);
  EXPECT_EQ(Picture(), "........wwwwww..");
}

TEST_F(VmarChildrenInGuest, AParentPutsNothingIntoAChild) {
  Shows("VMAR-CHILD-4 VMAR-ALLOC-13");
  const base::RefPtr<Vmar> low = ChildAt(0, 3);
  EXPECT_EQ(MapAnywhere(*vmar_, 1), ZX_OK);
  EXPECT_EQ(PageOf(mapped_), 3u);
  base::RefPtr<Vmar> next;
  EXPECT_EQ(Allocate(*vmar_, 0, 0, 2 * kPage, &next), ZX_OK);
  EXPECT_EQ(PageOf(next->base()), 4u);
  EXPECT_EQ(MapAnywhere(*vmar_, 58), ZX_OK);
  EXPECT_EQ(PageOf(mapped_), 6u);
  EXPECT_EQ(MapAnywhere(*vmar_, 1), ZX_ERR_NO_RESOURCES);
  EXPECT_EQ(MapAnywhere(*low, 3), ZX_OK);
}

TEST_F(VmarChildrenInProcess, InAPickingRootTheSpaceChoosesForChildrenToo) {
  Shows("VMAR-ALLOC-13");
  base::RefPtr<Vmar> child;
  ASSERT_EQ(Allocate(*vmar_, kCanSpecific, 0, 4 * kPage, &child), ZX_OK);
  EXPECT_EQ(child->base(), kPick);
  EXPECT_EQ(space_->held.size(), 4u);
  ASSERT_EQ(MapIn(*child, 1, 2), ZX_OK);
  EXPECT_EQ(space_->held.size(), 4u);
  EXPECT_EQ(space_->pages.size(), 2u);
  // A child of the child takes nothing of the space's.
  const int calls = space_->map_calls;
  const base::RefPtr<Vmar> inner = ChildAt(*child, 3, 1);
  EXPECT_EQ(space_->map_calls, calls);
  // What is unmapped in a child stays reserved.
  EXPECT_EQ(UnmapIn(*child, 0, 4), ZX_OK);
  EXPECT_EQ(space_->held.size(), 4u);
  EXPECT_TRUE(space_->pages.empty());
  EXPECT_EQ(child->DestroyByUser(), ZX_OK);
  EXPECT_TRUE(space_->held.empty());
}

TEST_F(VmarChildrenInProcess, WhatIsNotOursIsNotTaken) {
  Shows("VMAR-ALLOC-10 VMAR-ROOT-4");
  space_->foreign[(16 + 5) * kPage] = true;
  EXPECT_EQ(TryAt(*vmar_, 4, 4), ZX_ERR_ALREADY_EXISTS);
  EXPECT_TRUE(space_->held.empty());
  EXPECT_EQ(TryAt(*vmar_, 6, 4), ZX_OK);
  // A pick that meets a child, which the program has unmapped by itself, is given back.
  space_->forgets = true;
  space_->next_pick = (16 + 5) * kPage;
  EXPECT_EQ(MapAnywhere(*vmar_, 2), ZX_ERR_NO_RESOURCES);
  EXPECT_TRUE(space_->pages.empty());
  for (uint64_t page = 6; page < 10; ++page) space_->held.insert((16 + page) * kPage);
}

// ---- The other calls around children ----

TEST_P(VmarChildren, OverwriteReplacesNoChild) {
  Shows("VMAR-MAP-34 VMAR-MAP-24");
  const base::RefPtr<Vmar> child = ChildAt(8, 8);
  const base::RefPtr<Vmar> inner = ChildAt(*child, 4, 2);
  ASSERT_EQ(MapIn(*child, 0, 2, kReadWrite, 0), ZX_OK);
  const FakePages before = space_->pages;
  for (auto [page, pages] : std::vector<std::pair<uint64_t, uint64_t>>{{7, 2}, {8, 1}, {15, 2}}) {
    EXPECT_EQ(MapIn(*vmar_, page, pages, kRead, 0, ZX_VM_SPECIFIC_OVERWRITE), ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(MapIn(*child, 2, 3, kRead, 0, ZX_VM_SPECIFIC_OVERWRITE), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(space_->pages, before);
  EXPECT_EQ(MapIn(*child, 1, 3, kRead, 9, ZX_VM_SPECIFIC_OVERWRITE), ZX_OK);
  EXPECT_EQ(Picture(), "........wrrr....");
  EXPECT_EQ(VmoPageAt(11), 11u);
}

TEST_P(VmarChildren, ProtectChangesNoChild) {
  Shows("VMAR-PROTECT-10");
  ASSERT_EQ(MapIn(*vmar_, 6, 2), ZX_OK);
  const base::RefPtr<Vmar> child = ChildAt(8, 4);
  ASSERT_EQ(MapIn(*child, 0, 4), ZX_OK);
  EXPECT_EQ(ProtectIn(*vmar_, 7, 2, kRead), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ProtectIn(*vmar_, 8, 4, kRead), ZX_ERR_INVALID_ARGS);
  // Before the hole.
  EXPECT_EQ(ProtectIn(*vmar_, 4, 5, kRead), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Picture(), "......wwwwww....");
  EXPECT_EQ(ProtectIn(*vmar_, 6, 2, kRead), ZX_OK);
  EXPECT_EQ(ProtectIn(*child, 1, 2, kRead), ZX_OK);
  EXPECT_EQ(Picture(), "......rrwrrw....");
}

TEST_P(VmarChildren, ProtectThroughTheParentOnlyTakes) {
  Shows("VMAR-PROTECT-10 VMAR-PROTECT-12");
  ASSERT_EQ(MapIn(*vmar_, 6, 2), ZX_OK);
  const base::RefPtr<Vmar> child = ChildAt(8, 4);
  ASSERT_EQ(MapIn(*child, 0, 3), ZX_OK);
  const auto protect = [&](uint64_t page, uint64_t pages, uint32_t permissions) {
    return vmar_->Protect(permissions, vmar_->base() + page * kPage, pages * kPage,
                          kAllRights | ZX_RIGHT_OP_CHILDREN);
  };
  EXPECT_EQ(protect(7, 3, kRead), ZX_OK);
  EXPECT_EQ(Picture(), "......wrrrw.....");
  EXPECT_EQ(protect(9, 2, kReadWrite), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(protect(7, 2, kReadWrite), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Picture(), "......wrrrw.....");
  // What is as it was, what is the parent's own, and what the child does itself.
  EXPECT_EQ(protect(10, 1, kReadWrite), ZX_OK);
  EXPECT_EQ(protect(7, 1, kReadWrite), ZX_OK);
  EXPECT_EQ(protect(9, 1, 0), ZX_OK);
  EXPECT_EQ(protect(9, 1, kRead), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(ProtectIn(*child, 0, 2, kReadWrite), ZX_OK);
  EXPECT_EQ(Picture(), "......wwwww.....");
  // The hole first.
  EXPECT_EQ(protect(10, 2, kReadExecute), ZX_ERR_NOT_FOUND);
}

TEST_P(VmarChildren, UnmapTakesWholeChildrenOnly) {
  Shows("VMAR-UNMAP-6 VMAR-UNMAP-7 VMAR-UNMAP-8 VMAR-CHILD-5");
  ASSERT_EQ(MapIn(*vmar_, 4, 3), ZX_OK);
  const base::RefPtr<Vmar> child = ChildAt(8, 4);
  const base::RefPtr<Vmar> other = ChildAt(13, 2);
  const base::RefPtr<Vmar> inner = ChildAt(*child, 1, 2);
  ASSERT_EQ(MapIn(*child, 0, 1), ZX_OK);
  ASSERT_EQ(MapIn(*inner, 0, 2), ZX_OK);
  ASSERT_EQ(MapIn(*other, 0, 1), ZX_OK);
  const char* const before = "....www.www..w..";
  EXPECT_EQ(Picture(), before);
  // A part: of one, of the last of several; before the right.
  for (auto [page, pages] : std::vector<std::pair<uint64_t, uint64_t>>{
           {8, 3}, {9, 3}, {9, 1}, {5, 4}, {4, 10}, {11, 4}}) {
    EXPECT_EQ(UnmapIn(*vmar_, page, pages), ZX_ERR_INVALID_ARGS) << page << "+" << pages;
    EXPECT_EQ(UnmapIn(*vmar_, page, pages, 0), ZX_ERR_INVALID_ARGS) << page << "+" << pages;
  }
  // The right.
  EXPECT_EQ(UnmapIn(*vmar_, 5, 8, kAllRights), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Picture(), before);
  EXPECT_EQ(UnmapIn(*vmar_, 6, 2, 0), ZX_OK);
  EXPECT_EQ(UnmapIn(*vmar_, 5, 8, ZX_RIGHT_OP_CHILDREN), ZX_OK);
  EXPECT_EQ(Picture(), "....w........w..");
  for (Vmar* gone : {child.get(), inner.get()}) {
    EXPECT_EQ(MapAnywhere(*gone, 1), ZX_ERR_BAD_STATE);
    EXPECT_EQ(UnmapIn(*gone, 0, 1), ZX_ERR_BAD_STATE);
    EXPECT_EQ(ProtectIn(*gone, 0, 1, kRead), ZX_ERR_BAD_STATE);
    EXPECT_EQ(TryAt(*gone, 0, 1), ZX_ERR_BAD_STATE);
    EXPECT_EQ(gone->OpRange(ZX_VMAR_OP_ZERO, gone->base(), kPage, kAllRights), ZX_ERR_BAD_STATE);
    EXPECT_EQ(gone->DestroyByUser(), ZX_ERR_BAD_STATE);
  }
  // The place is free again.
  EXPECT_EQ(MapIn(*vmar_, 8, 4), ZX_OK);
  EXPECT_EQ(UnmapIn(*other, 0, 2, 0), ZX_OK);
  EXPECT_EQ(MapIn(*other, 1, 1), ZX_OK);
}

TEST_P(VmarChildren, UnmapInsideAChildIsItsOwnBusiness) {
  Shows("VMAR-UNMAP-4 VMAR-UNMAP-5");
  const base::RefPtr<Vmar> child = ChildAt(8, 4);
  ASSERT_EQ(MapIn(*vmar_, 7, 1), ZX_OK);
  ASSERT_EQ(MapIn(*vmar_, 12, 1), ZX_OK);
  ASSERT_EQ(MapIn(*child, 0, 4, kReadWrite, 2), ZX_OK);
  EXPECT_EQ(child->Unmap(child->base() - kPage, 2 * kPage, kAllRights), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(UnmapIn(*child, 3, 2), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(UnmapIn(*child, 1, 2, 0), ZX_OK);
  EXPECT_EQ(Picture(), ".......ww..ww...");
  EXPECT_EQ(VmoPageAt(11), 5u);
  EXPECT_EQ(MapIn(*child, 1, 2, kRead), ZX_OK);
  EXPECT_EQ(Picture(), ".......wwrrww...");
}

TEST_P(VmarChildren, DestroyTakesAllBelow) {
  Shows("VMAR-DESTROY-2 VMAR-DESTROY-4 VMAR-CHILD-5");
  const int fd = vmo_->fd();
  const base::RefPtr<Vmar> child = ChildAt(8, 8);
  const base::RefPtr<Vmar> inner = ChildAt(*child, 2, 4);
  const base::RefPtr<Vmar> innermost = ChildAt(*inner, 0, 4);
  const base::RefPtr<Vmar> sibling = ChildAt(16, 2);
  ASSERT_EQ(MapIn(*child, 0, 1), ZX_OK);
  ASSERT_EQ(MapIn(*innermost, 1, 1), ZX_OK);
  vmo_ = MakeVmo(4 * kPage);
  ASSERT_EQ(MapIn(*vmar_, 7, 1), ZX_OK);
  ASSERT_EQ(MapIn(*sibling, 0, 1), ZX_OK);
  EXPECT_EQ(child->DestroyByUser(), ZX_OK);
  EXPECT_EQ(Picture(20), ".......w........w...");
  EXPECT_FALSE(IsOpen(fd));
  for (Vmar* gone : {child.get(), inner.get(), innermost.get()}) {
    EXPECT_EQ(gone->DestroyByUser(), ZX_ERR_BAD_STATE);
    EXPECT_EQ(MapAnywhere(*gone, 1), ZX_ERR_BAD_STATE);
  }
  // What it was stays told.
  EXPECT_EQ(child->size(), 8 * kPage);
  EXPECT_EQ(MapIn(*vmar_, 8, 8), ZX_OK);
  EXPECT_EQ(sibling->DestroyByUser(), ZX_OK);
}

TEST_P(VmarChildren, AnInnerOneIsDestroyedAlone) {
  Shows("VMAR-DESTROY-4");
  const base::RefPtr<Vmar> child = ChildAt(8, 8);
  const base::RefPtr<Vmar> inner = ChildAt(*child, 2, 4);
  ASSERT_EQ(MapIn(*child, 0, 2), ZX_OK);
  ASSERT_EQ(MapIn(*inner, 0, 4), ZX_OK);
  EXPECT_EQ(inner->DestroyByUser(), ZX_OK);
  EXPECT_EQ(Picture(), "........ww......");
  // Its place is the parent's again, and nobody else's.
  EXPECT_EQ(TryAt(*vmar_, 10, 1), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(MapIn(*child, 2, 6, kRead), ZX_OK);
  EXPECT_EQ(Picture(), "........wwrrrrrr");
}

TEST_P(VmarChildren, WithoutHandlesItStays) {
  Shows("VMAR-CHILD-6");
  base::RefPtr<Vmar> child = ChildAt(8, 8);
  base::RefPtr<Vmar> inner = ChildAt(*child, 2, 4);
  ASSERT_EQ(MapIn(*inner, 0, 4), ZX_OK);
  child.reset();
  EXPECT_EQ(ProtectIn(*inner, 0, 1, kRead), ZX_OK);
  inner.reset();
  EXPECT_EQ(Picture(), "..........rwww..");
  EXPECT_EQ(MapIn(*vmar_, 8, 1), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(UnmapIn(*vmar_, 8, 8), ZX_OK);
  EXPECT_TRUE(space_->pages.empty());
}

TEST_P(VmarChildren, TheRootsEndIsTheirs) {
  Shows("VMAR-CHILD-7 GPAS-17");
  const int fd = vmo_->fd();
  const base::RefPtr<Vmar> child = ChildAt(8, 8);
  const base::RefPtr<Vmar> inner = ChildAt(*child, 2, 4);
  ASSERT_EQ(MapIn(*inner, 0, 4), ZX_OK);
  ASSERT_EQ(MapIn(*vmar_, 0, 4), ZX_OK);
  vmo_ = MakeVmo(kPage);
  vmar_->Destroy();
  EXPECT_TRUE(space_->pages.empty());
  EXPECT_TRUE(space_->held.empty());
  EXPECT_FALSE(IsOpen(fd));
  EXPECT_EQ(MapAnywhere(*child, 1), ZX_ERR_BAD_STATE);
  EXPECT_EQ(inner->DestroyByUser(), ZX_ERR_BAD_STATE);
}

TEST_P(VmarChildren, ARefusedDestroyLeavesAllThatIsInIt) {
  Shows("CALL-4 VMAR-DESTROY-5 VMAR-UNMAP-9");
  const base::RefPtr<Vmar> child = ChildAt(4, 8);
  const base::RefPtr<Vmar> inner = ChildAt(*child, 4, 2);
  ASSERT_EQ(MapIn(*child, 1, 2), ZX_OK);
  ASSERT_EQ(MapIn(*inner, 0, 1), ZX_OK);
  space_->fail_unmap_call = space_->unmap_calls + 1;
  EXPECT_EQ(child->DestroyByUser(), ZX_ERR_NO_MEMORY);
  space_->fail_unmap_call = space_->unmap_calls + 1;
  EXPECT_EQ(inner->DestroyByUser(), ZX_ERR_NO_MEMORY);
  space_->fail_unmap_call = space_->unmap_calls + 1;
  EXPECT_EQ(UnmapIn(*vmar_, 3, 10), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Picture(), ".....ww.w.......");
  // They are as before: something may be mapped, and they may be destroyed.
  EXPECT_EQ(MapIn(*inner, 1, 1), ZX_OK);
  EXPECT_EQ(TryAt(*vmar_, 4, 1), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(inner->DestroyByUser(), ZX_OK);
  EXPECT_EQ(child->DestroyByUser(), ZX_OK);
  EXPECT_TRUE(space_->pages.empty());
  EXPECT_EQ(TryAt(*vmar_, 4, 8), ZX_OK);
}

TEST_P(VmarChildren, DepthCostsNoStack) {
  Shows("VMAR-CHILD-8");
  // As deep as a program likes: each child as large as its parent.
  base::RefPtr<Vmar> deepest = ChildAt(8, 4);
  const base::RefPtr<Vmar> first = deepest;
  for (int depth = 0; depth < 100000; ++depth) {
    base::RefPtr<Vmar> next;
    ASSERT_EQ(deepest->Allocate(kCanReadWrite, 0, 4 * kPage, &next), ZX_OK);
    deepest = std::move(next);
  }
  ASSERT_EQ(MapAnywhere(*deepest, 4), ZX_OK);
  EXPECT_EQ(first->DestroyByUser(), ZX_OK);
  EXPECT_TRUE(space_->pages.empty());
  EXPECT_EQ(MapAnywhere(*deepest, 1), ZX_ERR_BAD_STATE);
}

TEST_F(VmarChildrenInGuest, ATrapUnmapsInChildrenWhichStay) {
  Shows("TRAP-13 TRAP-19");
  const base::RefPtr<Vmar> child = ChildAt(4, 8);
  const base::RefPtr<Vmar> inner = ChildAt(*child, 4, 2);
  ASSERT_EQ(MapIn(*vmar_, 2, 2, kReadWrite, 0), ZX_OK);
  ASSERT_EQ(MapIn(*child, 0, 4, kReadWrite, 2), ZX_OK);
  ASSERT_EQ(MapIn(*inner, 0, 2, kReadWrite, 6), ZX_OK);
  ASSERT_EQ(MapIn(*child, 6, 2, kReadWrite, 8), ZX_OK);
  // From inside the mapping before the child to inside the inner one.
  EXPECT_EQ(vmar_->UnmapForTrap(vmar_->base() + 3 * kPage, 6 * kPage), ZX_OK);
  EXPECT_EQ(Picture(), "..w......www....");
  EXPECT_EQ(VmoPageAt(9), 7u);
  // All are alive, and may be mapped into again.
  EXPECT_EQ(MapIn(*inner, 0, 1, kRead), ZX_OK);
  EXPECT_EQ(MapIn(*child, 3, 1, kRead), ZX_OK);
  EXPECT_EQ(Picture(), "..w....rrwww....");
  // Over a child as a whole.
  EXPECT_EQ(vmar_->UnmapForTrap(vmar_->base(), 16 * kPage), ZX_OK);
  EXPECT_TRUE(space_->pages.empty());
  EXPECT_EQ(MapAnywhere(*inner, 2), ZX_OK);
}

INSTANTIATE_TEST_SUITE_P(Spaces, VmarChildren, testing::Bool(), [](const auto& tested) {
  return tested.param ? "ProcessLike" : "GuestLike";
});

}  // namespace
}  // namespace zircon::objects
