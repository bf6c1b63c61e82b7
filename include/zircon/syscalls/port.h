// zircon/syscalls/port.h: the packet that ports carry and zx_vcpu_enter() fills.
//
// `key` says whom it is for (the key of a trap, or what the sender chose), `type` which member of
// the union is meant:
//
//   zx_port_packet_t packet;
//   if (zx_vcpu_enter(vcpu, &packet) == ZX_OK && ZX_PKT_IS_GUEST_IO(packet.type)) {
//     answer_io(packet.key, packet.guest_io.port);
//   }

#ifndef ZIRCON_SYSCALLS_PORT_H_
#define ZIRCON_SYSCALLS_PORT_H_

#include <zircon/syscalls/hypervisor.h>
#include <zircon/types.h>

// Options of zx_port_create().
#define ZX_PORT_BIND_TO_INTERRUPT 0x1u

// Options of a wait that reports to a port.
#define ZX_WAIT_ASYNC_ONCE 0x0u
#if ZX_DETAIL_API_2018
#define ZX_WAIT_ASYNC_REPEATING 0x1u
#else
#define ZX_WAIT_ASYNC_TIMESTAMP 0x1u
#define ZX_WAIT_ASYNC_EDGE 0x2u
#define ZX_WAIT_ASYNC_BOOT_TIMESTAMP 0x4u
#endif

// Types of packet.
#define ZX_PKT_TYPE_USER 0u
#define ZX_PKT_TYPE_SIGNAL_ONE 1u
#if ZX_DETAIL_API_2018
#define ZX_PKT_TYPE_SIGNAL_REP 2u
#endif
#define ZX_PKT_TYPE_GUEST_BELL 3u
#define ZX_PKT_TYPE_GUEST_MEM 4u
#define ZX_PKT_TYPE_GUEST_IO 5u
#define ZX_PKT_TYPE_GUEST_VCPU 6u
#define ZX_PKT_TYPE_INTERRUPT 7u
#if ZX_DETAIL_API_2018
#define ZX_PKT_TYPE_EXCEPTION(n) (8u | (((n)&0xffu) << 8))
#define ZX_PKT_TYPE_MASK 0xffu
#else
#define ZX_PKT_TYPE_PAGE_REQUEST 9u
#endif

// Whether a packet's type is that one.
#define ZX_PKT_IS_USER(type) ((type) == ZX_PKT_TYPE_USER)
#define ZX_PKT_IS_SIGNAL_ONE(type) ((type) == ZX_PKT_TYPE_SIGNAL_ONE)
#define ZX_PKT_IS_GUEST_BELL(type) ((type) == ZX_PKT_TYPE_GUEST_BELL)
#define ZX_PKT_IS_GUEST_MEM(type) ((type) == ZX_PKT_TYPE_GUEST_MEM)
#define ZX_PKT_IS_GUEST_IO(type) ((type) == ZX_PKT_TYPE_GUEST_IO)
#define ZX_PKT_IS_GUEST_VCPU(type) ((type) == ZX_PKT_TYPE_GUEST_VCPU)
#define ZX_PKT_IS_INTERRUPT(type) ((type) == ZX_PKT_TYPE_INTERRUPT)
#if ZX_DETAIL_API_2018
#define ZX_PKT_IS_SIGNAL_REP(type) ((type) == ZX_PKT_TYPE_SIGNAL_REP)
#define ZX_PKT_IS_EXCEPTION(type) (((type)&ZX_PKT_TYPE_MASK) == ZX_PKT_TYPE_EXCEPTION(0))
#else
#define ZX_PKT_IS_PAGE_REQUEST(type) ((type) == ZX_PKT_TYPE_PAGE_REQUEST)
#endif

// USER: 32 bytes that mean what the sender says.
typedef union zx_packet_user {
  uint64_t u64[4];
  uint32_t u32[8];
  uint16_t u16[16];
  uint8_t c8[32];
} zx_packet_user_t;

ZX_DETAIL_SIZE(zx_packet_user_t, 32);
ZX_DETAIL_MEMBER(zx_packet_user_t, u64, 0, 32);
ZX_DETAIL_MEMBER(zx_packet_user_t, u32, 0, 32);
ZX_DETAIL_MEMBER(zx_packet_user_t, u16, 0, 32);
ZX_DETAIL_MEMBER(zx_packet_user_t, c8, 0, 32);

// SIGNAL_ONE (and in 2018 SIGNAL_REP): an object's signals matched.
typedef struct zx_packet_signal {
  zx_signals_t trigger;   // What was asked for.
  zx_signals_t observed;  // All signals active at the match.
#if ZX_DETAIL_API_2018
  uint64_t count;  // 1; messages that are queued, if a channel matched at once.
  uint64_t reserved0;
#else
  uint64_t count;       // 1.
  zx_time_t timestamp;  // When, if ZX_WAIT_ASYNC_TIMESTAMP or BOOT_TIMESTAMP was given; else 0.
#endif
  uint64_t reserved1;
} zx_packet_signal_t;

