// StreamSize: how many bytes of a VMO are content. It is a number that programs set and read; with
// it what is behind the content becomes zero. A VMO and its references have one.
//
// Lock order: its own, then the pages'.
//
// Ownership: the VMOs hold it. Thread safety: any thread.

#pragma once

#include <zircon/types.h>

#include <atomic>
#include <cstdint>

#include "base/mutex.h"
#include "base/ref_ptr.h"

namespace zircon::objects {

class StreamSize final : public base::RefCounted {
 public:
  explicit StreamSize(uint64_t bytes) noexcept : bytes_(bytes) {}

  // relaxed, here and below: nothing else goes with it.
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

  // Does what has to be done to the pages first; if that fails the number stays.
  template <typename Change>
  [[nodiscard]] zx_status_t Set(uint64_t bytes, Change change) {
    base::MutexLock lock(mutex_);
    const zx_status_t status = change();
    if (status == ZX_OK) bytes_.store(bytes, std::memory_order_relaxed);
    return status;
  }

 private:
  ~StreamSize() override = default;

  // Held while the pages change, so that the last number is that of the last change.
  base::Mutex mutex_;
  std::atomic<uint64_t> bytes_;
};

}  // namespace zircon::objects
