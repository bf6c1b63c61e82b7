// Vmo: a virtual memory object, backed by a memfd. The library has one host mapping of it, made on
// first use (Window), which guest memory slots point into; process mappings map the memfd itself,
// so every view shows the same pages.
//
// Ownership: handles and mappings hold it. Thread safety: all of it may be called from any thread.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/mutex.h"
#include "base/ref_ptr.h"
#include "objects/waitable.h"

namespace zircon::objects {

class Vmo final : public Waitable {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_VMO;

  // `size` in bytes, rounded up to pages. ZX_ERR_OUT_OF_RANGE when that overflows or no file can
  // be as large, ZX_ERR_NO_MEMORY, ZX_ERR_NO_RESOURCES (no file descriptor left).
  [[nodiscard]] static zx_status_t Create(uint64_t size, bool resizable, base::RefPtr<Vmo>* out);
  ~Vmo() override;

  bool resizable() const { return resizable_; }
  int fd() const { return fd_; }
  uint64_t size() const { return size_.load(std::memory_order_relaxed); }

  // Byte ranges: ZX_ERR_OUT_OF_RANGE beyond the size or wrapped; ZX_ERR_INVALID_ARGS for a buffer
  // that faults (`user` is a caller's pointer); whole or error.
  [[nodiscard]] zx_status_t Read(void* user, uint64_t offset, size_t length);
  [[nodiscard]] zx_status_t Write(const void* user, uint64_t offset, size_t length);

  // The library's own mapping of the whole object, readable and writable, aligned to 2 MiB when
  // the object is that large, not inherited by a forked child. An object of size 0 has none: null.
  // Stays where it is as long as the object. ZX_ERR_NO_MEMORY.
  [[nodiscard]] zx_status_t Window(uint8_t** base);

 private:
  Vmo(int fd, uint64_t size, bool resizable);

  const int fd_;
  const bool resizable_;
  // Only grows or shrinks by a resize, so that a reader needs no lock.
  std::atomic<uint64_t> size_;

  base::Mutex window_mutex_;
  // Null until made; the mutex serialises only the making.
  std::atomic<uint8_t*> window_{nullptr};
  uint64_t window_size_ ABSL_GUARDED_BY(window_mutex_) = 0;
};

}  // namespace zircon::objects
