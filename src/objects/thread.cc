#include "objects/thread.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/mutex.h"

namespace zircon::objects {
namespace {

// What no processor has: the thread has never run, or nobody can tell.
constexpr uint32_t kNoCpu = UINT32_MAX;

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

// The processor that the host says a thread of this process ran on last.
uint32_t LastCpu(pid_t tid) {
  char path[48];
  snprintf(path, sizeof(path), "/proc/self/task/%d/stat", static_cast<int>(tid));
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return kNoCpu;
  char text[1024];
  const ssize_t size = read(fd, text, sizeof(text) - 1);
  close(fd);
  if (size <= 0) return kNoCpu;
  text[size] = '\0';
  // The second field is a name, in parentheses, with anything inside; the processor is the 39th.
  const char* at = std::strrchr(text, ')');
  for (int field = 2; at != nullptr && field < 39; ++field) at = std::strchr(at + 1, ' ');
  return at == nullptr ? kNoCpu : static_cast<uint32_t>(std::strtoul(at, nullptr, 10));
}

// All threads that have not ended.
struct Threads {
  base::Mutex mutex;
  LinkedList<Thread> list ABSL_GUARDED_BY(mutex);
};
// Never destroyed: threads may end at any time.
Threads& AllThreads() {
  alignas(Threads) static char storage[sizeof(Threads)];
  static Threads* const threads = new (storage) Threads;
  return *threads;
}

}  // namespace

Thread::Thread(pid_t tid) : Waitable(kType, ZX_THREAD_RUNNING), tid_(tid) {
  char host_name[16] = {};
  if (pthread_getname_np(pthread_self(), host_name, sizeof(host_name)) == 0) {
    name_.Set(host_name, std::strlen(host_name));
  }
  (void)pthread_getcpuclockid(pthread_self(), &cpu_clock_);
  Threads& threads = AllThreads();
  base::MutexLock lock(threads.mutex);
  threads.list.PushBack(this);
}

Thread::~Thread() {
  // One whose handle could not be made never came to its end.
  // relaxed: nobody else is left.
  if (over_.load(std::memory_order_relaxed)) return;
  Threads& threads = AllThreads();
  base::MutexLock lock(threads.mutex);
  threads.list.Remove(this);
}

void Thread::End() {
  last_usage_ = UsageNow();
  {
    Threads& threads = AllThreads();
    base::MutexLock lock(threads.mutex);
    threads.list.Remove(this);
    // release: pairs with usage().
    over_.store(true, std::memory_order_release);
  }
  UpdateSignals(ZX_THREAD_RUNNING, ZX_THREAD_TERMINATED);
}

Thread::Usage Thread::UsageNow() const {
  timespec time{};
  // Fails once the thread is gone.
  if (clock_gettime(cpu_clock_, &time) != 0) return {.runtime = 0, .last_cpu = kNoCpu};
  return {.runtime = time.tv_sec * kNanosecondsPerSecond + time.tv_nsec, .last_cpu = LastCpu(tid_)};
}

Thread::Usage Thread::usage() const {
  const Usage now = UsageNow();
  // acquire: as the thread left it. Looked at last, since the host gives a thread's number to
  // another when it is gone.
  return over_.load(std::memory_order_acquire) ? last_usage_ : now;
}

size_t Thread::CopyKoids(std::span<zx_koid_t> koids) {
  Threads& threads = AllThreads();
  base::MutexLock lock(threads.mutex);
  size_t count = 0;
  for (const Thread* thread = threads.list.front(); thread != nullptr;
       thread = LinkedList<Thread>::Next(thread)) {
    if (count < koids.size()) koids[count] = thread->koid();
    ++count;
  }
  return count;
}

}  // namespace zircon::objects
