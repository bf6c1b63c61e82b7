// zircon/calls/task.h: this process and its threads.
// Part of <zircon/syscalls.h>, which programs include and which states the rules for every call.

#ifndef ZIRCON_CALLS_TASK_H_
#define ZIRCON_CALLS_TASK_H_

#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Gives this process: DUPLICATE, TRANSFER, READ, WRITE, GET_PROPERTY, SET_PROPERTY, ENUMERATE,
// DESTROY, SIGNAL, WAIT, INSPECT, MANAGE_PROCESS, MANAGE_THREAD.
//
// The same value each time. It belongs to the library: duplicate it, never close it. 0 in a forked
// child.
//
// Contract: TASK.
zx_handle_t zx_process_self(void) ZX_DETAIL_CALL;

// Gives the calling thread: DUPLICATE, TRANSFER, READ, WRITE, GET_PROPERTY, SET_PROPERTY, DESTROY,
// SIGNAL, WAIT, INSPECT, MANAGE_THREAD.
//
// The same value each time for a thread. It belongs to the library: duplicate it, never close it.
// When the thread ends the handle is closed, and the thread has ZX_THREAD_TERMINATED instead of
// ZX_THREAD_RUNNING. 0 in a forked child.
//
// Contract: TASK.
zx_handle_t zx_thread_self(void) ZX_DETAIL_CALL;

// Gives a handle that the process was started with, once: a second time there is none.
//
//   hnd_info         what it is for: PA_HND() of <zircon/processargs.h> with 0 as argument, and of
//                    type PA_RESOURCE (the root resource) or one of the current generation's
//                    PA_MMIO_RESOURCE, PA_IRQ_RESOURCE, PA_IOPORT_RESOURCE, PA_SMC_RESOURCE,
//                    PA_SYSTEM_RESOURCE (all that the kind has).
//
// Gives 0 for anything else, when it has been taken, when memory is short or the handle table full,
// and in a forked child. Whoever takes it owns it. The resources are as zircon_kvm_root_resource()
// makes them, with which there may be more.
//
// Contract: STARTUP.
zx_handle_t zx_take_startup_handle(uint32_t hnd_info) ZX_DETAIL_CALL;

// Ends the process at once, all its threads included, as _exit() does: nothing registered with
// atexit() runs, and buffered output is lost. The host sees the low 8 bits of `retcode`. Guests,
// handles and memory go with the process.
//
// Does not return, and has no errors. Any thread.
//
// Contract: TASK.
void zx_process_exit(int64_t retcode) ZX_DETAIL_CALL __attribute__((noreturn));

// The second names.
ZX_DETAIL_TWIN(process_exit);
ZX_DETAIL_TWIN(process_self);
ZX_DETAIL_TWIN(take_startup_handle);
ZX_DETAIL_TWIN(thread_self);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_TASK_H_
