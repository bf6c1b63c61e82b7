#include "objects/extent_tree.h"

#include <algorithm>

namespace zircon::objects {

// Of a place that is looked for.
struct ExtentTree::Wanted {
  uint64_t begin;
  uint64_t end;
  uint64_t length;
  uint64_t alignment;

  // Whether the free range [from, to) has it, and where.
  bool IsIn(uint64_t from, uint64_t to, uint64_t* address) const {
    from = std::max(from, begin);
    to = std::min(to, end);
    const uint64_t aligned = (from + alignment - 1) / alignment * alignment;
    if (aligned < from || aligned > to || to - aligned < length) return false;
    *address = aligned;
    return true;
  }
};

void ExtentTree::Update(Extent* extent) {
  extent->first_ = extent->start_;
  extent->last_ = extent->end_;
  extent->gap_ = 0;
  if (const Extent* const left = extent->left_) {
    extent->first_ = left->first_;
    extent->gap_ = std::max({extent->gap_, left->gap_, extent->start_ - left->last_});
  }
  if (const Extent* const right = extent->right_) {
    extent->last_ = right->last_;
    extent->gap_ = std::max({extent->gap_, right->gap_, right->first_ - extent->end_});
  }
}

void ExtentTree::Split(Extent* tree, uint64_t start, Extent** below, Extent** above) {
  if (tree == nullptr) {
    *below = *above = nullptr;
  } else if (tree->start_ < start) {
    *below = tree;
    Split(tree->right_, start, &tree->right_, above);
    Update(tree);
  } else {
    *above = tree;
    Split(tree->left_, start, below, &tree->left_);
    Update(tree);
  }
}

Extent* ExtentTree::Merge(Extent* below, Extent* above) {
  if (below == nullptr) return above;
  if (above == nullptr) return below;
  if (below->priority_ > above->priority_) {
    below->right_ = Merge(below->right_, above);
    Update(below);
    return below;
  }
  above->left_ = Merge(below, above->left_);
  Update(above);
  return above;
}

Extent* ExtentTree::RemoveFrom(Extent* tree, const Extent* extent) {
  if (tree == extent) return Merge(tree->left_, tree->right_);
  Extent** const side = extent->start_ < tree->start_ ? &tree->left_ : &tree->right_;
  *side = RemoveFrom(*side, extent);
  Update(tree);
  return tree;
}

void ExtentTree::Insert(Extent* extent, uint64_t start, uint64_t end) {
  // xorshift64
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  extent->start_ = start;
  extent->end_ = end;
  extent->tree_ = this;
  extent->left_ = extent->right_ = nullptr;
  extent->priority_ = random_;
  Update(extent);
  Extent* below = nullptr;
  Extent* above = nullptr;
  Split(root_, start, &below, &above);
  root_ = Merge(Merge(below, extent), above);
}

void ExtentTree::Remove(Extent* extent) {
  root_ = RemoveFrom(root_, extent);
  extent->tree_ = nullptr;
}

bool ExtentTree::Overlaps(uint64_t start, uint64_t end) const {
  for (const Extent* at = root_; at != nullptr;) {
    if (end <= at->start_) {
      at = at->left_;
    } else if (start >= at->end_) {
      at = at->right_;
    } else {
      return true;
    }
  }
  return false;
}

bool ExtentTree::FindInside(const Extent* tree, const Wanted& wanted, uint64_t* address) {
  while (tree != nullptr && tree->gap_ >= wanted.length && tree->first_ < wanted.end &&
         tree->last_ > wanted.begin) {
    if (const Extent* const left = tree->left_) {
      if (FindInside(left, wanted, address) || wanted.IsIn(left->last_, tree->start_, address)) {
        return true;
      }
    }
    const Extent* const right = tree->right_;
    if (right != nullptr && wanted.IsIn(tree->end_, right->first_, address)) return true;
    tree = right;
  }
  return false;
}

bool ExtentTree::FindFree(uint64_t begin, uint64_t end, uint64_t length, uint64_t alignment,
                          uint64_t* address) const {
  const Wanted wanted = {begin, end, length, alignment};
  if (root_ == nullptr) return wanted.IsIn(begin, end, address);
  return wanted.IsIn(begin, root_->first_, address) || FindInside(root_, wanted, address) ||
         wanted.IsIn(root_->last_, end, address);
}

}  // namespace zircon::objects
