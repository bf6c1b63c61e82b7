#include "objects/thread.h"

#include <pthread.h>
#include <sched.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "base/mutex.h"
#include "objects/proc_text.h"
#include "objects/process.h"

namespace zircon::objects {
namespace {

// What no processor has: the thread has never run, or nobody can tell.
constexpr uint32_t kNoCpu = UINT32_MAX;

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

// The processor that the host says a thread of this process ran on last.
uint32_t LastCpu(pid_t tid) {
  char path[48];
  snprintf(path, sizeof(path), "/proc/self/task/%d/stat", static_cast<int>(tid));
  const ProcText stat(path);
  // The second field is a name, in parentheses, with anything inside; the processor is the 39th.
  const char* at = std::strrchr(stat.text(), ')');
  for (int field = 2; at != nullptr && field < 39; ++field) at = std::strchr(at + 1, ' ');
  return at == nullptr ? kNoCpu : static_cast<uint32_t>(std::strtoul(at, nullptr, 10));
}

// All threads that have not ended.
struct Threads {
  base::Mutex mutex;
  LinkedList<Thread> list ABSL_GUARDED_BY(mutex);
};
constinit Threads all_threads;
// Threads may end at any time.
static_assert(std::is_trivially_destructible_v<Threads>);

}  // namespace

Thread::Thread(pid_t tid) noexcept : Waitable(kType, ZX_THREAD_RUNNING), tid_(tid) {
  char host_name[16] = {};
  if (pthread_getname_np(pthread_self(), host_name, sizeof(host_name)) == 0) {
    name_.Set(host_name, std::strlen(host_name));
  }
  (void)pthread_getcpuclockid(pthread_self(), &cpu_clock_);
  base::MutexLock lock(all_threads.mutex);
  all_threads.list.PushBack(this);
}

Thread::~Thread() {
  // One whose handle could not be made never came to its end.
  // relaxed: nobody else is left.
  if (over_.load(std::memory_order_relaxed)) return;
  base::MutexLock lock(all_threads.mutex);
  all_threads.list.Remove(this);
}

zx_koid_t Thread::related_koid() const {
  const base::RefPtr<Process> process = Process::Self();
  return process ? process->koid() : ZX_KOID_INVALID;
}

void Thread::End() {
  final_runtime_ = RuntimeNow();
  final_cpu_ = static_cast<uint32_t>(sched_getcpu());
  {
    base::MutexLock lock(all_threads.mutex);
    all_threads.list.Remove(this);
    // release: pairs with runtime() and last_cpu().
    over_.store(true, std::memory_order_release);
  }
  UpdateSignals(ZX_THREAD_RUNNING, ZX_THREAD_TERMINATED);
}

void Thread::SetOwnHandle(zx_handle_t handle) {
  base::MutexLock lock(all_threads.mutex);
  own_handle_ = handle;
}

zx_handle_t Thread::OwnHandleOf(pthread_t thread) {
  base::MutexLock lock(all_threads.mutex);
  for (const Thread* at = all_threads.list.front(); at != nullptr;
       at = LinkedList<Thread>::Next(at)) {
    if (pthread_equal(at->pthread_, thread) != 0) return at->own_handle_;
  }
  return ZX_HANDLE_INVALID;
}

zx_duration_t Thread::RuntimeNow() const {
  timespec time{};
  // Fails once the thread is gone.
  if (clock_gettime(cpu_clock_, &time) != 0) return 0;
  return time.tv_sec * kNanosecondsPerSecond + time.tv_nsec;
}

// Here and below `over_` is looked at last, since the host gives a thread's number to another when
// it is gone.
zx_duration_t Thread::runtime() const {
  const zx_duration_t now = RuntimeNow();
  // acquire: as the thread left it.
  return over_.load(std::memory_order_acquire) ? final_runtime_ : now;
}

uint32_t Thread::last_cpu() const {
  const uint32_t now = LastCpu(tid_);
  // acquire: as the thread left it.
  return over_.load(std::memory_order_acquire) ? final_cpu_ : now;
}

size_t Thread::CopyKoids(std::span<zx_koid_t> koids) {
  base::MutexLock lock(all_threads.mutex);
  size_t count = 0;
  for (const Thread* thread = all_threads.list.front(); thread != nullptr;
       thread = LinkedList<Thread>::Next(thread)) {
    if (count < koids.size()) koids[count] = thread->koid();
    ++count;
  }
  return count;
}

}  // namespace zircon::objects
