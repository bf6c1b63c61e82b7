// zircon/syscalls/object.h: kinds of object, and what zx_object_get_info() tells about one.
//
//   zx_info_vmar_t space;
//   zx_object_get_info(guest_vmar, ZX_INFO_VMAR, &space, sizeof(space), NULL, NULL);

#ifndef ZIRCON_SYSCALLS_OBJECT_H_
#define ZIRCON_SYSCALLS_OBJECT_H_

#include <zircon/types.h>

// Kinds of object. The list is complete; this library makes only some of them.
#define ZX_OBJ_TYPE_NONE 0u
#define ZX_OBJ_TYPE_PROCESS 1u
#define ZX_OBJ_TYPE_THREAD 2u
#define ZX_OBJ_TYPE_VMO 3u
#define ZX_OBJ_TYPE_CHANNEL 4u
#define ZX_OBJ_TYPE_EVENT 5u
#define ZX_OBJ_TYPE_PORT 6u
#define ZX_OBJ_TYPE_INTERRUPT 9u
#define ZX_OBJ_TYPE_PCI_DEVICE 11u
#define ZX_OBJ_TYPE_LOG 12u
#define ZX_OBJ_TYPE_DEBUGLOG 12u
#define ZX_OBJ_TYPE_SOCKET 14u
#define ZX_OBJ_TYPE_RESOURCE 15u
#define ZX_OBJ_TYPE_EVENTPAIR 16u
#define ZX_OBJ_TYPE_JOB 17u
#define ZX_OBJ_TYPE_VMAR 18u
#define ZX_OBJ_TYPE_FIFO 19u
#define ZX_OBJ_TYPE_GUEST 20u
#define ZX_OBJ_TYPE_VCPU 21u
#define ZX_OBJ_TYPE_TIMER 22u
#define ZX_OBJ_TYPE_IOMMU 23u
#define ZX_OBJ_TYPE_BTI 24u
#define ZX_OBJ_TYPE_PROFILE 25u
#define ZX_OBJ_TYPE_PMT 26u
#define ZX_OBJ_TYPE_SUSPEND_TOKEN 27u
#define ZX_OBJ_TYPE_PAGER 28u
#define ZX_OBJ_TYPE_EXCEPTION 29u
#define ZX_OBJ_TYPE_CLOCK 30u
#define ZX_OBJ_TYPE_STREAM 31u
#define ZX_OBJ_TYPE_MSI 32u
#define ZX_OBJ_TYPE_IOB 33u
#define ZX_OBJ_TYPE_COUNTER 34u
#define ZX_OBJ_TYPE_IOB_SHARED_REGION 35u
#define ZX_OBJ_TYPE_UPPER_BOUND 64u
#if ZX_DETAIL_API_2018
#define ZX_OBJ_TYPE_LAST 29u  // Of that year: what is above came later.
#endif

// Topics of zx_object_get_info(). Any other number gives ZX_ERR_NOT_SUPPORTED.
typedef uint32_t zx_object_info_topic_t;
#define ZX_INFO_NONE 0u          // No topic.
#define ZX_INFO_HANDLE_VALID 1u  // No record: is this a live handle?
#define ZX_INFO_HANDLE_BASIC 2u  // zx_info_handle_basic_t
#if ZX_DETAIL_API_2018
#define ZX_INFO_PROCESS 3u  // zx_info_process_t
#else
#define ZX_INFO_PROCESS (3u | 1u << 28)  // zx_info_process_t
#endif
#define ZX_INFO_PROCESS_THREADS 4u        // zx_koid_t, one for each thread
#define ZX_INFO_VMAR 7u                   // zx_info_vmar_t
#define ZX_INFO_THREAD 10u                // zx_info_thread_t
#define ZX_INFO_TASK_STATS 12u            // zx_info_task_stats_t
#define ZX_INFO_THREAD_STATS 15u          // zx_info_thread_stats_t
#define ZX_INFO_RESOURCE 18u              // zx_info_resource_t
#define ZX_INFO_HANDLE_COUNT 19u          // zx_info_handle_count_t
#define ZX_INFO_PROCESS_HANDLE_STATS 21u  // zx_info_process_handle_stats_t
#define ZX_INFO_SOCKET 22u                // zx_info_socket_t
#if ZX_DETAIL_API_2018
#define ZX_INFO_VMO 23u  // zx_info_vmo_t
#else
#define ZX_INFO_VMO_V1 23u          // zx_info_vmo_v1_t, the beginning of the next versions
#define ZX_INFO_VMO_V2 0x10000017u  // zx_info_vmo_v2_t
#define ZX_INFO_VMO_V3 0x20000017u  // zx_info_vmo_t
#define ZX_INFO_VMO ZX_INFO_VMO_V3
#endif
#define ZX_INFO_TIMER 25u  // zx_info_timer_t
#define ZX_INFO_VCPU 32u   // zx_info_vcpu_t

