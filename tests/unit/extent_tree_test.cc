// ExtentTree: against a row of pages. Rows: VMAR-CHILD-3, GPAS-4.

#include "objects/extent_tree.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "contract.h"

namespace zircon::objects {
namespace {

TEST(ExtentTree, AnEmptyOneIsFree) {
  const ExtentTree tree;
  uint64_t address = 0;
  EXPECT_FALSE(tree.Overlaps(0, UINT64_MAX));
  EXPECT_TRUE(tree.FindFree(3, 20, 7, 8, &address));
  EXPECT_EQ(address, 8u);
  EXPECT_FALSE(tree.FindFree(3, 20, 13, 8, &address));
  EXPECT_FALSE(tree.FindFree(3, 3, 1, 1, &address));
  // At the end of all numbers.
  EXPECT_FALSE(tree.FindFree(UINT64_MAX - 5, UINT64_MAX, 1, 4096, &address));
}

TEST(ExtentTree, ACopyIsInNoTree) {
  ExtentTree tree;
  Extent extent;
  tree.Insert(&extent, 10, 20);
  const Extent copy = extent;
  EXPECT_EQ(copy.tree(), nullptr);
  EXPECT_EQ(extent.tree(), &tree);
  tree.Remove(&extent);
  EXPECT_EQ(extent.tree(), nullptr);
  EXPECT_FALSE(tree.Overlaps(0, 100));
}

TEST(ExtentTree, AgreesWithARowOfPages) {
  Shows("VMAR-CHILD-3 GPAS-4");
  constexpr uint64_t kPages = 96;
  std::mt19937 random(7);
  const auto below = [&](uint64_t limit) { return random() % limit; };
  ExtentTree tree;
  std::vector<bool> taken(kPages, false);
  std::map<uint64_t, std::unique_ptr<Extent>> extents;
  const auto is_free = [&](uint64_t start, uint64_t end) {
    for (uint64_t page = start; page < end; ++page) {
      if (taken[page]) return false;
    }
    return true;
  };
  for (int step = 0; step < 30000; ++step) {
    const uint64_t start = below(kPages);
    const uint64_t end = start + 1 + below(std::min<uint64_t>(kPages - start, 6));
    ASSERT_EQ(tree.Overlaps(start, end), !is_free(start, end)) << "step " << step;
    if (is_free(start, end) && below(3) != 0) {
      auto extent = std::make_unique<Extent>();
      tree.Insert(extent.get(), start, end);
      extents[start] = std::move(extent);
      for (uint64_t page = start; page < end; ++page) taken[page] = true;
    } else if (!extents.empty() && below(2) == 0) {
      auto it = extents.lower_bound(below(kPages));
      if (it == extents.end()) it = extents.begin();
      for (uint64_t page = it->second->start(); page < it->second->end(); ++page) {
        taken[page] = false;
      }
      tree.Remove(it->second.get());
      extents.erase(it);
    }
    const uint64_t from = below(kPages);
    const uint64_t to = from + below(kPages - from + 1);
    const uint64_t length = 1 + below(8);
    const uint64_t alignment = uint64_t{1} << below(5);
    uint64_t wanted = UINT64_MAX;
    for (uint64_t at = from; at + length <= to && wanted == UINT64_MAX; ++at) {
      if (at % alignment == 0 && is_free(at, at + length)) wanted = at;
    }
    uint64_t found = UINT64_MAX;
    ASSERT_EQ(tree.FindFree(from, to, length, alignment, &found), wanted != UINT64_MAX)
        << "step " << step;
    ASSERT_EQ(found, wanted) << "step " << step;
  }
}

}  // namespace
}  // namespace zircon::objects
