// zircon/types.h: the basic types, and the constants that belong to no one kind of object.
//
// Includes <zircon/compiler.h>, <zircon/errors.h>, <zircon/features.h>, <zircon/limits.h>,
// <zircon/rights.h>; nearly every other header here includes this one.
//
//   zx_handle_t port = ZX_HANDLE_INVALID;
//   zx_status_t status = zx_port_create(0, &port);
//
// Some constants are for objects and calls that this version of the library lacks. They are here so
// that a program's own tables compile; the calls themselves are not declared.

#ifndef ZIRCON_TYPES_H_
#define ZIRCON_TYPES_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zircon/compiler.h>
#include <zircon/errors.h>
#include <zircon/features.h>
#include <zircon/limits.h>
#include <zircon/rights.h>
#include <zircon/string_view.h>

// Objects, handles, results.
typedef uint32_t zx_handle_t;    // Names an object, with rights. 0 names none.
typedef int32_t zx_status_t;     // ZX_OK or one of ZX_ERR_*.
typedef uint32_t zx_rights_t;    // A set of ZX_RIGHT_*.
typedef uint32_t zx_signals_t;   // A set of ZX_*_SIGNALED and the like.
typedef uint32_t zx_obj_type_t;  // One of ZX_OBJ_TYPE_*, <zircon/syscalls/object.h>.
typedef uint64_t zx_koid_t;      // An object's identity, never used twice in a process.
typedef uint32_t zx_txid_t;      // The number that begins a message which has a reply.

// Memory. Addresses and offsets count bytes.
typedef uint64_t zx_off_t;
typedef uintptr_t zx_vaddr_t;     // In the process, or where a guest's VMAR is meant, in its space.
typedef uintptr_t zx_paddr_t;     // Host-physical.
typedef uint32_t zx_paddr32_t;    // Host-physical, below 4 GiB.
typedef uintptr_t zx_gpaddr_t;    // Guest-physical.
typedef uint32_t zx_vm_option_t;  // A set of ZX_VM_*.

// Time, in nanoseconds.
typedef int64_t zx_time_t;          // A point in time.
typedef int64_t zx_duration_t;      // A length of time.
typedef int64_t zx_instant_mono_t;  // A point in time of zx_clock_get_monotonic().
typedef int64_t zx_instant_boot_t;  // A point in time of a clock that also runs during suspend.
typedef int64_t zx_duration_mono_t;
typedef int64_t zx_duration_boot_t;
typedef uint32_t zx_clock_t;  // One of ZX_CLOCK_*.
#if ZX_DETAIL_API_2018
typedef uint64_t zx_ticks_t;  // Ticks of zx_ticks_get().
#else
typedef int64_t zx_ticks_t;                // Ticks of zx_ticks_get().
typedef int64_t zx_instant_mono_ticks_t;   // The same,
typedef int64_t zx_instant_boot_ticks_t;   // those of zx_ticks_get_boot(),
typedef int64_t zx_duration_mono_ticks_t;  // and numbers of them.
typedef int64_t zx_duration_boot_ticks_t;
#endif

// The handle that names nothing. A live handle has both bits of ZX_HANDLE_FIXED_BITS_MASK set.
#define ZX_HANDLE_INVALID 0u
#define ZX_HANDLE_FIXED_BITS_MASK 0x3u

#define ZX_KOID_INVALID UINT64_C(0)   // The koid of no object,
#define ZX_KOID_KERNEL UINT64_C(1)    // that of what the library itself does,
#define ZX_KOID_FIRST UINT64_C(1024)  // and the least that an object has.

// Never, and always past.
#define ZX_TIME_INFINITE INT64_MAX
#define ZX_TIME_INFINITE_PAST INT64_MIN