#if ZX_DETAIL_API_2018
// Properties of a type of object.
typedef uint32_t zx_obj_props_t;
#define ZX_OBJ_PROP_NONE 0x0u
#define ZX_OBJ_PROP_WAITABLE 0x1u  // Objects of that type can be waited for.
#endif

// ZX_INFO_HANDLE_BASIC: any handle, no right needed.
typedef struct zx_info_handle_basic {
  zx_koid_t koid;
  zx_rights_t rights;      // Of this handle.
  zx_obj_type_t type;      // Of the object.
  zx_koid_t related_koid;  // The peer's, of an end of a pair; of a thread its process's; else 0.
#if ZX_DETAIL_API_2018
  uint32_t props;  // A set of ZX_OBJ_PROP_*.
#else
  uint32_t reserved;
#endif
  uint8_t padding1[4];
} zx_info_handle_basic_t;

ZX_DETAIL_SIZE(zx_info_handle_basic_t, 32);
ZX_DETAIL_MEMBER(zx_info_handle_basic_t, koid, 0, 8);
ZX_DETAIL_MEMBER(zx_info_handle_basic_t, rights, 8, 4);
ZX_DETAIL_MEMBER(zx_info_handle_basic_t, type, 12, 4);
ZX_DETAIL_MEMBER(zx_info_handle_basic_t, related_koid, 16, 8);
#if ZX_DETAIL_API_2018
ZX_DETAIL_MEMBER(zx_info_handle_basic_t, props, 24, 4);
#else
ZX_DETAIL_MEMBER(zx_info_handle_basic_t, reserved, 24, 4);
#endif
ZX_DETAIL_MEMBER(zx_info_handle_basic_t, padding1, 28, 4);

// ZX_INFO_VMAR: ZX_RIGHT_INSPECT. The region a VMAR covers, in bytes.
typedef struct zx_info_vmar {
  uintptr_t base;  // 0 for the root of a guest's physical space.
  size_t len;
} zx_info_vmar_t;

ZX_DETAIL_SIZE(zx_info_vmar_t, 16);
ZX_DETAIL_MEMBER(zx_info_vmar_t, base, 0, 8);
ZX_DETAIL_MEMBER(zx_info_vmar_t, len, 8, 8);

// Properties of zx_object_get_property() and zx_object_set_property().
#define ZX_PROP_NAME 3u
#define ZX_PROP_SOCKET_RX_THRESHOLD 12u
#define ZX_PROP_SOCKET_TX_THRESHOLD 13u
#if !ZX_DETAIL_API_2018
#define ZX_PROP_VMO_CONTENT_SIZE 17u  // uint64_t: zx_vmo_get_stream_size().
#endif

// ZX_INFO_HANDLE_COUNT: ZX_RIGHT_INSPECT. How many handles the object has.
typedef struct zx_info_handle_count {
  uint32_t handle_count;
} zx_info_handle_count_t;

ZX_DETAIL_SIZE(zx_info_handle_count_t, 4);
ZX_DETAIL_MEMBER(zx_info_handle_count_t, handle_count, 0, 4);

#if ZX_DETAIL_API_2018
// ZX_INFO_PROCESS: ZX_RIGHT_INSPECT.
typedef struct zx_info_process {
  int64_t return_code;        // 0.
  uint8_t started;            // 1.
  uint8_t exited;             // 0.
  uint8_t debugger_attached;  // 0.
  uint8_t padding1[5];
} zx_info_process_t;

