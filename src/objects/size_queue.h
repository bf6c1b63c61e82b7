// SizeQueue: sizes, first in, first out. Its memory comes with the first one, grows as it must and
// stays.
//
// Ownership: of its memory. Thread safety: none.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace zircon::objects {

class SizeQueue {
 public:
  bool empty() const { return count_ == 0; }
  // Of one that is not empty.
  uint32_t front() const { return sizes_[first_]; }
  void PopFront() {
    first_ = (first_ + 1) % room_;
    --count_;
  }
  void PopBack() { --count_; }
  // False when memory is short.
  [[nodiscard]] bool PushBack(uint32_t size) {
    if (count_ == room_ && !Grow()) return false;
    sizes_[(first_ + count_) % room_] = size;
    ++count_;
    return true;
  }

 private:
  bool Grow() {
    constexpr size_t kFirstRoom = 16;
    const size_t room = room_ == 0 ? kFirstRoom : 2 * room_;
    std::unique_ptr<uint32_t[]> sizes(new (std::nothrow) uint32_t[room]);
    if (sizes == nullptr) return false;
    for (size_t i = 0; i < count_; ++i) sizes[i] = sizes_[(first_ + i) % room_];
    sizes_ = std::move(sizes);
    room_ = room;
    first_ = 0;
    return true;
  }

  std::unique_ptr<uint32_t[]> sizes_;
  size_t room_ = 0;
  size_t first_ = 0;
  size_t count_ = 0;
};

}  // namespace zircon::objects
