// zircon/threads.h: threads of C11 and of POSIX, and the handles that they have.
//
//   thrd_t thread;
//   if (thrd_create_with_name(&thread, run, vcpu, "vcpu-0") == thrd_success) {
//     zx_object_wait_one(thrd_get_zx_handle(thread), ZX_THREAD_TERMINATED, deadline, NULL);
//   }
//
// A thread has a handle once it has called zx_thread_self(). One that thrd_create_with_name() makes
// has done so when that returns; of others the host tells the library nothing.
//
// Contract: TASK.

#ifndef ZIRCON_THREADS_H_
#define ZIRCON_THREADS_H_

#include <pthread.h>
#include <threads.h>
#include <zircon/compiler.h>
#include <zircon/types.h>

ZX_DETAIL_C_BEGIN

// Gives the handle of a thread that has one, 0 of any other (a line in the log says so) and in a
// forked child. As with zx_thread_self() it belongs to the library and is closed when the thread
// ends, which must not be before the call.
//
// Contract: TASK.
zx_handle_t zircon_kvm_thread_handle(pthread_t thread) ZX_DETAIL_CALL;

// Does what thrd_create_with_name() is to do.
//
//   thread           receives the thread.
//   entry            what it calls.
//   argument         what entry is given.
//   name             its name: the object's, of which 31 bytes count, and the host's, 15. Optional:
//                    then both are the creator's.
//
// Gives thrd_success, thrd_nomem or thrd_error, as thrd_create() does; nothing is started then.
//
// Contract: TASK.
int zircon_kvm_thread_create(thrd_t* thread, thrd_start_t entry, void* argument,
                             const char* name) ZX_DETAIL_CALL;

// As thrd_create(), with a name, and a handle from the beginning.
ZX_DETAIL_PLAIN_INLINE int thrd_create_with_name(thrd_t* thread, thrd_start_t entry, void* argument,
                                                 const char* name) {
  return zircon_kvm_thread_create(thread, entry, argument, name);
}

// The handle of a thread of C11, or 0: zircon_kvm_thread_handle().
ZX_DETAIL_PLAIN_INLINE zx_handle_t thrd_get_zx_handle(thrd_t thread) {
  return zircon_kvm_thread_handle(thread);
}

// The same for a thread of POSIX, or std::thread's native_handle().
ZX_DETAIL_PLAIN_INLINE zx_handle_t native_thread_get_zx_handle(pthread_t thread) {
  return zircon_kvm_thread_handle(thread);
}

// The status for a result of C11's functions.
ZX_DETAIL_PLAIN_INLINE zx_status_t thrd_status_to_zx_status(int result) {
  switch (result) {
    case thrd_success:
      return ZX_OK;
    case thrd_nomem:
      return ZX_ERR_NO_MEMORY;
    case thrd_timedout:
      return ZX_ERR_TIMED_OUT;
    case thrd_busy:
      return ZX_ERR_SHOULD_WAIT;
    default:
      return ZX_ERR_INTERNAL;
  }
}

ZX_DETAIL_C_END

#endif  // ZIRCON_THREADS_H_
