// zircon/processargs.h: the handles that a process is given when it starts.
//
// On Zircon whoever starts a process gives it handles, each with a word of information that says
// what it is for: a type, PA_*, and an argument. Nobody starts a process so on Linux; what a VMM
// takes here, resources, zx_take_startup_handle() makes.
//
//   zx_handle_t root = zx_take_startup_handle(PA_HND(PA_RESOURCE, 0));
//
// Contract: STARTUP.

#ifndef ZIRCON_PROCESSARGS_H_
#define ZIRCON_PROCESSARGS_H_

#include <zircon/calls/task.h>

// A word of information: the type in bits 0 to 7, the argument in bits 16 to 31.
#define PA_HND(type, arg) (((type)&0xffu) | (((arg)&0xffffu) << 16))
#define PA_HND_TYPE(info) ((info)&0xffu)
#define PA_HND_ARG(info) (((info) >> 16) & 0xffffu)

// Types that the C library takes for itself before main().
#define PA_PROC_SELF 0x01u    // The process: zx_process_self().
#define PA_THREAD_SELF 0x02u  // Its first thread: zx_thread_self().
#define PA_JOB_DEFAULT 0x03u
#define PA_VMAR_ROOT 0x04u  // zx_vmar_root_self().
#define PA_VMAR_LOADED 0x05u
#define PA_LDSVC_LOADER 0x10u
#define PA_VMO_VDSO 0x11u
#define PA_VMO_STACK 0x13u
#define PA_VMO_EXECUTABLE 0x14u
#define PA_VMO_BOOTDATA 0x1au
#define PA_VMO_BOOTFS 0x1bu
#define PA_VMO_KERNEL_FILE 0x1cu

// Types of file systems, descriptors and services.
#define PA_NS_DIR 0x20u
#define PA_FD 0x30u
#define PA_LIFECYCLE 0x3au
#define PA_DIRECTORY_REQUEST 0x3bu
#if !ZX_DETAIL_API_2018
#define PA_CLOCK_UTC 0x40u
#endif

// Types of resources.
#define PA_RESOURCE 0x3fu  // The root resource.
#if !ZX_DETAIL_API_2018
#define PA_MMIO_RESOURCE 0x50u    // All of kind MMIO,
#define PA_IRQ_RESOURCE 0x51u     // of kind IRQ,
#define PA_IOPORT_RESOURCE 0x52u  // of kind IOPORT,
#define PA_SMC_RESOURCE 0x53u     // of kind SMC,
#define PA_SYSTEM_RESOURCE 0x54u  // and of kind SYSTEM: the hypervisor's and VMEX among them.
#endif

// Types that the two processes agree on.
#define PA_USER0 0xf0u
#define PA_USER1 0xf1u
#define PA_USER2 0xf2u

// What the message that brings them begins with.
#define ZX_PROCARGS_PROTOCOL 0x4150585du
#define ZX_PROCARGS_VERSION 0x00001000u

// The message: offsets, in bytes from its beginning, and numbers of strings.
typedef struct zx_proc_args {
  uint32_t protocol;         // ZX_PROCARGS_PROTOCOL.
  uint32_t version;          // ZX_PROCARGS_VERSION.
  uint32_t handle_info_off;  // A word for each handle of the message.
  uint32_t args_off;         // Arguments, with a NUL behind each.
  uint32_t args_num;
  uint32_t environ_off;  // The environment, likewise.
  uint32_t environ_num;
  uint32_t names_off;  // Names for PA_NS_DIR, whose argument is an index of them.
  uint32_t names_num;
} zx_proc_args_t;

ZX_DETAIL_SIZE(zx_proc_args_t, 36);
ZX_DETAIL_MEMBER(zx_proc_args_t, protocol, 0, 4);
ZX_DETAIL_MEMBER(zx_proc_args_t, version, 4, 4);
ZX_DETAIL_MEMBER(zx_proc_args_t, handle_info_off, 8, 4);
ZX_DETAIL_MEMBER(zx_proc_args_t, args_off, 12, 4);
ZX_DETAIL_MEMBER(zx_proc_args_t, args_num, 16, 4);
ZX_DETAIL_MEMBER(zx_proc_args_t, environ_off, 20, 4);
ZX_DETAIL_MEMBER(zx_proc_args_t, environ_num, 24, 4);
ZX_DETAIL_MEMBER(zx_proc_args_t, names_off, 28, 4);
ZX_DETAIL_MEMBER(zx_proc_args_t, names_num, 32, 4);

#endif  // ZIRCON_PROCESSARGS_H_