// Durations. The result is a zx_duration_t; it is not checked for overflow.
#define ZX_NSEC(n) ZX_DETAIL_CAST(zx_duration_t, INT64_C(1) * (n))
#define ZX_USEC(n) ZX_DETAIL_CAST(zx_duration_t, INT64_C(1000) * (n))
#define ZX_MSEC(n) ZX_DETAIL_CAST(zx_duration_t, INT64_C(1000000) * (n))
#define ZX_SEC(n) ZX_DETAIL_CAST(zx_duration_t, INT64_C(1000000000) * (n))
#define ZX_MIN(n) ZX_DETAIL_CAST(zx_duration_t, INT64_C(60000000000) * (n))
#define ZX_HOUR(n) ZX_DETAIL_CAST(zx_duration_t, INT64_C(3600000000000) * (n))

// Clocks.
#define ZX_CLOCK_MONOTONIC 0u
#if ZX_DETAIL_API_2018
#define ZX_CLOCK_UTC 1u
#define ZX_CLOCK_THREAD 2u
#else
#define ZX_CLOCK_BOOT 1u
#endif

// Signals. Bits 24 to 31 belong to the program, the others to the kind of object.
#define ZX_SIGNAL_NONE 0x00000000u
#define ZX_SIGNAL_HANDLE_CLOSED 0x00800000u
#define ZX_USER_SIGNAL_0 0x01000000u
#define ZX_USER_SIGNAL_1 0x02000000u
#define ZX_USER_SIGNAL_2 0x04000000u
#define ZX_USER_SIGNAL_3 0x08000000u
#define ZX_USER_SIGNAL_4 0x10000000u
#define ZX_USER_SIGNAL_5 0x20000000u
#define ZX_USER_SIGNAL_6 0x40000000u
#define ZX_USER_SIGNAL_7 0x80000000u
#define ZX_USER_SIGNAL_ALL 0xff000000u

// The same bits by number, and what the lowest mean on most objects.
#define __ZX_OBJECT_READABLE 0x00000001u
#define __ZX_OBJECT_WRITABLE 0x00000002u
#define __ZX_OBJECT_PEER_CLOSED 0x00000004u
#define __ZX_OBJECT_SIGNALED 0x00000008u
#define __ZX_OBJECT_SIGNAL_4 0x00000010u
#define __ZX_OBJECT_SIGNAL_5 0x00000020u
#define __ZX_OBJECT_SIGNAL_6 0x00000040u
#define __ZX_OBJECT_SIGNAL_7 0x00000080u
#define __ZX_OBJECT_SIGNAL_8 0x00000100u
#define __ZX_OBJECT_SIGNAL_9 0x00000200u
#define __ZX_OBJECT_SIGNAL_10 0x00000400u
#define __ZX_OBJECT_SIGNAL_11 0x00000800u
#define __ZX_OBJECT_SIGNAL_12 0x00001000u
#define __ZX_OBJECT_SIGNAL_13 0x00002000u
#define __ZX_OBJECT_SIGNAL_14 0x00004000u
#define __ZX_OBJECT_SIGNAL_15 0x00008000u
#define __ZX_OBJECT_SIGNAL_16 0x00010000u
#define __ZX_OBJECT_SIGNAL_17 0x00020000u
#define __ZX_OBJECT_SIGNAL_18 0x00040000u
#define __ZX_OBJECT_SIGNAL_19 0x00080000u
#define __ZX_OBJECT_SIGNAL_20 0x00100000u
#define __ZX_OBJECT_SIGNAL_21 0x00200000u
#define __ZX_OBJECT_SIGNAL_22 0x00400000u
#define __ZX_OBJECT_HANDLE_CLOSED 0x00800000u

// Signals of an event.
#define ZX_EVENT_SIGNALED 0x00000008u
#define ZX_EVENT_SIGNAL_MASK 0xff000008u  // What a program may change.

// Signals of an end of an event pair.
#define ZX_EVENTPAIR_PEER_CLOSED 0x00000004u
#define ZX_EVENTPAIR_SIGNALED 0x00000008u
#define ZX_EVENTPAIR_SIGNAL_MASK 0xff00000cu

// Signals of an end of a channel.
#define ZX_CHANNEL_READABLE 0x00000001u
#define ZX_CHANNEL_WRITABLE 0x00000002u
#define ZX_CHANNEL_PEER_CLOSED 0x00000004u