ZX_DETAIL_SIZE(zx_packet_signal_t, 32);
ZX_DETAIL_MEMBER(zx_packet_signal_t, trigger, 0, 4);
ZX_DETAIL_MEMBER(zx_packet_signal_t, observed, 4, 4);
ZX_DETAIL_MEMBER(zx_packet_signal_t, count, 8, 8);
#if ZX_DETAIL_API_2018
ZX_DETAIL_MEMBER(zx_packet_signal_t, reserved0, 16, 8);
#else
ZX_DETAIL_MEMBER(zx_packet_signal_t, timestamp, 16, 8);
#endif
ZX_DETAIL_MEMBER(zx_packet_signal_t, reserved1, 24, 8);

// INTERRUPT: an interrupt object fired.
typedef struct zx_packet_interrupt {
  zx_time_t timestamp;
  uint64_t reserved0;
  uint64_t reserved1;
  uint64_t reserved2;
} zx_packet_interrupt_t;

ZX_DETAIL_SIZE(zx_packet_interrupt_t, 32);
ZX_DETAIL_MEMBER(zx_packet_interrupt_t, timestamp, 0, 8);
ZX_DETAIL_MEMBER(zx_packet_interrupt_t, reserved0, 8, 8);
ZX_DETAIL_MEMBER(zx_packet_interrupt_t, reserved1, 16, 8);
ZX_DETAIL_MEMBER(zx_packet_interrupt_t, reserved2, 24, 8);

#if ZX_DETAIL_API_2018
// EXCEPTION: present for its layout; this library reports no exceptions.
typedef struct zx_packet_exception {
  uint64_t pid;
  uint64_t tid;
  uint64_t reserved0;
  uint64_t reserved1;
} zx_packet_exception_t;

ZX_DETAIL_SIZE(zx_packet_exception_t, 32);
ZX_DETAIL_MEMBER(zx_packet_exception_t, pid, 0, 8);
ZX_DETAIL_MEMBER(zx_packet_exception_t, tid, 8, 8);
ZX_DETAIL_MEMBER(zx_packet_exception_t, reserved0, 16, 8);
ZX_DETAIL_MEMBER(zx_packet_exception_t, reserved1, 24, 8);
#else
// PAGE_REQUEST: present for its layout; this library has no pagers.
typedef struct zx_packet_page_request {
  uint16_t command;
  uint16_t flags;
  uint32_t reserved0;
  uint64_t offset;
  uint64_t length;
  uint64_t reserved1;
} zx_packet_page_request_t;

ZX_DETAIL_SIZE(zx_packet_page_request_t, 32);
ZX_DETAIL_MEMBER(zx_packet_page_request_t, command, 0, 2);
ZX_DETAIL_MEMBER(zx_packet_page_request_t, flags, 2, 2);
ZX_DETAIL_MEMBER(zx_packet_page_request_t, reserved0, 4, 4);
ZX_DETAIL_MEMBER(zx_packet_page_request_t, offset, 8, 8);
ZX_DETAIL_MEMBER(zx_packet_page_request_t, length, 16, 8);
ZX_DETAIL_MEMBER(zx_packet_page_request_t, reserved1, 24, 8);
#endif

// A packet of a port, and what zx_vcpu_enter() gives.
typedef struct zx_port_packet {
  uint64_t key;
  uint32_t type;       // ZX_PKT_TYPE_*.
  zx_status_t status;  // USER: what the sender chose. All others: ZX_OK.
  union {
    zx_packet_user_t user;
    zx_packet_signal_t signal;
    zx_packet_guest_bell_t guest_bell;
    zx_packet_guest_mem_t guest_mem;
    zx_packet_guest_io_t guest_io;
    zx_packet_guest_vcpu_t guest_vcpu;
    zx_packet_interrupt_t interrupt;
#if ZX_DETAIL_API_2018
    zx_packet_exception_t exception;
#else
    zx_packet_page_request_t page_request;
#endif
  };
} zx_port_packet_t;

ZX_DETAIL_SIZE(zx_port_packet_t, 48);
ZX_DETAIL_MEMBER(zx_port_packet_t, key, 0, 8);
ZX_DETAIL_MEMBER(zx_port_packet_t, type, 8, 4);
ZX_DETAIL_MEMBER(zx_port_packet_t, status, 12, 4);
ZX_DETAIL_MEMBER(zx_port_packet_t, user, 16, 32);
ZX_DETAIL_MEMBER(zx_port_packet_t, signal, 16, 32);
ZX_DETAIL_MEMBER(zx_port_packet_t, guest_bell, 16, 32);
ZX_DETAIL_MEMBER(zx_port_packet_t, guest_mem, 16, 32);
ZX_DETAIL_MEMBER(zx_port_packet_t, guest_io, 16, 32);
ZX_DETAIL_MEMBER(zx_port_packet_t, guest_vcpu, 16, 32);
ZX_DETAIL_MEMBER(zx_port_packet_t, interrupt, 16, 32);
#if ZX_DETAIL_API_2018
ZX_DETAIL_MEMBER(zx_port_packet_t, exception, 16, 32);
#else
ZX_DETAIL_MEMBER(zx_port_packet_t, page_request, 16, 32);
#endif

#endif  // ZIRCON_SYSCALLS_PORT_H_
