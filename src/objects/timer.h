// Timer: sets its signal at a deadline. All its state is under the lock of the queue.
//
// Slack is kept for who asks, and not used: firing at the deadline is within every slack.
//
// Ownership: handles hold it. Thread safety: any thread.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include <utility>

#include "base/ref_ptr.h"
#include "objects/timer_queue.h"
#include "objects/waitable.h"

namespace zircon::objects {

class Timer final : public Waitable {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_TIMER;

  // ZX_ERR_NO_MEMORY, ZX_ERR_NO_RESOURCES (no thread).
  [[nodiscard]] static zx_status_t Create(uint32_t options, zx_clock_t clock,
                                          base::RefPtr<Timer>* out);

  // Absolute nanoseconds of its clock. Clears the signal, and sets it before it returns if the
  // deadline is past.
  void Set(zx_time_t deadline, zx_duration_t slack);
  void Cancel();
  zx_info_timer_t Info();

 private:
  friend class TimerQueue;
  Timer(uint32_t options, zx_clock_t clock, TimerQueue* queue) noexcept
      : Waitable(kType, 0), options_(options), clock_(clock), queue_(queue) {}

  void OnZeroHandles() override;
  void AssertLocked() const ABSL_ASSERT_EXCLUSIVE_LOCK(queue_->mutex()) {}
  // By the queue, which it has left.
  void Fire(TimerQueue::Place place) ABSL_EXCLUSIVE_LOCKS_REQUIRED(queue_->mutex());
  // Not set, and not signalled.
  void Disarm() ABSL_EXCLUSIVE_LOCKS_REQUIRED(queue_->mutex());

  const uint32_t options_;
  const zx_clock_t clock_;
  TimerQueue* const queue_;
  // Empty while the timer is in the queue.
  TimerQueue::Place place_ ABSL_GUARDED_BY(queue_->mutex());
  zx_time_t monotonic_ ABSL_GUARDED_BY(queue_->mutex()) = 0;  // its key there
  zx_time_t deadline_ ABSL_GUARDED_BY(queue_->mutex()) = 0;   // 0 when it is not set
  // The last handle is closed: a call that is still under way must not put it into the queue again.
  bool closed_ ABSL_GUARDED_BY(queue_->mutex()) = false;
  zx_duration_t slack_ ABSL_GUARDED_BY(queue_->mutex()) = 0;
};

}  // namespace zircon::objects
