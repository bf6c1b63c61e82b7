// ResizeListener: what a guest's space leaves with the pages of VMOs that can change their size. It
// may outlive the space: such pages keep it until another takes its place.
//
// Ownership: the space and the pages hold it. Thread safety: any thread. Lock order: its lock, then
// the space's.

#pragma once

#include <atomic>

#include "base/mutex.h"
#include "objects/size_watcher.h"

namespace zircon::guest {

class GuestSpace;

class ResizeListener final : public objects::SizeWatcher {
 public:
  explicit ResizeListener(GuestSpace* space) noexcept : space_(space) {}

  // The space is going. No call of it is under way afterwards.
  void Forget();

  zx_status_t OnResize(const objects::VmoPages* pages, uint64_t size) override;
  // relaxed: who is told too late looks once more.
  bool gone() const override { return gone_.load(std::memory_order_relaxed); }

 private:
  base::Mutex mutex_;
  GuestSpace* space_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> gone_{false};
};

}  // namespace zircon::guest
