// Trees of VMARs against a model of pages with owners. Rows: VMAR-CHILD.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "contract.h"
#include "unit/vmar_tree.h"

namespace zircon::objects {
namespace {

using VmarTreeModel = VmarChildren;

TEST_P(VmarTreeModel, AgreesWithPagesAndOwners) {
  Shows("VMAR-CHILD-2 VMAR-CHILD-4 VMAR-UNMAP-6 VMAR-PROTECT-10 VMAR-MAP-34 VMAR-DESTROY-4");
  constexpr uint64_t kPages = 24;
  std::mt19937 random(GetParam() ? 3 : 4);
  const auto below = [&](uint64_t limit) { return random() % limit; };
  struct Node {
    base::RefPtr<Vmar> vmar;
    int parent;
    uint64_t page;  // in the space
    uint64_t pages;
    bool alive;
  };
  std::vector<Node> nodes = {{vmar_, -1, 0, kPages, true}};
  std::vector<int> owner(kPages, 0);      // the innermost VMAR of each page
  std::vector<char> mapped(kPages, '.');  // as Picture() has it
  const auto kill = [&](auto&& self, int index) -> void {
    nodes[index].alive = false;
    for (int i = 1; i < static_cast<int>(nodes.size()); ++i) {
      if (nodes[i].alive && nodes[i].parent == index) self(self, i);
    }
    for (uint64_t at = nodes[index].page; at < nodes[index].page + nodes[index].pages; ++at) {
      owner[at] = nodes[index].parent;
      mapped[at] = '.';
    }
  };

  for (int step = 0; step < 20000; ++step) {
    const int index = static_cast<int>(below(nodes.size()));
    Node& node = nodes[index];
    const uint64_t offset = below(node.pages);
    const uint64_t pages = 1 + below(std::min<uint64_t>(node.pages - offset, 6));
    const uint64_t first = node.page + offset;
    bool has_child = false;
    bool has_mapping = false;
    bool has_hole = false;
    bool cuts_child = false;
    for (uint64_t at = first; at < first + pages; ++at) {
      has_child |= owner[at] != index;
      has_mapping |= mapped[at] != '.';
      has_hole |= mapped[at] == '.';
    }
    for (const Node& other : nodes) {
      if (!other.alive || other.parent != index) continue;
      const bool meets = other.page < first + pages && first < other.page + other.pages;
      const bool inside = other.page >= first && other.page + other.pages <= first + pages;
      cuts_child |= meets && !inside;
    }
    zx_status_t expected = ZX_OK;
    switch (below(6)) {
      case 0: {  // allocate
        base::RefPtr<Vmar> child;
        expected = !node.alive                ? ZX_ERR_BAD_STATE
                   : has_child || has_mapping ? ZX_ERR_ALREADY_EXISTS
                                              : ZX_OK;
        ASSERT_EQ(node.vmar->Allocate(kCanSpecific | ZX_VM_SPECIFIC, offset * kPage, pages * kPage,
                                      &child),
                  expected)
            << "step " << step;
        if (expected != ZX_OK || nodes.size() > 40) {
          if (child) {
            EXPECT_EQ(child->DestroyByUser(), ZX_OK);
          }
          break;
        }
        for (uint64_t at = first; at < first + pages; ++at) {
          owner[at] = static_cast<int>(nodes.size());
        }
        nodes.push_back({std::move(child), index, first, pages, true});
        break;
      }
      case 1:
      case 2: {  // map
        const bool overwrite = below(2) == 0;
        expected = !node.alive                                ? ZX_ERR_BAD_STATE
                   : overwrite && has_child                   ? ZX_ERR_INVALID_ARGS
                   : !overwrite && (has_child || has_mapping) ? ZX_ERR_ALREADY_EXISTS
                                                              : ZX_OK;
        ASSERT_EQ(MapIn(*node.vmar, offset, pages, kReadWrite, 0,
                        overwrite ? ZX_VM_SPECIFIC_OVERWRITE : ZX_VM_SPECIFIC),
                  expected)
            << "step " << step;
        if (expected != ZX_OK) break;
        for (uint64_t at = first; at < first + pages; ++at) mapped[at] = 'w';
        break;
      }
      case 3:  // unmap
        expected = !node.alive ? ZX_ERR_BAD_STATE : cuts_child ? ZX_ERR_INVALID_ARGS : ZX_OK;
        ASSERT_EQ(UnmapIn(*node.vmar, offset, pages), expected) << "step " << step;
        if (expected != ZX_OK) break;
        for (int i = 1; i < static_cast<int>(nodes.size()); ++i) {
          const bool inside =
              nodes[i].page >= first && nodes[i].page + nodes[i].pages <= first + pages;
          if (nodes[i].alive && nodes[i].parent == index && inside) kill(kill, i);
        }
        for (uint64_t at = first; at < first + pages; ++at) mapped[at] = '.';
        break;
      case 4:  // protect
        expected = !node.alive ? ZX_ERR_BAD_STATE
                   : has_child ? ZX_ERR_INVALID_ARGS
                   : has_hole  ? ZX_ERR_NOT_FOUND
                               : ZX_OK;
        ASSERT_EQ(ProtectIn(*node.vmar, offset, pages, kRead), expected) << "step " << step;
        if (expected != ZX_OK) break;
        for (uint64_t at = first; at < first + pages; ++at) mapped[at] = 'r';
        break;
      case 5:  // destroy, not too often
        if (below(4) != 0) break;
        expected = !node.alive ? ZX_ERR_BAD_STATE : index == 0 ? ZX_ERR_NOT_SUPPORTED : ZX_OK;
        ASSERT_EQ(node.vmar->DestroyByUser(), expected) << "step " << step;
        if (expected == ZX_OK) kill(kill, index);
        break;
    }
    ASSERT_EQ(Picture(kPages), std::string(mapped.begin(), mapped.end())) << "step " << step;
    if (nodes.size() > 40) {
      // Dead ones have been looked at enough.
      for (Node& each : nodes) {
        if (each.alive && each.parent == 0) {
          EXPECT_EQ(each.vmar->DestroyByUser(), ZX_OK);
        }
      }
      for (int i = 1; i < static_cast<int>(nodes.size()); ++i) {
        if (nodes[i].alive && nodes[i].parent == 0) kill(kill, i);
      }
      nodes.resize(1);
    }
    if (HasFailure()) FAIL() << "step " << step;
  }
}

INSTANTIATE_TEST_SUITE_P(Spaces, VmarTreeModel, testing::Bool(), [](const auto& tested) {
  return tested.param ? "ProcessLike" : "GuestLike";
});

}  // namespace
}  // namespace zircon::objects
