// Structures of images and tables as the bytes that they are.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace zvmm {

// They must be there.
template <typename T>
T Read(std::span<const uint8_t> bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

template <typename T>
std::span<const uint8_t> BytesOf(const T& value) {
  return {reinterpret_cast<const uint8_t*>(&value), sizeof(value)};
}

}  // namespace zvmm
