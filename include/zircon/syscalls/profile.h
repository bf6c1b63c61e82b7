// zircon/syscalls/profile.h: how threads are to be scheduled.
//
// For programs that name the records. There are no profiles here: the host's own calls, such as
// pthread_setschedparam(), say how its threads are scheduled.

#ifndef ZIRCON_SYSCALLS_PROFILE_H_
#define ZIRCON_SYSCALLS_PROFILE_H_

#include <zircon/syscalls/scheduler.h>
#include <zircon/types.h>

// Priorities of threads.
#define ZX_PRIORITY_LOWEST 0
#define ZX_PRIORITY_LOW 8
#define ZX_PRIORITY_DEFAULT 16
#define ZX_PRIORITY_HIGH 24
#define ZX_PRIORITY_HIGHEST 31

#if ZX_DETAIL_API_2018
// Kinds of profile.
#define ZX_PROFILE_INFO_SCHEDULER 1

// A priority, and how it changes.
typedef struct zx_profile_scheduler {
  int32_t priority;  // ZX_PRIORITY_*.
  uint32_t boost;
  uint32_t deboost;
  uint32_t quantum;
} zx_profile_scheduler_t;

ZX_DETAIL_SIZE(zx_profile_scheduler_t, 16);
ZX_DETAIL_MEMBER(zx_profile_scheduler_t, priority, 0, 4);
ZX_DETAIL_MEMBER(zx_profile_scheduler_t, boost, 4, 4);
ZX_DETAIL_MEMBER(zx_profile_scheduler_t, deboost, 8, 4);
ZX_DETAIL_MEMBER(zx_profile_scheduler_t, quantum, 12, 4);

// A profile.
typedef struct zx_profile_info {
  uint32_t type;  // ZX_PROFILE_INFO_SCHEDULER.
  union {
    zx_profile_scheduler_t scheduler;
  };
} zx_profile_info_t;

ZX_DETAIL_SIZE(zx_profile_info_t, 20);
ZX_DETAIL_MEMBER(zx_profile_info_t, type, 0, 4);
ZX_DETAIL_MEMBER(zx_profile_info_t, scheduler, 4, 16);
#else
// What of a profile is meant.
#define ZX_PROFILE_INFO_FLAG_PRIORITY 0x01u
#define ZX_PROFILE_INFO_FLAG_CPU_MASK 0x02u
#define ZX_PROFILE_INFO_FLAG_DEADLINE 0x04u
#define ZX_PROFILE_INFO_FLAG_NO_INHERIT 0x08u
#define ZX_PROFILE_INFO_FLAG_MEMORY_PRIORITY 0x10u

// A profile.
typedef struct zx_profile_info {
  uint32_t flags;  // A set of ZX_PROFILE_INFO_FLAG_*.
  uint8_t padding1[4];
  union {
    int32_t priority;  // ZX_PRIORITY_*.
    zx_sched_deadline_params_t deadline_params;
  };
  zx_cpu_set_t cpu_affinity_mask;
} zx_profile_info_t;

ZX_DETAIL_SIZE(zx_profile_info_t, 96);
ZX_DETAIL_MEMBER(zx_profile_info_t, flags, 0, 4);
ZX_DETAIL_MEMBER(zx_profile_info_t, padding1, 4, 4);
ZX_DETAIL_MEMBER(zx_profile_info_t, priority, 8, 4);
ZX_DETAIL_MEMBER(zx_profile_info_t, deadline_params, 8, 24);
ZX_DETAIL_MEMBER(zx_profile_info_t, cpu_affinity_mask, 32, 64);
#endif

#endif  // ZIRCON_SYSCALLS_PROFILE_H_
