// TrapTree: lookup and overlap. Rows: TRAP-10.

#include "guest/trap_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

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
  std::vector<uint64_t> bases;
  tree.VisitIn(0, UINT64_MAX, [&](const Trap& trap) { bases.push_back(trap.base); });
  EXPECT_EQ(bases.size(), 201u);
  EXPECT_TRUE(std::is_sorted(bases.begin(), bases.end()));
}

TEST(TrapTree, VisitsWhatHasAPartInARange) {
  TrapTree tree;
  for (uint64_t base : {0x1000, 0x3000, 0x4000, 0x8000}) tree.Insert(MakeTrap(base, 0x1000));
  const auto visited = [&](uint64_t begin, uint64_t end) {
    std::vector<uint64_t> bases;
    tree.VisitIn(begin, end, [&](const Trap& trap) { bases.push_back(trap.base); });
    return bases;
  };
  using Bases = std::vector<uint64_t>;
  EXPECT_EQ(visited(0, 0x1000), Bases());
  EXPECT_EQ(visited(0, 0x1001), Bases({0x1000}));
  EXPECT_EQ(visited(0x1FFF, 0x3000), Bases({0x1000}));
  EXPECT_EQ(visited(0x2000, 0x5000), Bases({0x3000, 0x4000}));
  EXPECT_EQ(visited(0x4800, 0x4900), Bases({0x4000}));
  EXPECT_EQ(visited(0x5000, 0x8000), Bases());
  EXPECT_EQ(visited(0x9000, 0xFFFF'FFFF), Bases());
}

}  // namespace
}  // namespace zircon::guest
