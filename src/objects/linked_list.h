// LinkedList: a list of objects that carry their own links, so that putting one in needs no memory
// and taking one out of the middle no search. An object is in one list at a time.
//
//   struct Waiter : Linked<Waiter> { ... };
//   LinkedList<Waiter> waiters;
//
// Ownership: none; the objects must outlive their membership. Thread safety: none.

#pragma once

#include <cstddef>

namespace zircon::objects {

template <typename T>
class LinkedList;

template <typename T>
class Linked {
 public:
  Linked() = default;
  Linked(const Linked&) = delete;
  Linked& operator=(const Linked&) = delete;

 protected:
  ~Linked() = default;

 private:
  friend class LinkedList<T>;
  T* next_ = nullptr;
  T* previous_ = nullptr;
};

template <typename T>
class LinkedList {
 public:
  LinkedList() = default;
  LinkedList(const LinkedList&) = delete;
  LinkedList& operator=(const LinkedList&) = delete;

  bool empty() const { return first_ == nullptr; }
  T* front() const { return first_; }
  // The one after `item`, which is in the list; null after the last.
  static T* Next(const T* item) { return Links(item)->next_; }

  void PushBack(T* item) {
    Links(item)->previous_ = last_;
    Links(item)->next_ = nullptr;
    (last_ == nullptr ? first_ : Links(last_)->next_) = item;
    last_ = item;
  }

  void PushFront(T* item) {
    Links(item)->previous_ = nullptr;
    Links(item)->next_ = first_;
    (first_ == nullptr ? last_ : Links(first_)->previous_) = item;
    first_ = item;
  }

  // `item` is in this list.
  void Remove(T* item) {
    T* const next = Links(item)->next_;
    T* const previous = Links(item)->previous_;
    (previous == nullptr ? first_ : Links(previous)->next_) = next;
    (next == nullptr ? last_ : Links(next)->previous_) = previous;
  }

  // Null when the list is empty.
  T* PopFront() {
    T* const item = first_;
    if (item != nullptr) Remove(item);
    return item;
  }

  bool Contains(const T* item) const {
    const T* at = first_;
    while (at != nullptr && at != item) at = Next(at);
    return at != nullptr;
  }

  size_t CountSlowly() const {
    size_t count = 0;
    for (const T* at = first_; at != nullptr; at = Next(at)) ++count;
    return count;
  }

 private:
  static Linked<T>* Links(T* item) { return item; }
  static const Linked<T>* Links(const T* item) { return item; }

  T* first_ = nullptr;
  T* last_ = nullptr;
};

}  // namespace zircon::objects
