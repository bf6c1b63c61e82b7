// One request of a virtio driver: what the device may read, then what it may write, as parts of
// guest RAM.
//
//   ByteStream in(chain.readable);
//   Header header;
//   if (!in.Read(&header, sizeof(header))) …   // the request is too short
//   for (std::span<uint8_t> part; !(part = in.Next(kMost)).empty();) …

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace zvmm {

// The parts are of guest RAM, which the guest may change at any time: read each byte once.
struct Chain {
  uint16_t head = 0;  // Names the request to the driver.
  std::vector<std::span<uint8_t>> readable;
  std::vector<std::span<uint8_t>> writable;
};

// Goes through parts as if they were one range of bytes. Refers to them. Not thread-safe.
class ByteStream {
 public:
  explicit ByteStream(std::span<const std::span<uint8_t>> parts) : parts_(parts) { SkipEmpty(); }

  uint64_t left() const {
    uint64_t sum = 0;
    for (const auto& part : parts_) {
      sum += part.size();
    }
    return sum - offset_;
  }

  // The next bytes that lie together, at most `most` of them; empty at the end.
  std::span<uint8_t> Next(size_t most) {
    if (parts_.empty()) {
      return {};
    }
    const std::span<uint8_t> part = parts_.front();
    const std::span<uint8_t> bytes = part.subspan(offset_, std::min(most, part.size() - offset_));
    offset_ += bytes.size();
    SkipEmpty();
    return bytes;
  }

  // Copies out; false, with some of it copied, if there is too little left.
  bool Read(void* to, size_t size) {
    auto* out = static_cast<uint8_t*>(to);
    while (size > 0) {
      const std::span<uint8_t> bytes = Next(size);
      if (bytes.empty()) {
        return false;
      }
      std::memcpy(out, bytes.data(), bytes.size());
      out += bytes.size();
      size -= bytes.size();
    }
    return true;
  }

  // Copies in as much as there is room for; gives how much.
  size_t Write(std::span<const uint8_t> from) {
    size_t written = 0;
    while (written < from.size()) {
      const std::span<uint8_t> bytes = Next(from.size() - written);
      if (bytes.empty()) {
        break;
      }
      std::memcpy(bytes.data(), from.data() + written, bytes.size());
      written += bytes.size();
    }
    return written;
  }

 private:
  void SkipEmpty() {
    while (!parts_.empty() && offset_ == parts_.front().size()) {
      parts_ = parts_.subspan(1);
      offset_ = 0;
    }
  }

  std::span<const std::span<uint8_t>> parts_;
  size_t offset_ = 0;  // In the first part.
};

}  // namespace zvmm
