#include "objects/timer_queue.h"

#include <pthread.h>

#include <csignal>
#include <cstddef>
#include <new>

#include "base/futex.h"
#include "base/monotonic.h"
#include "objects/timer.h"

namespace zircon::objects {

TimerQueue& TimerQueue::Process() {
  // Never destroyed, and in no memory that could be short.
  alignas(TimerQueue) static std::byte place[sizeof(TimerQueue)];
  static TimerQueue* const queue = new (place) TimerQueue;
  return *queue;
}

TimerQueue::Place TimerQueue::MakePlace(Timer* timer) {
  Map map;
  const auto it = map.emplace(Map::key_type(), timer).first;
  return map.extract(it);
}

bool TimerQueue::Start() {
  base::MutexLock lock(mutex_);
  if (started_) return true;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // A new thread has its creator's mask; no signal of the program's is to be handled here.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  started_ = pthread_create(&thread, &attributes, &RunThread, this) == 0;
  if (started_) pthread_setname_np(thread, "zircon-timers");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return started_;
}

void TimerQueue::Insert(Place place, zx_time_t deadline, zx_koid_t koid) {
  place.key() = {deadline, koid};
  const auto it = timers_.insert(std::move(place)).position;
  if (it != timers_.begin()) return;
  // release: pairs with Run(); the lock orders the rest.
  earlier_.fetch_add(1, std::memory_order_release);
  base::FutexWakeOne(earlier_);
}

TimerQueue::Place TimerQueue::Remove(zx_time_t deadline, zx_koid_t koid) {
  return timers_.extract({deadline, koid});
}

zx_time_t TimerQueue::FireDue() {
  base::MutexLock lock(mutex_);
  const zx_time_t now = base::MonotonicNow();
  while (!timers_.empty()) {
    const auto first = timers_.begin();
    if (first->first.first > now) return first->first.first;
    Timer* const timer = first->second;
    timer->AssertLocked();
    timer->Fire(timers_.extract(first));
  }
  return ZX_TIME_INFINITE;
}

void* TimerQueue::RunThread(void* queue) { static_cast<TimerQueue*>(queue)->Run(); }

void TimerQueue::Run() {
  for (;;) {
    // acquire: what comes in from here on makes the wait return at once.
    const uint32_t seen = earlier_.load(std::memory_order_acquire);
    base::FutexWait(earlier_, seen, FireDue());
  }
}

}  // namespace zircon::objects
