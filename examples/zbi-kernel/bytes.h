// Reading memory that somebody else has filled: a range that knows its end.

#pragma once

#include <cstddef>
#include <cstdint>

// Refers to memory. A value.
class Bytes {
 public:
  constexpr Bytes() = default;
  Bytes(uint64_t address, size_t size)
      : start_(reinterpret_cast<const uint8_t*>(address)), size_(size) {}

  const uint8_t* data() const { return start_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The part behind `offset`; empty if that is beyond the end.
  Bytes From(size_t offset) const {
    return offset < size_ ? Bytes(start_ + offset, size_ - offset) : Bytes();
  }
  // The first `size` bytes, or all if there are not so many.
  Bytes First(size_t size) const { return {start_, size < size_ ? size : size_}; }

  // Copies a value out, from any alignment; false if it does not lie inside.
  template <typename T>
  bool Read(size_t offset, T& value) const {
    if (offset > size_ || sizeof(T) > size_ - offset) {
      return false;
    }
    __builtin_memcpy(&value, start_ + offset, sizeof(T));
    return true;
  }

  // Does it begin with this text?
  template <size_t size>
  bool StartsWith(const char (&text)[size]) const {
    constexpr size_t kLength = size - 1;
    return size_ >= kLength && __builtin_memcmp(start_, text, kLength) == 0;
  }

  // The sum of all bytes, as ACPI takes it.
  uint8_t Sum() const {
    uint8_t sum = 0;
    for (size_t i = 0; i < size_; ++i) {
      sum = static_cast<uint8_t>(sum + start_[i]);
    }
    return sum;
  }

 private:
  Bytes(const uint8_t* start, size_t size) : start_(start), size_(size) {}

  const uint8_t* start_ = nullptr;
  size_t size_ = 0;
};
