// zircon_kvm_thread_handle, zircon_kvm_thread_create: what <zircon/threads.h> stands on.

#include <pthread.h>
#include <zircon/syscalls.h>
#include <zircon/threads.h>

#include <cstdio>
#include <cstring>

#include "base/fork_guard.h"
#include "base/log.h"
#include "objects/parker.h"
#include "objects/thread.h"

using zircon::objects::Thread;

namespace {

// What a new thread is given by its creator, which waits until it has read it.
struct Start {
  thrd_start_t entry;
  void* argument;
  const char* name;
  zx_handle_t handle = ZX_HANDLE_INVALID;  // the thread's answer
  zircon::objects::Parker answered{};
};

void SetName(zx_handle_t handle, const char* name) {
  char host_name[16];
  (void)snprintf(host_name, sizeof(host_name), "%s", name);
  (void)pthread_setname_np(pthread_self(), host_name);
  (void)zx_object_set_property(handle, ZX_PROP_NAME, name, std::strlen(name));
}

int Run(void* given) {
  Start& start = *static_cast<Start*>(given);
  const thrd_start_t entry = start.entry;
  void* const argument = start.argument;
  const zx_handle_t handle = zx_thread_self();
  if (handle != ZX_HANDLE_INVALID && start.name != nullptr) SetName(handle, start.name);
  start.handle = handle;
  start.answered.Unpark();
  return handle != ZX_HANDLE_INVALID ? entry(argument) : 0;
}

}  // namespace

extern "C" ZX_DETAIL_CALL zx_handle_t zircon_kvm_thread_handle(pthread_t thread) {
  if (zircon::base::EnterLibrary() != ZX_OK) return ZX_HANDLE_INVALID;
  if (pthread_equal(thread, pthread_self()) != 0) return zx_thread_self();
  const zx_handle_t handle = Thread::OwnHandleOf(thread);
  if (handle == ZX_HANDLE_INVALID) {
    LOG_WARN(
        "a thread has no handle: it was not made by thrd_create_with_name(), and has not called "
        "zx_thread_self() yet");
  }
  return handle;
}

extern "C" ZX_DETAIL_CALL int zircon_kvm_thread_create(thrd_t* thread, thrd_start_t entry,
                                                       void* argument, const char* name) {
  if (zircon::base::EnterLibrary() != ZX_OK) return thrd_error;
  Start start{entry, argument, name};
  const int result = thrd_create(thread, &Run, &start);
  if (result != thrd_success) return result;
  (void)start.answered.Park(ZX_TIME_INFINITE);
  if (start.handle != ZX_HANDLE_INVALID) return thrd_success;
  // It has ended: there was no memory for its object, or no room for its handle.
  (void)thrd_join(*thread, nullptr);
  return thrd_nomem;
}