// Signals of an end of a socket.
#define ZX_SOCKET_READABLE 0x00000001u
#define ZX_SOCKET_WRITABLE 0x00000002u
#define ZX_SOCKET_PEER_CLOSED 0x00000004u
#define ZX_SOCKET_PEER_WRITE_DISABLED 0x00000010u
#if ZX_DETAIL_API_2018
#define ZX_SOCKET_READ_DISABLED ZX_SOCKET_PEER_WRITE_DISABLED
#endif
#define ZX_SOCKET_WRITE_DISABLED 0x00000020u
#define ZX_SOCKET_READ_THRESHOLD 0x00000400u
#define ZX_SOCKET_WRITE_THRESHOLD 0x00000800u

// Signals of an end of a FIFO.
#define ZX_FIFO_READABLE 0x00000001u
#define ZX_FIFO_WRITABLE 0x00000002u
#define ZX_FIFO_PEER_CLOSED 0x00000004u

// Signals of jobs, processes and threads.
#define ZX_TASK_TERMINATED 0x00000008u
#define ZX_PROCESS_TERMINATED 0x00000008u
#define ZX_THREAD_TERMINATED 0x00000008u
#define ZX_THREAD_RUNNING 0x00000010u
#define ZX_THREAD_SUSPENDED 0x00000020u

// The signal of a timer.
#define ZX_TIMER_SIGNALED 0x00000008u

// Signal of a virtual interrupt: it is not triggered.
#define ZX_VIRTUAL_INTERRUPT_UNTRIGGERED 0x00000010u

// The signal of a VMO.
#define ZX_VMO_ZERO_CHILDREN 0x00000008u

// VMAR options: permissions, where a mapping goes, and what may be mapped into a region later.
#define ZX_VM_PERM_READ 0x00000001u
#define ZX_VM_PERM_WRITE 0x00000002u
#define ZX_VM_PERM_EXECUTE 0x00000004u
#define ZX_VM_COMPACT 0x00000008u
#define ZX_VM_SPECIFIC 0x00000010u
#define ZX_VM_SPECIFIC_OVERWRITE 0x00000020u
#define ZX_VM_CAN_MAP_SPECIFIC 0x00000040u
#define ZX_VM_CAN_MAP_READ 0x00000080u
#define ZX_VM_CAN_MAP_WRITE 0x00000100u
#define ZX_VM_CAN_MAP_EXECUTE 0x00000200u
#define ZX_VM_MAP_RANGE 0x00000400u
#define ZX_VM_REQUIRE_NON_RESIZABLE 0x00000800u
#define ZX_VM_ALLOW_FAULTS 0x00001000u
#define ZX_VM_OFFSET_IS_UPPER_LIMIT 0x00002000u
#define ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED 0x00004000u
#define ZX_VM_FAULT_BEYOND_STREAM_SIZE 0x00008000u

// Older names of the same options.
#define ZX_VM_FLAG_PERM_READ ZX_VM_PERM_READ
#define ZX_VM_FLAG_PERM_WRITE ZX_VM_PERM_WRITE
#define ZX_VM_FLAG_PERM_EXECUTE ZX_VM_PERM_EXECUTE
#define ZX_VM_FLAG_COMPACT ZX_VM_COMPACT
#define ZX_VM_FLAG_SPECIFIC ZX_VM_SPECIFIC
#define ZX_VM_FLAG_SPECIFIC_OVERWRITE ZX_VM_SPECIFIC_OVERWRITE
#define ZX_VM_FLAG_CAN_MAP_SPECIFIC ZX_VM_CAN_MAP_SPECIFIC
#define ZX_VM_FLAG_CAN_MAP_READ ZX_VM_CAN_MAP_READ
#define ZX_VM_FLAG_CAN_MAP_WRITE ZX_VM_CAN_MAP_WRITE
#define ZX_VM_FLAG_CAN_MAP_EXECUTE ZX_VM_CAN_MAP_EXECUTE
#define ZX_VM_FLAG_MAP_RANGE ZX_VM_MAP_RANGE
#define ZX_VM_FLAG_REQUIRE_NON_RESIZABLE ZX_VM_REQUIRE_NON_RESIZABLE

