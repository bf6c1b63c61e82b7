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

// Topics of zx_object_get_info(). Any other number gives ZX_ERR_NOT_SUPPORTED.
typedef uint32_t zx_object_info_topic_t;
#define ZX_INFO_HANDLE_VALID 1u  // No record: is this a live handle?
#define ZX_INFO_HANDLE_BASIC 2u  // zx_info_handle_basic_t
#define ZX_INFO_VMAR 7u          // zx_info_vmar_t
#define ZX_INFO_SOCKET 22u       // zx_info_socket_t
#define ZX_INFO_VCPU 32u         // zx_info_vcpu_t

#if ZX_DETAIL_API_2018
#define ZX_OBJ_PROP_WAITABLE 0x1u  // Objects of that type can be waited for.
#endif

// ZX_INFO_HANDLE_BASIC: any handle, no right needed.
typedef struct zx_info_handle_basic {
  zx_koid_t koid;
  zx_rights_t rights;      // Of this handle.
  zx_obj_type_t type;      // Of the object.
  zx_koid_t related_koid;  // The peer's koid for one end of a pair, for ever; else 0.
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

// ZX_INFO_VCPU: ZX_RIGHT_INSPECT.
typedef struct zx_info_vcpu {
  uint32_t flags;  // A set of ZX_INFO_VCPU_FLAG_*.
} zx_info_vcpu_t;

#define ZX_INFO_VCPU_FLAG_KICKED 0x1u  // A kick waits for the next zx_vcpu_enter().

ZX_DETAIL_SIZE(zx_info_vcpu_t, 4);
ZX_DETAIL_MEMBER(zx_info_vcpu_t, flags, 0, 4);

#endif  // ZIRCON_SYSCALLS_OBJECT_H_
