// ExtentTree: which parts of a range are taken, and where a place of some size is free, each found
// in a time that grows with the logarithm of what there is.
//
//   struct Thing { Extent extent; ... };
//   ExtentTree taken;
//   taken.Insert(&thing.extent, start, end);
//   taken.FindFree(begin, end, length, alignment, &address);   // the lowest
//
// Extents are part of what takes the place, never overlap, and carry their own links: nothing here
// needs memory or fails. Inside it is a treap: a search tree by address that is a heap by random
// numbers, and so about as deep as a balanced one. Each extent also knows the largest gap below it.
//
// Ownership: none; an extent must be taken out before it goes. Thread safety: none.

#pragma once

#include <cstdint>

namespace zircon::objects {

class ExtentTree;

class Extent {
 public:
  Extent() = default;
  // A copy is of what takes the place, not of the place.
  Extent(const Extent&) {}
  Extent& operator=(const Extent&) = delete;

  uint64_t start() const { return start_; }
  uint64_t end() const { return end_; }
  // The tree that it is in, or null.
  ExtentTree* tree() const { return tree_; }

 private:
  friend class ExtentTree;

  uint64_t start_ = 0;
  uint64_t end_ = 0;
  ExtentTree* tree_ = nullptr;
  Extent* left_ = nullptr;
  Extent* right_ = nullptr;
  uint64_t priority_ = 0;
  // Of all extents from here down: where the first begins and the last ends, and the largest gap
  // between two.
  uint64_t first_ = 0;
  uint64_t last_ = 0;
  uint64_t gap_ = 0;
};

class ExtentTree {
 public:
  ExtentTree() = default;
  ExtentTree(const ExtentTree&) = delete;
  ExtentTree& operator=(const ExtentTree&) = delete;

  // [start, end) is not empty and is free.
  void Insert(Extent* extent, uint64_t start, uint64_t end);
  // One that is in this tree.
  void Remove(Extent* extent);

  // Whether an extent has a part in [start, end).
  bool Overlaps(uint64_t start, uint64_t end) const;
  // The lowest multiple of `alignment` in [begin, end) behind which `length` bytes are free, inside
  // it. Gaps that are large enough but not at a multiple are looked at one by one.
  [[nodiscard]] bool FindFree(uint64_t begin, uint64_t end, uint64_t length, uint64_t alignment,
                              uint64_t* address) const;

 private:
  struct Wanted;

  static void Update(Extent* extent);
  // Parts a tree: what begins below `start`, and the rest.
  static void Split(Extent* tree, uint64_t start, Extent** below, Extent** above);
  static Extent* Merge(Extent* below, Extent* above);
  static Extent* RemoveFrom(Extent* tree, const Extent* extent);
  static bool FindInside(const Extent* tree, const Wanted& wanted, uint64_t* address);

  Extent* root_ = nullptr;
  uint64_t random_ = 0x9E3779B97F4A7C15;
};

}  // namespace zircon::objects
