// ByteRing: bytes in, bytes out, in order, up to a fixed number. Its memory comes with the first
// byte. What is put in or taken out is copied by the caller's function, piece by piece, and counts
// only when all of it was copied.
//
// Ownership: of its memory. Thread safety: none.

#pragma once

#include <zircon/errors.h>
#include <zircon/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "objects/user_copy.h"

namespace zircon::objects {

class ByteRing {
 public:
  explicit ByteRing(size_t capacity) noexcept : capacity_(capacity) {}

  size_t capacity() const { return capacity_; }
  size_t stored() const { return stored_; }
  size_t free() const { return capacity_ - stored_; }

  // `size` ≤ free(). ZX_ERR_NO_MEMORY, or what `copy` says.
  [[nodiscard]] zx_status_t Put(size_t size, CopyFromUser copy) {
    if (bytes_ == nullptr) bytes_.reset(new (std::nothrow) uint8_t[capacity_]);
    if (bytes_ == nullptr) return ZX_ERR_NO_MEMORY;
    // From the beginning, where the memory is warm, when there is nothing to go on from.
    if (stored_ == 0) first_ = 0;
    const zx_status_t status = ForPieces(stored_, size, copy);
    if (status == ZX_OK) stored_ += size;
    return status;
  }
  // `size` ≤ stored(): copies the first bytes and leaves them.
  [[nodiscard]] zx_status_t Peek(size_t size, CopyToUser copy) const {
    return ForPieces(0, size, copy);
  }
  // `size` ≤ stored().
  void Drop(size_t size) {
    first_ = (first_ + size) % capacity_;
    stored_ -= size;
  }

 private:
  // The `size` bytes behind the first `skip`, in at most two pieces.
  template <typename Copy>
  zx_status_t ForPieces(size_t skip, size_t size, Copy copy) const {
    for (size_t done = 0; done < size;) {
      const size_t at = (first_ + skip + done) % capacity_;
      const size_t piece = std::min(size - done, capacity_ - at);
      const zx_status_t status = copy(bytes_.get() + at, done, piece);
      if (status != ZX_OK) return status;
      done += piece;
    }
    return ZX_OK;
  }

  const size_t capacity_;
  std::unique_ptr<uint8_t[]> bytes_;
  size_t first_ = 0;
  size_t stored_ = 0;
};

}  // namespace zircon::objects
