// zircon/syscalls/scheduler.h: deadlines of threads.
// Part of <zircon/syscalls/profile.h>.

#ifndef ZIRCON_SYSCALLS_SCHEDULER_H_
#define ZIRCON_SYSCALLS_SCHEDULER_H_

#include <zircon/types.h>

#if !ZX_DETAIL_API_2018
// A thread that runs for `capacity` in each `period`, before `relative_deadline` of it is over.
typedef struct zx_sched_deadline_params {
  zx_duration_t capacity;
  zx_duration_t relative_deadline;
  zx_duration_t period;
} zx_sched_deadline_params_t;

ZX_DETAIL_SIZE(zx_sched_deadline_params_t, 24);
ZX_DETAIL_MEMBER(zx_sched_deadline_params_t, capacity, 0, 8);
ZX_DETAIL_MEMBER(zx_sched_deadline_params_t, relative_deadline, 8, 8);
ZX_DETAIL_MEMBER(zx_sched_deadline_params_t, period, 16, 8);
#endif

#endif  // ZIRCON_SYSCALLS_SCHEDULER_H_
