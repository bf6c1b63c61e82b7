// The RAM of the guest: one VMO, mapped into zvmm and into the guest's physical space.
//
//   [0, 3 GiB)   RAM, as much as there is
//   [3, 4 GiB)   no RAM: the device hole
//   [4 GiB, …)   the rest of the RAM

#pragma once

#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <zircon/types.h>

#include <cassert>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace zvmm {

// Where RAM of a given size lies in the guest's physical space.
struct MemoryLayout {
  static constexpr uint64_t kHoleStart = uint64_t{3} << 30;
  static constexpr uint64_t kHoleEnd = uint64_t{4} << 30;

  explicit MemoryLayout(uint64_t size)
      : low(size < kHoleStart ? size : kHoleStart), high(size - low) {}

  uint64_t low;   // Bytes from 0.
  uint64_t high;  // Bytes from kHoleEnd.
};

// The host's view of guest RAM, by guest-physical address. A borrowed range: whoever owns the
// memory outlives it. Thread-safe; the guest changes the bytes at the same time.
class MemoryView {
 public:
  MemoryView(uint8_t* base, uint64_t size) : base_(base), layout_(size) {}

  const MemoryLayout& layout() const { return layout_; }

  // The bytes at [address, address + size), or an empty span if they are not all RAM (or size is
  // 0).
  std::span<uint8_t> Range(uint64_t address, uint64_t size) const {
    if (Within(address, size, 0, layout_.low)) {
      return {base_ + address, size};
    }
    if (Within(address, size, MemoryLayout::kHoleEnd, layout_.high)) {
      return {base_ + layout_.low + (address - MemoryLayout::kHoleEnd), size};
    }
    return {};
  }

  // Copies bytes in. They must all go into RAM: whoever finds the place sees to that.
  void Put(uint64_t address, std::span<const uint8_t> bytes) const {
    const std::span<uint8_t> target = Range(address, bytes.size());
    assert(target.size() == bytes.size());
    std::memcpy(target.data(), bytes.data(), target.size());
  }

 private:
  static bool Within(uint64_t address, uint64_t size, uint64_t start, uint64_t length) {
    return address >= start && address - start <= length && size <= length - (address - start);
  }

  uint8_t* base_;
  MemoryLayout layout_;
};

// Owns the host's mapping; the guest's mappings keep the memory by themselves. Thread-safe.
class GuestMemory {
 public:
  // Makes `size` bytes, a whole number of pages, of zeros.
  static absl::StatusOr<std::unique_ptr<GuestMemory>> Create(uint64_t size);
  ~GuestMemory();
  GuestMemory(const GuestMemory&) = delete;
  GuestMemory& operator=(const GuestMemory&) = delete;

  const MemoryView& view() const { return view_; }

  // Maps all of it into the guest's physical space.
  absl::Status MapInto(const zx::vmar& space) const;

 private:
  GuestMemory(zx::vmo vmo, zx_vaddr_t base, uint64_t size);

  const zx::vmo vmo_;
  const zx_vaddr_t base_;
  const uint64_t size_;
  const MemoryView view_;
};

}  // namespace zvmm
