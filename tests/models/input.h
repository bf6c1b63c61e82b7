// Input: bytes that decide what a model does next. When they have run out everything is 0.
//
// Thread safety: one thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace zircon::models {

class Input {
 public:
  explicit Input(std::span<const uint8_t> bytes) : left_(bytes) {}

  bool done() const { return left_.empty(); }

  template <typename T>
  T Next() {
    T value = {};
    const size_t size = left_.size() < sizeof(T) ? left_.size() : sizeof(T);
    std::memcpy(&value, left_.data(), size);
    left_ = left_.subspan(size);
    return value;
  }
  // 0 to limit - 1; 0 for a limit of 0.
  uint32_t Below(uint32_t limit) {
    if (limit == 0) return 0;
    return (limit <= 256 ? Next<uint8_t>() : Next<uint32_t>()) % limit;
  }
  // True in one of `times` cases.
  bool OneIn(uint32_t times) { return Below(times) == times - 1; }
  template <typename T, size_t kSize>
  T Pick(const T (&choices)[kSize]) {
    return choices[Below(kSize)];
  }

 private:
  std::span<const uint8_t> left_;
};

}  // namespace zircon::models
