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
ZX_DETAIL_TWIN(thread_self);

ZX_DETAIL_C_END

#endif  // ZIRCON_CALLS_TASK_H_
