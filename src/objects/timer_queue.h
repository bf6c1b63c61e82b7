// TimerQueue: the timers that are set, by deadline, and the one thread that fires them. It sleeps
// on a futex until the earliest deadline; it is started with the first timer, blocks all signals
// and never ends.
//
// The queue's lock is over all that happens to any timer, so that when a timer has been set anew or
// cancelled an older expiry can no longer be under way. Lock order: the queue's, then a timer's
// signals.
//
// Ownership: of no timer: one that goes leaves the queue first. Thread safety: any thread.

#pragma once

#include <zircon/types.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <utility>

#include "base/mutex.h"

namespace zircon::objects {

class Timer;

class TimerQueue {
 public:
  // By deadline, then by koid.
  using Map = std::map<std::pair<zx_time_t, zx_koid_t>, Timer*>;
  // A place in the queue, which a timer has with it, so that setting one needs no memory.
  using Place = Map::node_type;

  // That of the process; never destroyed.
  static TimerQueue& Process();

  // Throws std::bad_alloc.
  [[nodiscard]] static Place MakePlace(Timer* timer);
  // False when the host gives no thread.
  [[nodiscard]] bool Start();

  base::Mutex& mutex() ABSL_LOCK_RETURNED(mutex_) { return mutex_; }
  // `deadline` in monotonic nanoseconds.
  void Insert(Place place, zx_time_t deadline, zx_koid_t koid)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The place is not empty if the timer was in the queue.
  [[nodiscard]] Place Remove(zx_time_t deadline, zx_koid_t koid)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

 private:
  static void* RunThread(void* queue);
  [[noreturn]] void Run();
  // Fires all that are due; the deadline of the next.
  zx_time_t FireDue() ABSL_LOCKS_EXCLUDED(mutex_);

  base::Mutex mutex_;
  Map timers_ ABSL_GUARDED_BY(mutex_);
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  // Counts the times that an earlier deadline came in.
  std::atomic<uint32_t> earlier_{0};
};

}  // namespace zircon::objects
