// ShortLock: a mutex for sections of a few dozen instructions on a path that is counted in
// nanoseconds. Uncontended it is two atomic operations in the caller's own code, where std::mutex
// is two calls that cost as much as such a section; contended it spins a little and then sleeps.
//
//   ShortLock lock_;
//   int value_ ABSL_GUARDED_BY(lock_);
//   { ShortLockScope scope(lock_); ++value_; }
//
//   word      | means
//   ----------+---------------------------------------------
//   kFree     | nobody holds it
//   kHeld     | held, and nobody sleeps
//   kSlept    | held, and somebody may sleep: unlocking wakes
//
// Thread safety: that is what it is for.

#pragma once

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"

namespace zircon::base {

class ABSL_LOCKABLE ShortLock {
 public:
  constexpr ShortLock() = default;
  ShortLock(const ShortLock&) = delete;
  ShortLock& operator=(const ShortLock&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    uint32_t free = kFree;
    // acquire: what was done under the lock before is seen.
    if (!word_.compare_exchange_strong(free, kHeld, std::memory_order_acquire,
                                       std::memory_order_relaxed)) [[unlikely]] {
      LockSlowly();
    }
  }
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    // release: pairs with the acquire of the next holder.
    if (word_.exchange(kFree, std::memory_order_release) == kSlept) [[unlikely]]
      WakeOne();
  }

 private:
  static constexpr uint32_t kFree = 0;
  static constexpr uint32_t kHeld = 1;
  static constexpr uint32_t kSlept = 2;

  void LockSlowly();
  void WakeOne();

  std::atomic<uint32_t> word_{kFree};
};

class ABSL_SCOPED_LOCKABLE ShortLockScope {
 public:
  explicit ShortLockScope(ShortLock& lock) ABSL_EXCLUSIVE_LOCK_FUNCTION(lock) : lock_(lock) {
    lock_.Lock();
  }
  ~ShortLockScope() ABSL_UNLOCK_FUNCTION() { lock_.Unlock(); }
  ShortLockScope(const ShortLockScope&) = delete;
  ShortLockScope& operator=(const ShortLockScope&) = delete;

 private:
  ShortLock& lock_;
};

// Waiting for something that a ShortLock guards. Wakes may be spurious: wait in a loop.
class ShortLockCondition {
 public:
  ShortLockCondition() = default;
  ShortLockCondition(const ShortLockCondition&) = delete;
  ShortLockCondition& operator=(const ShortLockCondition&) = delete;

  // Drops the lock while it sleeps.
  void Wait(ShortLock& lock) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock);
  // With the lock that the waiters used.
  void WakeAll(const ShortLock& lock) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock);

 private:
  std::atomic<uint32_t> changes_{0};
  uint32_t waiting_ = 0;  // under the lock
};

}  // namespace zircon::base