ZX_DETAIL_SIZE(zx_info_process_t, 16);
ZX_DETAIL_MEMBER(zx_info_process_t, return_code, 0, 8);
ZX_DETAIL_MEMBER(zx_info_process_t, started, 8, 1);
ZX_DETAIL_MEMBER(zx_info_process_t, exited, 9, 1);
ZX_DETAIL_MEMBER(zx_info_process_t, debugger_attached, 10, 1);
#else
// ZX_INFO_PROCESS: ZX_RIGHT_INSPECT.
typedef struct zx_info_process {
  int64_t return_code;   // 0.
  zx_time_t start_time;  // When the library learned of the process.
  uint32_t flags;        // ZX_INFO_PROCESS_FLAG_STARTED.
  uint8_t padding1[4];
} zx_info_process_t;

// Flags of a process.
#define ZX_INFO_PROCESS_FLAG_STARTED 0x1u
#define ZX_INFO_PROCESS_FLAG_EXITED 0x2u
#define ZX_INFO_PROCESS_FLAG_DEBUGGER_ATTACHED 0x4u

ZX_DETAIL_SIZE(zx_info_process_t, 24);
ZX_DETAIL_MEMBER(zx_info_process_t, return_code, 0, 8);
ZX_DETAIL_MEMBER(zx_info_process_t, start_time, 8, 8);
ZX_DETAIL_MEMBER(zx_info_process_t, flags, 16, 4);
ZX_DETAIL_MEMBER(zx_info_process_t, padding1, 20, 4);
#endif

// What a thread is doing.
typedef uint32_t zx_thread_state_t;
#define ZX_THREAD_STATE_NEW 0u
#define ZX_THREAD_STATE_RUNNING 1u
#define ZX_THREAD_STATE_SUSPENDED 2u
#define ZX_THREAD_STATE_BLOCKED 3u
#define ZX_THREAD_STATE_DYING 4u
#define ZX_THREAD_STATE_DEAD 5u

// What a blocked thread waits for; the basic state is the lowest byte. Nothing here gives these.
#define ZX_THREAD_STATE_BLOCKED_EXCEPTION 0x0103u
#define ZX_THREAD_STATE_BLOCKED_SLEEPING 0x0203u
#define ZX_THREAD_STATE_BLOCKED_FUTEX 0x0303u
#define ZX_THREAD_STATE_BLOCKED_PORT 0x0403u
#define ZX_THREAD_STATE_BLOCKED_CHANNEL 0x0503u
#define ZX_THREAD_STATE_BLOCKED_WAIT_ONE 0x0603u
#define ZX_THREAD_STATE_BLOCKED_WAIT_MANY 0x0703u
#define ZX_THREAD_STATE_BLOCKED_INTERRUPT 0x0803u
#if !ZX_DETAIL_API_2018
#define ZX_THREAD_STATE_BLOCKED_PAGER 0x0903u
#endif
#define ZX_THREAD_STATE_BASIC(state) ((state)&0xffu)

#if ZX_DETAIL_API_2018
// ZX_INFO_THREAD: ZX_RIGHT_INSPECT.
typedef struct zx_info_thread {
  zx_thread_state_t state;            // RUNNING or DEAD.
  uint32_t wait_exception_port_type;  // 0.
} zx_info_thread_t;

ZX_DETAIL_SIZE(zx_info_thread_t, 8);
ZX_DETAIL_MEMBER(zx_info_thread_t, state, 0, 4);
ZX_DETAIL_MEMBER(zx_info_thread_t, wait_exception_port_type, 4, 4);
#else
// ZX_INFO_THREAD: ZX_RIGHT_INSPECT.
typedef struct zx_info_thread {
  zx_thread_state_t state;               // RUNNING or DEAD.
  uint32_t wait_exception_channel_type;  // 0.
  uint64_t cpu_affinity_mask[8];         // All ones: the host decides.
} zx_info_thread_t;

ZX_DETAIL_SIZE(zx_info_thread_t, 72);
ZX_DETAIL_MEMBER(zx_info_thread_t, state, 0, 4);
ZX_DETAIL_MEMBER(zx_info_thread_t, wait_exception_channel_type, 4, 4);
ZX_DETAIL_MEMBER(zx_info_thread_t, cpu_affinity_mask, 8, 64);
#endif

