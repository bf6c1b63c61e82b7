// TrapTree: lookup and overlap. Rows: TRAP-10.

#include "guest/trap_map.h"

#include <gtest/gtest.h>

#include "contract.h"

namespace zircon::guest {
namespace {

std::unique_ptr<Trap> MakeTrap(uint64_t base, uint64_t size) {
  auto trap = std::make_unique<Trap>();
  trap->base = base;
  trap->size = size;
  return trap;
}

TEST(TrapTree, FindsByContainment) {
  TrapTree tree;
  EXPECT_EQ(tree.Find(0), nullptr);
  tree.Insert(MakeTrap(0x3000, 0x1000));
  tree.Insert(MakeTrap(0x1000, 0x1000));
  tree.Insert(MakeTrap(0x8000, 0x2000));
  EXPECT_EQ(tree.Find(0xFFF), nullptr);
  EXPECT_EQ(tree.Find(0x1000)->base, 0x1000u);
  EXPECT_EQ(tree.Find(0x1FFF)->base, 0x1000u);
  EXPECT_EQ(tree.Find(0x2000), nullptr);
  EXPECT_EQ(tree.Find(0x3800)->base, 0x3000u);
  EXPECT_EQ(tree.Find(0x9FFF)->base, 0x8000u);
  EXPECT_EQ(tree.Find(0xA000), nullptr);
  EXPECT_EQ(tree.Find(UINT64_MAX), nullptr);
}

TEST(TrapTree, AnyIntersectionOverlaps) {
  Shows("TRAP-10");
  TrapTree tree;
  tree.Insert(MakeTrap(0x2000, 0x2000));
  EXPECT_FALSE(tree.Overlaps(0x1000, 0x1000));
  EXPECT_FALSE(tree.Overlaps(0x4000, 0x1000));
  EXPECT_TRUE(tree.Overlaps(0x2000, 0x2000));
  EXPECT_TRUE(tree.Overlaps(0x1000, 0x1001));
  EXPECT_TRUE(tree.Overlaps(0x3FFF, 1));
  EXPECT_TRUE(tree.Overlaps(0x2800, 0x10));
  EXPECT_TRUE(tree.Overlaps(0, 0x10000));
}

TEST(TrapTree, KeepsAddressesAndOrderWhileItGrows) {
  TrapTree tree;
  tree.Insert(MakeTrap(0x5000, 1));
  const Trap* first = tree.Find(0x5000);
  for (uint64_t i = 0; i < 200; ++i) {
    tree.Insert(MakeTrap(i < 100 ? i * 0x10 : 0x6000 + i * 0x10, 1));
  }
  EXPECT_EQ(tree.Find(0x5000), first);
  for (size_t i = 1; i < tree.traps().size(); ++i) {
    EXPECT_LT(tree.traps()[i - 1]->base, tree.traps()[i]->base);
  }
}

}  // namespace
}  // namespace zircon::guest
