// The project's mutex and condition variable: the standard library's, annotated for clang's
// thread-safety analysis. Not Abseil's: the distribution builds that without the thread sanitizer's
// hooks, and with a deadlock detector that costs more than the lock and ends the process
// (docs/decisions/0006-std-mutex.md).
//
//   base::Mutex mutex_;
//   int value_ ABSL_GUARDED_BY(mutex_);
//   { base::MutexLock lock(mutex_); ++value_; }
//
// Thread safety: that is what it is for. Nothing here is held across KVM_RUN.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "absl/base/thread_annotations.h"

namespace zircon::base {

class CondVar;

class ABSL_LOCKABLE Mutex {
 public:
  constexpr Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { impl_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { impl_.unlock(); }
  void AssertHeld() const ABSL_ASSERT_EXCLUSIVE_LOCK() {}

 private:
  friend class CondVar;
  std::mutex impl_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Wakes may be spurious: wait in a loop that tests the condition.
class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  void Wait(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::unique_lock<std::mutex> lock(mutex.impl_, std::adopt_lock);
    impl_.wait(lock);
    lock.release();
  }
  // Waits until `nanoseconds` have passed at most.
  void WaitFor(Mutex& mutex, int64_t nanoseconds) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::unique_lock<std::mutex> lock(mutex.impl_, std::adopt_lock);
    impl_.wait_for(lock, std::chrono::nanoseconds(nanoseconds));
    lock.release();
  }
  void Signal() { impl_.notify_one(); }
  void SignalAll() { impl_.notify_all(); }

 private:
  std::condition_variable impl_;
};

}  // namespace zircon::base