// ZX_INFO_THREAD_STATS: ZX_RIGHT_INSPECT. For a thread that has ended: as it was then.
typedef struct zx_info_thread_stats {
  zx_duration_t total_runtime;  // On processors, in nanoseconds.
#if !ZX_DETAIL_API_2018
  uint32_t last_scheduled_cpu;  // By the host's number; UINT32_MAX if the host does not tell.
  uint8_t padding1[4];
#endif
} zx_info_thread_stats_t;

#if ZX_DETAIL_API_2018
ZX_DETAIL_SIZE(zx_info_thread_stats_t, 8);
#else
ZX_DETAIL_SIZE(zx_info_thread_stats_t, 16);
ZX_DETAIL_MEMBER(zx_info_thread_stats_t, last_scheduled_cpu, 8, 4);
ZX_DETAIL_MEMBER(zx_info_thread_stats_t, padding1, 12, 4);
#endif
ZX_DETAIL_MEMBER(zx_info_thread_stats_t, total_runtime, 0, 8);

// ZX_INFO_TASK_STATS, of a process: ZX_RIGHT_INSPECT. Bytes, as the host counts them.
typedef struct zx_info_task_stats {
  size_t mem_mapped_bytes;         // Address space that is mapped.
  size_t mem_private_bytes;        // Memory that only this process has.
  size_t mem_shared_bytes;         // Memory that others may have too.
  size_t mem_scaled_shared_bytes;  // That, each page divided by those that have it.
} zx_info_task_stats_t;

ZX_DETAIL_SIZE(zx_info_task_stats_t, 32);
ZX_DETAIL_MEMBER(zx_info_task_stats_t, mem_mapped_bytes, 0, 8);
ZX_DETAIL_MEMBER(zx_info_task_stats_t, mem_private_bytes, 8, 8);
ZX_DETAIL_MEMBER(zx_info_task_stats_t, mem_shared_bytes, 16, 8);
ZX_DETAIL_MEMBER(zx_info_task_stats_t, mem_scaled_shared_bytes, 24, 8);

// ZX_INFO_PROCESS_HANDLE_STATS: ZX_RIGHT_INSPECT. A walk through all handles, not a moment's state.
typedef struct zx_info_process_handle_stats {
  uint32_t handle_count[ZX_OBJ_TYPE_UPPER_BOUND];  // Open handles, by ZX_OBJ_TYPE_*.
} zx_info_process_handle_stats_t;

ZX_DETAIL_SIZE(zx_info_process_handle_stats_t, 256);
ZX_DETAIL_MEMBER(zx_info_process_handle_stats_t, handle_count, 0, 256);

// ZX_INFO_RESOURCE: ZX_RIGHT_INSPECT.
typedef struct zx_info_resource {
  uint32_t kind;   // ZX_RSRC_KIND_*.
  uint32_t flags;  // ZX_RSRC_FLAG_*.
  uint64_t base;   // In units of the kind.
  uint64_t size;
  char name[ZX_MAX_NAME_LEN];
} zx_info_resource_t;

ZX_DETAIL_SIZE(zx_info_resource_t, 56);
ZX_DETAIL_MEMBER(zx_info_resource_t, kind, 0, 4);
ZX_DETAIL_MEMBER(zx_info_resource_t, flags, 4, 4);
ZX_DETAIL_MEMBER(zx_info_resource_t, base, 8, 8);
ZX_DETAIL_MEMBER(zx_info_resource_t, size, 16, 8);
ZX_DETAIL_MEMBER(zx_info_resource_t, name, 24, 32);

// ZX_INFO_TIMER: ZX_RIGHT_INSPECT.
typedef struct zx_info_timer {
  uint32_t options;     // As given to zx_timer_create().
  zx_clock_t clock_id;  // As given there.
  zx_time_t deadline;   // 0 when it is not set.
  zx_duration_t slack;  // 0 when it is not set.
} zx_info_timer_t;

ZX_DETAIL_SIZE(zx_info_timer_t, 24);
ZX_DETAIL_MEMBER(zx_info_timer_t, options, 0, 4);
ZX_DETAIL_MEMBER(zx_info_timer_t, clock_id, 4, 4);
ZX_DETAIL_MEMBER(zx_info_timer_t, deadline, 8, 8);
ZX_DETAIL_MEMBER(zx_info_timer_t, slack, 16, 8);