// The alignment of a mapping: its binary logarithm, in the bits from ZX_VM_ALIGN_BASE upwards.
#define ZX_VM_ALIGN_BASE 24
#define ZX_VM_ALIGN_1KB (10u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_2KB (11u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_4KB (12u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_8KB (13u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_16KB (14u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_32KB (15u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_64KB (16u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_128KB (17u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_256KB (18u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_512KB (19u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_1MB (20u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_2MB (21u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_4MB (22u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_8MB (23u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_16MB (24u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_32MB (25u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_64MB (26u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_128MB (27u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_256MB (28u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_512MB (29u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_1GB (30u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_2GB (31u << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_4GB (32u << ZX_VM_ALIGN_BASE)

// VMO creation options.
#if ZX_DETAIL_API_2018
#define ZX_VMO_NON_RESIZABLE 0x00000001u  // Without it the size can be changed.
#else
#define ZX_VMO_RESIZABLE 0x00000002u  // Without it the size is fixed.
#define ZX_VMO_DISCARDABLE 0x00000004u
#define ZX_VMO_TRAP_DIRTY 0x00000008u
#define ZX_VMO_UNBOUNDED 0x00000010u
#endif

// How a child VMO relates to its parent.
#if ZX_DETAIL_API_2018
#define ZX_VMO_CLONE_COPY_ON_WRITE 0x00000001u
#define ZX_VMO_CLONE_NON_RESIZEABLE 0x00000002u
#define ZX_VMO_CHILD_COPY_ON_WRITE ZX_VMO_CLONE_COPY_ON_WRITE
#define ZX_VMO_CHILD_NON_RESIZEABLE ZX_VMO_CLONE_NON_RESIZEABLE
#else
#define ZX_VMO_CHILD_SNAPSHOT 0x00000001u
#define ZX_VMO_CHILD_RESIZABLE 0x00000004u
#define ZX_VMO_CHILD_SLICE 0x00000008u
#define ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE 0x00000010u
#define ZX_VMO_CHILD_NO_WRITE 0x00000020u
#define ZX_VMO_CHILD_REFERENCE 0x00000040u
#define ZX_VMO_CHILD_SNAPSHOT_MODIFIED 0x00000080u
#endif

// Operations on a range of a VMO.
#define ZX_VMO_OP_COMMIT 1u
#define ZX_VMO_OP_DECOMMIT 2u
#define ZX_VMO_OP_LOCK 3u
#define ZX_VMO_OP_UNLOCK 4u
#define ZX_VMO_OP_CACHE_SYNC 6u
#define ZX_VMO_OP_CACHE_INVALIDATE 7u
#define ZX_VMO_OP_CACHE_CLEAN 8u
#define ZX_VMO_OP_CACHE_CLEAN_INVALIDATE 9u
#define ZX_VMO_OP_ZERO 10u
#define ZX_VMO_OP_TRY_LOCK 11u
#define ZX_VMO_OP_DONT_NEED 12u
#define ZX_VMO_OP_ALWAYS_NEED 13u
#define ZX_VMO_OP_PREFETCH 14u

// Operations on a range of a VMAR.
#define ZX_VMAR_OP_COMMIT 1u
#define ZX_VMAR_OP_DECOMMIT 2u
#define ZX_VMAR_OP_MAP_RANGE 3u
#define ZX_VMAR_OP_ZERO 10u
#define ZX_VMAR_OP_DONT_NEED 12u
#define ZX_VMAR_OP_ALWAYS_NEED 13u
#define ZX_VMAR_OP_PREFETCH 14u

