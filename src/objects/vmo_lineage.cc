#include "objects/vmo_lineage.h"

#include <zircon/errors.h>

namespace zircon::objects {

constinit base::Mutex VmoLineage::mutex_;

VmoLineage::~VmoLineage() {
  base::MutexLock lock(mutex_);
  VmoLineage* const parent = parent_;
  while (VmoLineage* child = children_.PopFront()) {
    child->parent_ = parent;
    if (parent != nullptr) {
      parent->children_.PushBack(child);
      ++parent->child_count_;
    }
  }
  if (parent == nullptr) return;
  parent->children_.Remove(this);
  if (--parent->child_count_ == 0) parent->vmo_.UpdateSignals(0, ZX_VMO_ZERO_CHILDREN);
}

zx_status_t VmoLineage::Join(VmoLineage* parent, bool must_be_cached) {
  base::MutexLock lock(mutex_);
  const uint32_t policy = parent->cache_policy();
  if (must_be_cached && policy != ZX_CACHE_POLICY_CACHED) return ZX_ERR_BAD_STATE;
  cache_policy_.store(policy, std::memory_order_relaxed);
  parent_koid_ = parent->vmo_.koid();
  parent_ = parent;
  parent->children_.PushBack(this);
  if (++parent->child_count_ == 1) parent->vmo_.UpdateSignals(ZX_VMO_ZERO_CHILDREN, 0);
  return ZX_OK;
}

zx_status_t VmoLineage::SetCachePolicy(uint32_t policy) {
  base::MutexLock lock(mutex_);
  if (parent_koid_ != ZX_KOID_INVALID || child_count_ != 0) return ZX_ERR_BAD_STATE;
  cache_policy_.store(policy, std::memory_order_relaxed);
  return ZX_OK;
}

uint64_t VmoLineage::CountChildren() const {
  base::MutexLock lock(mutex_);
  return child_count_;
}

}  // namespace zircon::objects
