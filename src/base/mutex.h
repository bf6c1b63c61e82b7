// The project's mutex and condition variable: Abseil's, annotated for clang's thread-safety
// analysis. Under the thread sanitizer (ZIRCON_STD_MUTEX) they are the standard library's, because
// the distribution's Abseil is built without the sanitizer's hooks and every lock would look
// absent.
//
//   base::Mutex mutex_;
//   int value_ ABSL_GUARDED_BY(mutex_);
//   { base::MutexLock lock(mutex_); ++value_; }
//
// Thread safety: that is what it is for. Nothing here is held across KVM_RUN.

#pragma once

#include <cstdint>

#include "absl/base/thread_annotations.h"

#ifdef ZIRCON_STD_MUTEX
#include <chrono>
#include <condition_variable>
#include <mutex>
#else
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#endif

namespace zircon::base {

class CondVar;

class ABSL_LOCKABLE Mutex {
 public:
  constexpr Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

#ifdef ZIRCON_STD_MUTEX
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { impl_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { impl_.unlock(); }
  void AssertHeld() const ABSL_ASSERT_EXCLUSIVE_LOCK() {}
#else
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { impl_.Lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { impl_.Unlock(); }
  void AssertHeld() const ABSL_ASSERT_EXCLUSIVE_LOCK() { impl_.AssertHeld(); }
#endif

 private:
  friend class CondVar;
#ifdef ZIRCON_STD_MUTEX
  std::mutex impl_;
#else
  absl::Mutex impl_{absl::kConstInit};
#endif
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

#ifdef ZIRCON_STD_MUTEX
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
#else
  void Wait(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { impl_.Wait(&mutex.impl_); }
  // Waits until `nanoseconds` have passed at most.
  void WaitFor(Mutex& mutex, int64_t nanoseconds) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    impl_.WaitWithTimeout(&mutex.impl_, absl::Nanoseconds(nanoseconds));
  }
  void Signal() { impl_.Signal(); }
  void SignalAll() { impl_.SignalAll(); }

 private:
  absl::CondVar impl_;
#endif
};

}  // namespace zircon::base
