#include "vcpu/host_timer.h"

#include <signal.h>

#include <algorithm>

#include "vcpu/kick_signal.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

namespace zircon::vcpu {
namespace {

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

}  // namespace

HostTimer::~HostTimer() {
  if (created_) timer_delete(timer_);
}

bool HostTimer::ArmFor(pid_t owner_tid, int64_t deadline) {
  if (!created_) {
    sigevent event = {};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = KickSignal::number();
    event.sigev_notify_thread_id = owner_tid;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) return false;
    created_ = true;
  }
  itimerspec spec = {};
  // Zero would disarm; a time long past fires at once.
  const int64_t at = std::max<int64_t>(deadline, 1);
  spec.it_value.tv_sec = at / kNanosecondsPerSecond;
  spec.it_value.tv_nsec = at % kNanosecondsPerSecond;
  if (timer_settime(timer_, TIMER_ABSTIME, &spec, nullptr) != 0) return false;
  armed_for_ = deadline;
  return true;
}

}  // namespace zircon::vcpu