// ZX_INFO_SOCKET: ZX_RIGHT_INSPECT. Sizes in bytes; those of the peer's store are 0 when it is
// closed.
typedef struct zx_info_socket {
  uint32_t options;  // ZX_SOCKET_STREAM or ZX_SOCKET_DATAGRAM.
  uint8_t padding1[4];
  uint64_t rx_buf_max;        // What this end's store can hold,
  uint64_t rx_buf_size;       // what it holds,
  uint64_t rx_buf_available;  // and what a read would give: all of it, or the next datagram.
  uint64_t tx_buf_max;        // What the peer's store can hold,
  uint64_t tx_buf_size;       // and what it holds.
} zx_info_socket_t;

ZX_DETAIL_SIZE(zx_info_socket_t, 48);
ZX_DETAIL_MEMBER(zx_info_socket_t, options, 0, 4);
ZX_DETAIL_MEMBER(zx_info_socket_t, padding1, 4, 4);
ZX_DETAIL_MEMBER(zx_info_socket_t, rx_buf_max, 8, 8);
ZX_DETAIL_MEMBER(zx_info_socket_t, rx_buf_size, 16, 8);
ZX_DETAIL_MEMBER(zx_info_socket_t, rx_buf_available, 24, 8);
ZX_DETAIL_MEMBER(zx_info_socket_t, tx_buf_max, 32, 8);
ZX_DETAIL_MEMBER(zx_info_socket_t, tx_buf_size, 40, 8);

// zx_info_vmo_t.flags
#define ZX_INFO_VMO_TYPE_PAGED 0x1u     // It has pages of memory; each VMO of this library has.
#define ZX_INFO_VMO_IS_COW_CLONE 0x4u   // A snapshot of its parent.
#define ZX_INFO_VMO_VIA_HANDLE 0x8u     // It was found by a handle.
#define ZX_INFO_VMO_VIA_MAPPING 0x10u   // It was found by a mapping.
#define ZX_INFO_VMO_PAGER_BACKED 0x20u  // No VMO of this library is.
#define ZX_INFO_VMO_CONTIGUOUS 0x40u    // No VMO of this library is.
#if !ZX_DETAIL_API_2018
#define ZX_INFO_VMO_RESIZABLE 0x2u  // Its size can change.
#endif

// ZX_INFO_VMO: no right needed.
typedef struct zx_info_vmo {
  zx_koid_t koid;
  char name[ZX_MAX_NAME_LEN];
  uint64_t size_bytes;
  zx_koid_t parent_koid;  // Of the VMO that it is a child of, also if that has gone; else 0.
  size_t num_children;    // Those of children that have gone as well.
  size_t num_mappings;    // In this process and in guests.
  size_t share_count;     // Processes that map it.
  uint32_t flags;         // A set of ZX_INFO_VMO_*.
  uint8_t padding1[4];
  uint64_t committed_bytes;   // That have memory.
  zx_rights_t handle_rights;  // Of this handle.
#if ZX_DETAIL_API_2018
  uint32_t create_options;  // 0 or ZX_VMO_NON_RESIZABLE.
#endif
  uint32_t cache_policy;  // ZX_CACHE_POLICY_*
#if ZX_DETAIL_API_2018
  uint8_t padding2[4];
#else
  uint64_t metadata_bytes;           // 0
  uint64_t committed_change_events;  // 0
  uint64_t populated_bytes;          // As committed_bytes.
#endif
} zx_info_vmo_t;

ZX_DETAIL_MEMBER(zx_info_vmo_t, koid, 0, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_t, name, 8, 32);
ZX_DETAIL_MEMBER(zx_info_vmo_t, size_bytes, 40, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_t, parent_koid, 48, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_t, num_children, 56, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_t, num_mappings, 64, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_t, share_count, 72, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_t, flags, 80, 4);
ZX_DETAIL_MEMBER(zx_info_vmo_t, padding1, 84, 4);
ZX_DETAIL_MEMBER(zx_info_vmo_t, committed_bytes, 88, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_t, handle_rights, 96, 4);
#if ZX_DETAIL_API_2018
ZX_DETAIL_SIZE(zx_info_vmo_t, 112);
ZX_DETAIL_MEMBER(zx_info_vmo_t, create_options, 100, 4);
ZX_DETAIL_MEMBER(zx_info_vmo_t, cache_policy, 104, 4);
ZX_DETAIL_MEMBER(zx_info_vmo_t, padding2, 108, 4);
#else
ZX_DETAIL_SIZE(zx_info_vmo_t, 128);
ZX_DETAIL_MEMBER(zx_info_vmo_t, cache_policy, 100, 4);
ZX_DETAIL_MEMBER(zx_info_vmo_t, metadata_bytes, 104, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_t, committed_change_events, 112, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_t, populated_bytes, 120, 8);

