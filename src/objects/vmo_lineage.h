// VmoLineage: where a VMO stands among its relatives, and what depends on that: the signal
// ZX_VMO_ZERO_CHILDREN, and the cache policy, which only a VMO without relatives may change.
//
// A child counts for its parent until it goes. When the parent goes first, its children become
// those of the parent's own parent: who waits for ZX_VMO_ZERO_CHILDREN waits for all who can reach
// his pages.
//
// Ownership: part of its VMO; relatives do not hold each other. Thread safety: any thread; one lock
// for all, held for moments, inside which only signals change.

#pragma once

#include <zircon/types.h>

#include <atomic>
#include <cstdint>

#include "base/mutex.h"
#include "objects/linked_list.h"
#include "objects/waitable.h"

namespace zircon::objects {

class VmoLineage : public Linked<VmoLineage> {
 public:
  explicit VmoLineage(Waitable& vmo) : vmo_(vmo) {}
  ~VmoLineage();

  // The VMO, which is new, becomes a child of `parent` and takes its cache policy over.
  // ZX_ERR_BAD_STATE when it must be CACHED and is not.
  [[nodiscard]] zx_status_t Join(VmoLineage* parent, bool must_be_cached);
  // ZX_ERR_BAD_STATE when the VMO has children or is one.
  [[nodiscard]] zx_status_t SetCachePolicy(uint32_t policy);

  // relaxed: a glance.
  uint32_t cache_policy() const { return cache_policy_.load(std::memory_order_relaxed); }
  // 0 for a VMO that was made on its own. Stays when the parent goes.
  zx_koid_t parent_koid() const { return parent_koid_; }
  uint64_t CountChildren() const;

 private:
  // Those of all VMOs.
  static constinit base::Mutex mutex_;

  Waitable& vmo_;
  zx_koid_t parent_koid_ = ZX_KOID_INVALID;
  std::atomic<uint32_t> cache_policy_{ZX_CACHE_POLICY_CACHED};
  VmoLineage* parent_ ABSL_GUARDED_BY(mutex_) = nullptr;
  LinkedList<VmoLineage> children_ ABSL_GUARDED_BY(mutex_);
  uint64_t child_count_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace zircon::objects