// Cache policies of a VMO.
#define ZX_CACHE_POLICY_CACHED 0u
#define ZX_CACHE_POLICY_UNCACHED 1u
#define ZX_CACHE_POLICY_UNCACHED_DEVICE 2u
#define ZX_CACHE_POLICY_WRITE_COMBINING 3u
#define ZX_CACHE_POLICY_MASK 3u  // The bits that they take.

// Options of zx_cache_flush().
#define ZX_CACHE_FLUSH_INSN 0x1u        // Code that has been written is to be executed.
#define ZX_CACHE_FLUSH_DATA 0x2u        // What has been written is to reach memory,
#define ZX_CACHE_FLUSH_INVALIDATE 0x4u  // and to be read from there again.

// Limits. Those that are written with l have the type size_t.
#define ZX_MAX_NAME_LEN 32ul  // Bytes, the NUL included.
#if ZX_DETAIL_API_2018
#define ZX_WAIT_MANY_MAX_ITEMS 16ul
#else
#define ZX_WAIT_MANY_MAX_ITEMS 64u
#endif

// One of the objects that zx_object_wait_many() waits for.
typedef struct zx_wait_item {
  zx_handle_t handle;
  zx_signals_t waitfor;  // Any of these ends the wait.
  zx_signals_t pending;  // Written by the call: those that are active.
} zx_wait_item_t;

ZX_DETAIL_SIZE(zx_wait_item_t, 12);
ZX_DETAIL_MEMBER(zx_wait_item_t, handle, 0, 4);
ZX_DETAIL_MEMBER(zx_wait_item_t, waitfor, 4, 4);
ZX_DETAIL_MEMBER(zx_wait_item_t, pending, 8, 4);

// What a channel takes as one message.
#define ZX_CHANNEL_MAX_MSG_BYTES 65536u
#define ZX_CHANNEL_MAX_MSG_HANDLES 64u
#define ZX_CHANNEL_MAX_MSG_IOVECS 8192u

// Options of reading a channel, and of writing to one.
#define ZX_CHANNEL_READ_MAY_DISCARD 0x00000001u
#define ZX_CHANNEL_WRITE_USE_IOVEC 0x00000002u

// A handle that was received, with what it is.
typedef struct zx_handle_info {
  zx_handle_t handle;
  zx_obj_type_t type;
  zx_rights_t rights;
  uint32_t unused;  // 0.
} zx_handle_info_t;

ZX_DETAIL_SIZE(zx_handle_info_t, 16);
ZX_DETAIL_MEMBER(zx_handle_info_t, handle, 0, 4);
ZX_DETAIL_MEMBER(zx_handle_info_t, type, 4, 4);
ZX_DETAIL_MEMBER(zx_handle_info_t, rights, 8, 4);
ZX_DETAIL_MEMBER(zx_handle_info_t, unused, 12, 4);

// What the slack of a timer means: around, before or behind its deadline.
#define ZX_TIMER_SLACK_CENTER 0u
#define ZX_TIMER_SLACK_EARLY 1u
#define ZX_TIMER_SLACK_LATE 2u

// Options of an interrupt: one of hardware has a mode and may be given another number.
#define ZX_INTERRUPT_REMAP_IRQ 0x00000001u
#define ZX_INTERRUPT_MODE_DEFAULT 0x00000000u
#define ZX_INTERRUPT_MODE_EDGE_LOW 0x00000002u
#define ZX_INTERRUPT_MODE_EDGE_HIGH 0x00000004u
#define ZX_INTERRUPT_MODE_LEVEL_LOW 0x00000006u
#define ZX_INTERRUPT_MODE_LEVEL_HIGH 0x00000008u
#define ZX_INTERRUPT_MODE_EDGE_BOTH 0x0000000au
#define ZX_INTERRUPT_MODE_MASK 0x0000000eu
#define ZX_INTERRUPT_VIRTUAL 0x00000010u
#define ZX_INTERRUPT_TIMESTAMP_MONO 0x00000040u

// Options of its binding to a port.
#define ZX_INTERRUPT_BIND 0u
#define ZX_INTERRUPT_UNBIND 1u