// ZX_INFO_VMO_V1
typedef struct zx_info_vmo_v1 {
  zx_koid_t koid;
  char name[ZX_MAX_NAME_LEN];
  uint64_t size_bytes;
  zx_koid_t parent_koid;
  size_t num_children;
  size_t num_mappings;
  size_t share_count;
  uint32_t flags;
  uint8_t padding1[4];
  uint64_t committed_bytes;
  zx_rights_t handle_rights;
  uint32_t cache_policy;
} zx_info_vmo_v1_t;

ZX_DETAIL_SIZE(zx_info_vmo_v1_t, 104);
ZX_DETAIL_MEMBER(zx_info_vmo_v1_t, koid, 0, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_v1_t, name, 8, 32);
ZX_DETAIL_MEMBER(zx_info_vmo_v1_t, size_bytes, 40, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_v1_t, parent_koid, 48, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_v1_t, num_children, 56, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_v1_t, num_mappings, 64, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_v1_t, share_count, 72, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_v1_t, flags, 80, 4);
ZX_DETAIL_MEMBER(zx_info_vmo_v1_t, padding1, 84, 4);
ZX_DETAIL_MEMBER(zx_info_vmo_v1_t, committed_bytes, 88, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_v1_t, handle_rights, 96, 4);
ZX_DETAIL_MEMBER(zx_info_vmo_v1_t, cache_policy, 100, 4);

// ZX_INFO_VMO_V2
typedef struct zx_info_vmo_v2 {
  zx_koid_t koid;
  char name[ZX_MAX_NAME_LEN];
  uint64_t size_bytes;
  zx_koid_t parent_koid;
  size_t num_children;
  size_t num_mappings;
  size_t share_count;
  uint32_t flags;
  uint8_t padding1[4];
  uint64_t committed_bytes;
  zx_rights_t handle_rights;
  uint32_t cache_policy;
  uint64_t metadata_bytes;
  uint64_t committed_change_events;
} zx_info_vmo_v2_t;

ZX_DETAIL_SIZE(zx_info_vmo_v2_t, 120);
ZX_DETAIL_MEMBER(zx_info_vmo_v2_t, koid, 0, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_v2_t, name, 8, 32);
ZX_DETAIL_MEMBER(zx_info_vmo_v2_t, size_bytes, 40, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_v2_t, parent_koid, 48, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_v2_t, num_children, 56, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_v2_t, num_mappings, 64, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_v2_t, share_count, 72, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_v2_t, flags, 80, 4);
ZX_DETAIL_MEMBER(zx_info_vmo_v2_t, padding1, 84, 4);
ZX_DETAIL_MEMBER(zx_info_vmo_v2_t, committed_bytes, 88, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_v2_t, handle_rights, 96, 4);
ZX_DETAIL_MEMBER(zx_info_vmo_v2_t, cache_policy, 100, 4);
ZX_DETAIL_MEMBER(zx_info_vmo_v2_t, metadata_bytes, 104, 8);
ZX_DETAIL_MEMBER(zx_info_vmo_v2_t, committed_change_events, 112, 8);
#endif

// ZX_INFO_VCPU: ZX_RIGHT_INSPECT.
typedef struct zx_info_vcpu {
  uint32_t flags;  // A set of ZX_INFO_VCPU_FLAG_*.
} zx_info_vcpu_t;

#define ZX_INFO_VCPU_FLAG_KICKED 0x1u  // A kick waits for the next zx_vcpu_enter().

ZX_DETAIL_SIZE(zx_info_vcpu_t, 4);
ZX_DETAIL_MEMBER(zx_info_vcpu_t, flags, 0, 4);

#endif  // ZIRCON_SYSCALLS_OBJECT_H_
