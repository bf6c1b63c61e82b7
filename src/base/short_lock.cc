#include "base/short_lock.h"

#include "base/futex.h"

namespace zircon::base {

// Not the slow half of an inline lock only: it takes the lock by itself.
void ShortLock::LockSlowly() {
  // About as long as a section that has just begun.
  constexpr int kSpins = 100;
  for (int i = 0; i < kSpins; ++i) {
    uint32_t free = kFree;
    // acquire, on success, as in Lock(); relaxed for the look that saves the attempt.
    if (word_.load(std::memory_order_relaxed) == kFree &&
        word_.compare_exchange_weak(free, kHeld, std::memory_order_acquire,
                                    std::memory_order_relaxed)) {
      return;
    }
  }
  // Who has slept cannot know that nobody else does, and so leaves kSlept behind.
  // acquire: as in Lock().
  while (word_.exchange(kSlept, std::memory_order_acquire) != kFree) {
    FutexWait(word_, kSlept, kForever);
  }
}

void ShortLock::WakeOne() { FutexWakeOne(word_); }

void ShortLockCondition::Wait(ShortLock& lock) {
  ++waiting_;
  // relaxed, here and below: changed with the lock held only; the kernel compares it once more.
  const uint32_t seen = changes_.load(std::memory_order_relaxed);
  lock.Unlock();
  FutexWait(changes_, seen, kForever);
  lock.Lock();
  --waiting_;
}

void ShortLockCondition::WakeAll(const ShortLock& /*lock*/) {
  if (waiting_ == 0) return;
  changes_.fetch_add(1, std::memory_order_relaxed);
  FutexWakeAll(changes_);
}

}  // namespace zircon::base