// Slots of an interrupt, from the time when it had several.
#define ZX_INTERRUPT_MAX_SLOTS 62u
#define ZX_INTERRUPT_SLOT_USER 62u

// Bytes of random numbers that are drawn at once, and bytes that can be mixed in at once.
#define ZX_CPRNG_DRAW_MAX_LEN 256ul
#define ZX_CPRNG_ADD_ENTROPY_MAX_LEN 256ul

#if !ZX_DETAIL_API_2018
// How many processors a set can have.
#define ZX_CPU_SET_MAX_CPUS 512u
#define ZX_CPU_SET_BITS_PER_WORD 64u

// A set of processors.
typedef struct zx_cpu_set {
  uint64_t mask[ZX_CPU_SET_MAX_CPUS / ZX_CPU_SET_BITS_PER_WORD];  // Bit n % 64 of word n / 64.
} zx_cpu_set_t;

ZX_DETAIL_SIZE(zx_cpu_set_t, 64);
ZX_DETAIL_MEMBER(zx_cpu_set_t, mask, 0, 64);

// A piece of memory.
typedef struct zx_iovec {
  void* buffer;
  size_t capacity;  // In bytes.
} zx_iovec_t;

ZX_DETAIL_SIZE(zx_iovec_t, 16);
ZX_DETAIL_MEMBER(zx_iovec_t, buffer, 0, 8);
ZX_DETAIL_MEMBER(zx_iovec_t, capacity, 8, 8);
#endif

// What is to become of a handle that is sent.
typedef uint32_t zx_handle_op_t;
#define ZX_HANDLE_OP_MOVE 0u
#define ZX_HANDLE_OP_DUPLICATE 1u

// A handle to send, and how.
typedef struct zx_handle_disposition {
  zx_handle_op_t operation;
  zx_handle_t handle;
  zx_obj_type_t type;  // What it must be, or ZX_OBJ_TYPE_NONE.
  zx_rights_t rights;  // For the receiver: a subset, or ZX_RIGHT_SAME_RIGHTS.
  zx_status_t result;  // Written by a call that fails: what is wrong with this one.
} zx_handle_disposition_t;

ZX_DETAIL_SIZE(zx_handle_disposition_t, 20);
ZX_DETAIL_MEMBER(zx_handle_disposition_t, operation, 0, 4);
ZX_DETAIL_MEMBER(zx_handle_disposition_t, handle, 4, 4);
ZX_DETAIL_MEMBER(zx_handle_disposition_t, type, 8, 4);
ZX_DETAIL_MEMBER(zx_handle_disposition_t, rights, 12, 4);
ZX_DETAIL_MEMBER(zx_handle_disposition_t, result, 16, 4);

// A piece of the bytes of a message, for ZX_CHANNEL_WRITE_USE_IOVEC.
typedef struct zx_channel_iovec {
  const void* buffer;
  uint32_t capacity;  // In bytes.
  uint32_t reserved;  // 0.
} zx_channel_iovec_t;

ZX_DETAIL_SIZE(zx_channel_iovec_t, 16);
ZX_DETAIL_MEMBER(zx_channel_iovec_t, buffer, 0, 8);
ZX_DETAIL_MEMBER(zx_channel_iovec_t, capacity, 8, 4);
ZX_DETAIL_MEMBER(zx_channel_iovec_t, reserved, 12, 4);

// The message that zx_channel_call() sends, and where the reply goes.
typedef struct zx_channel_call_args {
  const void* wr_bytes;
  const zx_handle_t* wr_handles;
  void* rd_bytes;
  zx_handle_t* rd_handles;
  uint32_t wr_num_bytes;
  uint32_t wr_num_handles;
  uint32_t rd_num_bytes;
  uint32_t rd_num_handles;
} zx_channel_call_args_t;

