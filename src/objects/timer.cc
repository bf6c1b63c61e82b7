#include "objects/timer.h"

#include <zircon/errors.h>
#include <zircon/time.h>

#include "base/monotonic.h"
#include "base/new_or_null.h"
#include "base/or_no_memory.h"

namespace zircon::objects {

zx_status_t Timer::Create(uint32_t options, zx_clock_t clock, base::RefPtr<Timer>* out) {
  TimerQueue& queue = TimerQueue::Process();
  if (!queue.Start()) return ZX_ERR_NO_RESOURCES;
  auto timer = base::RefPtr<Timer>::Adopt(NEW_OR_NULL(Timer(options, clock, &queue)));
  if (!timer) return ZX_ERR_NO_MEMORY;
  return base::OrNoMemory([&]() -> zx_status_t {
    base::MutexLock lock(queue.mutex());
    timer->AssertLocked();
    timer->place_ = TimerQueue::MakePlace(timer.get());
    *out = std::move(timer);
    return ZX_OK;
  });
}

void Timer::Disarm() {
  if (place_.empty()) place_ = queue_->Remove(monotonic_, koid());
  deadline_ = 0;
  slack_ = 0;
  UpdateSignals(ZX_TIMER_SIGNALED, 0);
}

void Timer::Set(zx_time_t deadline, zx_duration_t slack) {
  base::MutexLock lock(queue_->mutex());
  Disarm();
  if (closed_) return;
  const zx_time_t now = base::MonotonicNow();
  zx_time_t monotonic = deadline;
  // Whatever the host sleeps until then comes on top.
  if (clock_ != ZX_CLOCK_MONOTONIC && deadline != ZX_TIME_INFINITE) {
    monotonic = zx_time_add_duration(now, zx_time_sub_time(deadline, base::BootNow()));
  }
  if (monotonic <= now) {
    UpdateSignals(0, ZX_TIMER_SIGNALED);
    return;
  }
  monotonic_ = monotonic;
  deadline_ = deadline;
  slack_ = slack;
  queue_->Insert(std::move(place_), monotonic, koid());
}

void Timer::Cancel() {
  base::MutexLock lock(queue_->mutex());
  Disarm();
}

void Timer::OnZeroHandles() {
  base::MutexLock lock(queue_->mutex());
  Disarm();
  closed_ = true;
}

void Timer::Fire(TimerQueue::Place place) {
  place_ = std::move(place);
  deadline_ = 0;
  slack_ = 0;
  UpdateSignals(0, ZX_TIMER_SIGNALED);
}

zx_info_timer_t Timer::Info() {
  zx_info_timer_t info{};
  base::MutexLock lock(queue_->mutex());
  info.options = options_;
  info.clock_id = clock_;
  info.deadline = deadline_;
  info.slack = slack_;
  return info;
}

}  // namespace zircon::objects
