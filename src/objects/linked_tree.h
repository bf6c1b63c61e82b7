// LinkedTree: a search tree of objects that carry their own links, so that putting one in needs no
// memory: what a LinkedList is where some of many have to be found. Inside it is a treap: a search
// tree that is a heap by random numbers, and so about as deep as a balanced one.
//
// An order says which object comes before which, and what a branch knows of all objects from there
// down, if it knows anything:
//
//   struct ByKey {
//     static bool Before(const Wait& a, const Wait& b) { return a.key < b.key; }
//     using Summary = NoSummary;
//   };
//   struct Wait : InTree<Wait, ByKey> { uint64_t key; };
//   LinkedTree<Wait, ByKey> waits;
//
//   for (Wait* at = waits.FirstNotBefore([&](const Wait& wait) { return wait.key < key; });
//        at != nullptr && at->key == key; at = waits.Next(at)) …
//
// Each call takes the logarithm of what there is. An object is in one tree of an order at a time.
//
// Ownership: none; the objects must outlive their membership. Thread safety: none.

#pragma once

#include <cstdint>
#include <type_traits>

namespace zircon::objects {

struct NoSummary {};

template <typename T, typename Order>
class LinkedTree;

template <typename T, typename Order>
class InTree {
 public:
  InTree() = default;
  InTree(const InTree&) = delete;
  InTree& operator=(const InTree&) = delete;

 protected:
  ~InTree() = default;

 private:
  friend class LinkedTree<T, Order>;
  T* parent_ = nullptr;
  T* left_ = nullptr;
  T* right_ = nullptr;
  // Of this one and all below.
  [[no_unique_address]] typename Order::Summary summary_{};
};

template <typename T, typename Order>
class LinkedTree {
 public:
  using Summary = typename Order::Summary;

  LinkedTree() = default;
  LinkedTree(const LinkedTree&) = delete;
  LinkedTree& operator=(const LinkedTree&) = delete;

  bool empty() const { return root_ == nullptr; }

  // Behind those that it comes not before.
  void Insert(T* item) {
    T* parent = nullptr;
    T** place = &root_;
    while (*place != nullptr) {
      parent = *place;
      place = Order::Before(*item, *parent) ? &Links(parent).left_ : &Links(parent).right_;
    }
    Attach(item, parent, place);
  }

  // Before all others, whatever the order.
  void PushFront(T* item) {
    T* parent = nullptr;
    T** place = &root_;
    while (*place != nullptr) {
      parent = *place;
      place = &Links(parent).left_;
    }
    Attach(item, parent, place);
  }

  // `item` is in this tree.
  void Remove(T* item) {
    InTree<T, Order>& links = Links(item);
    while (links.left_ != nullptr && links.right_ != nullptr) {
      Raise(IsAbove(links.left_, links.right_) ? links.left_ : links.right_);
    }
    T* const child = links.left_ != nullptr ? links.left_ : links.right_;
    PlaceOf(item) = child;
    if (child != nullptr) Links(child).parent_ = links.parent_;
    SummarizeFrom(links.parent_);
    links.parent_ = links.left_ = links.right_ = nullptr;
  }

  T* First() const { return root_ == nullptr ? nullptr : Leftmost(root_); }
  // The one after `item`, which is in the tree; null after the last.
  static T* Next(const T* item) {
    if (T* const right = Links(item).right_) return Leftmost(right);
    return FirstAncestorBehind(item);
  }
  // `is_before` is true for the first so many and false for the rest: the first of the rest.
  template <typename IsBefore>
  T* FirstNotBefore(IsBefore is_before) const {
    T* found = nullptr;
    for (T* at = root_; at != nullptr;) {
      const bool before = is_before(static_cast<const T&>(*at));
      if (!before) found = at;
      at = before ? Links(at).right_ : Links(at).left_;
    }
    return found;
  }
  // The first, and the next one after `item`, whose summary `has` it. `has` is true of a branch if
  // it is of one of those in it.
  template <typename Has>
  T* FirstThat(Has has) const {
    return root_ == nullptr || !has(Links(root_).summary_) ? nullptr : FirstIn(root_, has);
  }
  template <typename Has>
  static T* NextThat(const T* item, Has has) {
    for (;;) {
      T* const right = Links(item).right_;
      if (right != nullptr && has(Links(right).summary_)) return FirstIn(right, has);
      T* const above = FirstAncestorBehind(item);
      if (above == nullptr || has(Order::Of(*above))) return above;
      item = above;
    }
  }

