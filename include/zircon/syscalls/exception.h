// zircon/syscalls/exception.h: kinds of exception.
//
// For programs that name them. Nothing in this library reports one: a fault in the process is the
// host's signal, a fault in a guest is the guest's.

#ifndef ZIRCON_SYSCALLS_EXCEPTION_H_
#define ZIRCON_SYSCALLS_EXCEPTION_H_

#include <zircon/types.h>

// A kind of exception.
typedef uint32_t zx_excp_type_t;

// Kinds: of the processor, and with ZX_EXCP_SYNTH those that the kernel makes.
#define ZX_EXCP_GENERAL 0x008u
#define ZX_EXCP_FATAL_PAGE_FAULT 0x108u
#define ZX_EXCP_UNDEFINED_INSTRUCTION 0x208u
#define ZX_EXCP_SW_BREAKPOINT 0x308u
#define ZX_EXCP_HW_BREAKPOINT 0x408u
#define ZX_EXCP_UNALIGNED_ACCESS 0x508u
#define ZX_EXCP_SYNTH 0x8000u
#define ZX_EXCP_THREAD_STARTING (0x008u | ZX_EXCP_SYNTH)
#define ZX_EXCP_THREAD_EXITING (0x108u | ZX_EXCP_SYNTH)
#define ZX_EXCP_POLICY_ERROR (0x208u | ZX_EXCP_SYNTH)
#define ZX_EXCP_PROCESS_STARTING (0x308u | ZX_EXCP_SYNTH)
#if !ZX_DETAIL_API_2018
#define ZX_EXCP_USER (0x408u | ZX_EXCP_SYNTH)
#endif

// Whether it is the processor's.
#define ZX_EXCP_IS_ARCH(type) (((type)&ZX_EXCP_SYNTH) == 0)

#if !ZX_DETAIL_API_2018
// What a message of an exception channel says.
typedef struct zx_exception_info {
  zx_koid_t pid;        // The process,
  zx_koid_t tid;        // and its thread.
  zx_excp_type_t type;  // ZX_EXCP_*.
  uint8_t padding1[4];
} zx_exception_info_t;

ZX_DETAIL_SIZE(zx_exception_info_t, 24);
ZX_DETAIL_MEMBER(zx_exception_info_t, pid, 0, 8);
ZX_DETAIL_MEMBER(zx_exception_info_t, tid, 8, 8);
ZX_DETAIL_MEMBER(zx_exception_info_t, type, 16, 4);
ZX_DETAIL_MEMBER(zx_exception_info_t, padding1, 20, 4);
#endif

#endif  // ZIRCON_SYSCALLS_EXCEPTION_H_