ZX_DETAIL_SIZE(zx_channel_call_args_t, 48);
ZX_DETAIL_MEMBER(zx_channel_call_args_t, wr_bytes, 0, 8);
ZX_DETAIL_MEMBER(zx_channel_call_args_t, wr_handles, 8, 8);
ZX_DETAIL_MEMBER(zx_channel_call_args_t, rd_bytes, 16, 8);
ZX_DETAIL_MEMBER(zx_channel_call_args_t, rd_handles, 24, 8);
ZX_DETAIL_MEMBER(zx_channel_call_args_t, wr_num_bytes, 32, 4);
ZX_DETAIL_MEMBER(zx_channel_call_args_t, wr_num_handles, 36, 4);
ZX_DETAIL_MEMBER(zx_channel_call_args_t, rd_num_bytes, 40, 4);
ZX_DETAIL_MEMBER(zx_channel_call_args_t, rd_num_handles, 44, 4);

// The same for zx_channel_call_etc().
typedef struct zx_channel_call_etc_args {
  const void* wr_bytes;
  zx_handle_disposition_t* wr_handles;
  void* rd_bytes;
  zx_handle_info_t* rd_handles;
  uint32_t wr_num_bytes;
  uint32_t wr_num_handles;
  uint32_t rd_num_bytes;
  uint32_t rd_num_handles;
} zx_channel_call_etc_args_t;

ZX_DETAIL_SIZE(zx_channel_call_etc_args_t, 48);
ZX_DETAIL_MEMBER(zx_channel_call_etc_args_t, wr_bytes, 0, 8);
ZX_DETAIL_MEMBER(zx_channel_call_etc_args_t, wr_handles, 8, 8);
ZX_DETAIL_MEMBER(zx_channel_call_etc_args_t, rd_bytes, 16, 8);
ZX_DETAIL_MEMBER(zx_channel_call_etc_args_t, rd_handles, 24, 8);
ZX_DETAIL_MEMBER(zx_channel_call_etc_args_t, wr_num_bytes, 32, 4);
ZX_DETAIL_MEMBER(zx_channel_call_etc_args_t, wr_num_handles, 36, 4);
ZX_DETAIL_MEMBER(zx_channel_call_etc_args_t, rd_num_bytes, 40, 4);
ZX_DETAIL_MEMBER(zx_channel_call_etc_args_t, rd_num_handles, 44, 4);

// Sockets: kinds, options of reading, and what is to become of an end's writing.
#define ZX_SOCKET_STREAM 0x00000000u
#define ZX_SOCKET_DATAGRAM 0x00000001u
#if ZX_DETAIL_API_2018
#define ZX_SOCKET_SHUTDOWN_WRITE 0x00000001u
#define ZX_SOCKET_SHUTDOWN_READ 0x00000002u
#define ZX_SOCKET_SHUTDOWN_MASK 0x00000003u
#else
#define ZX_SOCKET_PEEK 0x00000008u
#define ZX_SOCKET_DISPOSITION_WRITE_DISABLED 0x00000001u
#define ZX_SOCKET_DISPOSITION_WRITE_ENABLED 0x00000002u
#endif

#define ZX_FIFO_MAX_SIZE_BYTES 4096u  // Of one direction.

ZX_DETAIL_SIZE(zx_handle_t, 4);
ZX_DETAIL_SIZE(zx_status_t, 4);
ZX_DETAIL_SIZE(zx_rights_t, 4);
ZX_DETAIL_SIZE(zx_signals_t, 4);
ZX_DETAIL_SIZE(zx_obj_type_t, 4);
ZX_DETAIL_SIZE(zx_koid_t, 8);
ZX_DETAIL_SIZE(zx_off_t, 8);
ZX_DETAIL_SIZE(zx_vaddr_t, 8);
ZX_DETAIL_SIZE(zx_paddr_t, 8);
ZX_DETAIL_SIZE(zx_gpaddr_t, 8);
ZX_DETAIL_SIZE(zx_vm_option_t, 4);
ZX_DETAIL_SIZE(zx_time_t, 8);
ZX_DETAIL_SIZE(zx_duration_t, 8);
ZX_DETAIL_SIZE(zx_clock_t, 4);

#endif  // ZIRCON_TYPES_H_