 private:
  static InTree<T, Order>& Links(T* item) { return *item; }
  static const InTree<T, Order>& Links(const T* item) { return *item; }

  static T* Leftmost(T* at) {
    while (Links(at).left_ != nullptr) at = Links(at).left_;
    return at;
  }
  static T* FirstAncestorBehind(const T* item) {
    T* above = Links(item).parent_;
    while (above != nullptr && Links(above).right_ == item) {
      item = above;
      above = Links(above).parent_;
    }
    return above;
  }
  // There is one from `at` down.
  template <typename Has>
  static T* FirstIn(T* at, Has has) {
    for (;;) {
      T* const left = Links(at).left_;
      if (left != nullptr && has(Links(left).summary_)) {
        at = left;
      } else if (has(Order::Of(*at))) {
        return at;
      } else {
        at = Links(at).right_;
      }
    }
  }

  // A number that has nothing to do with the order, and costs no memory.
  static uint64_t Priority(const T* item) {
    uint64_t mixed = reinterpret_cast<uintptr_t>(item);
    mixed = (mixed ^ (mixed >> 33)) * 0xFF51AFD7ED558CCD;
    mixed = (mixed ^ (mixed >> 33)) * 0xC4CEB9FE1A85EC53;
    return mixed ^ (mixed >> 33);
  }
  static bool IsAbove(const T* a, const T* b) { return Priority(a) > Priority(b); }

  static void Summarize(T* item) {
    if constexpr (!std::is_same_v<Summary, NoSummary>) {
      InTree<T, Order>& links = Links(item);
      links.summary_ = Order::Of(*item);
      for (const T* const child : {links.left_, links.right_}) {
        if (child != nullptr) links.summary_ = Order::Join(links.summary_, Links(child).summary_);
      }
    }
  }
  static void SummarizeFrom(T* item) {
    if constexpr (!std::is_same_v<Summary, NoSummary>) {
      for (; item != nullptr; item = Links(item).parent_) Summarize(item);
    }
  }

  // The pointer that leads to `item`.
  T*& PlaceOf(const T* item) {
    T* const parent = Links(item).parent_;
    if (parent == nullptr) return root_;
    return Links(parent).left_ == item ? Links(parent).left_ : Links(parent).right_;
  }

  void Attach(T* item, T* parent, T** place) {
    *place = item;
    InTree<T, Order>& links = Links(item);
    links.parent_ = parent;
    links.left_ = links.right_ = nullptr;
    SummarizeFrom(item);
    while (links.parent_ != nullptr && IsAbove(item, links.parent_)) Raise(item);
  }

  // In the place of its parent, which becomes its child. The branch has the same objects as before,
  // in the same order.
  void Raise(T* item) {
    InTree<T, Order>& links = Links(item);
    T* const parent = links.parent_;
    const bool is_left = Links(parent).left_ == item;
    PlaceOf(parent) = item;
    links.parent_ = Links(parent).parent_;
    Links(parent).parent_ = item;
    T*& inner = is_left ? links.right_ : links.left_;
    (is_left ? Links(parent).left_ : Links(parent).right_) = inner;
    if (inner != nullptr) Links(inner).parent_ = parent;
    inner = parent;
    Summarize(parent);
    Summarize(item);
  }

  T* root_ = nullptr;
};

}  // namespace zircon::objects
