// zx_process_self, zx_thread_self, zx_process_exit.

#include <sys/syscall.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include "handles/handle_table.h"
#include "objects/process.h"
#include "objects/thread.h"
#include "rights/rights.h"
#include "syscalls/self_handle.h"
#include "syscalls/syscall.h"

using zircon::base::MakeRef;
using zircon::base::RefPtr;
using zircon::handles::HandleTable;
using zircon::objects::Process;
using zircon::objects::Thread;

namespace {

constinit zircon::syscalls::SelfHandle process_handle;

// Plain and constant-initialised, so that a call from a destructor that runs after the holder's
// finds a thread that has ended.
thread_local constinit zx_handle_t t_handle = ZX_HANDLE_INVALID;
thread_local constinit bool t_ended = false;

// Ends the thread's object with the thread.
struct ThreadHolder {
  RefPtr<Thread> thread;
  ~ThreadHolder() {
    t_ended = true;
    // A forked child's only thread has nothing of the parent's to end.
    if (!thread || zircon::base::InForkedChild()) {
      (void)thread.Leak();
      return;
    }
    thread->End();
    (void)HandleTable::Process().Close(t_handle);
    t_handle = ZX_HANDLE_INVALID;
  }
};
thread_local ThreadHolder t_holder;

zx_handle_t MakeThreadHandle() {
  if (t_ended) return ZX_HANDLE_INVALID;
  RefPtr<Thread> thread = MakeRef<Thread>(static_cast<pid_t>(syscall(SYS_gettid)));
  if (!thread) return ZX_HANDLE_INVALID;
  zx_handle_t handle;
  if (HandleTable::Process().Insert(thread, zircon::rights::kThread, &handle) != ZX_OK) {
    return ZX_HANDLE_INVALID;
  }
  thread->SetOwnHandle(handle);
  t_holder.thread = thread;
  t_handle = handle;
  return handle;
}

}  // namespace

ZIRCON_SYSCALL(zx_handle_t, process_self) {
  return process_handle.Get(zircon::rights::kProcess, Process::Self);
}

ZIRCON_SYSCALL(zx_handle_t, thread_self) {
  return t_handle != ZX_HANDLE_INVALID ? t_handle : MakeThreadHandle();
}

ZIRCON_PURE_SYSCALL(void, process_exit, (int64_t)retcode) {
  _exit(static_cast<int>(retcode & 0xFF));
}
