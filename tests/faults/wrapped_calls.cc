// The functions of the C library that the library calls, replaced by the linker (--wrap): each asks
// the plan and then is the real one, or fails.

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "faults/plan.h"
#include "faults/refused_unmaps.h"

using zircon::faults::plan;

// A function that says -1, null or so, and sets errno.
#define WRAP(type, name, failure, parameters, arguments)            \
  extern "C" type __real_##name parameters;                         \
  extern "C" type __wrap_##name parameters {                        \
    if (const int error = plan.Ask(zircon::faults::kHost_##name)) { \
      errno = error;                                                \
      return failure;                                               \
    }                                                               \
    return __real_##name arguments;                                 \
  }
// One that returns its error.
#define WRAP_RETURNING(name, parameters, arguments)                             \
  extern "C" int __real_##name parameters;                                      \
  extern "C" int __wrap_##name parameters {                                     \
    if (const int error = plan.Ask(zircon::faults::kHost_##name)) return error; \
    return __real_##name arguments;                                             \
  }

WRAP(int, mprotect, -1, (void* start, size_t size, int protection), (start, size, protection))
WRAP(int, madvise, -1, (void* start, size_t size, int advice), (start, size, advice))
WRAP(ssize_t, process_vm_readv, -1,
     (pid_t pid, const iovec* local, unsigned long locals, const iovec* remote,
      unsigned long remotes, unsigned long flags),
     (pid, local, locals, remote, remotes, flags))
WRAP(ssize_t, process_vm_writev, -1,
     (pid_t pid, const iovec* local, unsigned long locals, const iovec* remote,
      unsigned long remotes, unsigned long flags),
     (pid, local, locals, remote, remotes, flags))
WRAP(int, memfd_create, -1, (const char* name, unsigned flags), (name, flags))
WRAP(int, ftruncate, -1, (int fd, off_t size), (fd, size))
WRAP(int, fallocate, -1, (int fd, int mode, off_t offset, off_t size), (fd, mode, offset, size))
WRAP(ssize_t, pread, -1, (int fd, void* to, size_t size, off_t offset), (fd, to, size, offset))
WRAP(ssize_t, pwrite, -1, (int fd, const void* from, size_t size, off_t offset),
     (fd, from, size, offset))
WRAP(off_t, lseek, -1, (int fd, off_t offset, int whence), (fd, offset, whence))
WRAP(int, fstat, -1, (int fd, struct stat* out), (fd, out))
WRAP(int, open, -1, (const char* path, int flags, mode_t mode), (path, flags, mode))
WRAP(ssize_t, read, -1, (int fd, void* to, size_t size), (fd, to, size))
WRAP(FILE*, fopen, nullptr, (const char* path, const char* mode), (path, mode))
WRAP(ssize_t, getrandom, -1, (void* to, size_t size, unsigned flags), (to, size, flags))
WRAP(int, getrlimit, -1, (__rlimit_resource_t which, rlimit* out), (which, out))
WRAP_RETURNING(pthread_create,
               (pthread_t * thread, const pthread_attr_t* attributes, void* (*main)(void*),
                void* argument),
               (thread, attributes, main, argument))
WRAP_RETURNING(pthread_attr_init, (pthread_attr_t * attributes), (attributes))
WRAP_RETURNING(pthread_getcpuclockid, (pthread_t thread, clockid_t* clock), (thread, clock))
WRAP_RETURNING(pthread_getname_np, (pthread_t thread, char* name, size_t size),
               (thread, name, size))
WRAP(int, sigaction, -1, (int signo, const struct sigaction* action, struct sigaction* before),
     (signo, action, before))
WRAP(int, sigtimedwait, -1, (const sigset_t* set, siginfo_t* info, const timespec* timeout),
     (set, info, timeout))
WRAP(int, tgkill, -1, (pid_t process, pid_t thread, int signo), (process, thread, signo))
WRAP(int, timer_create, -1, (clockid_t clock, sigevent* event, timer_t* timer),
     (clock, event, timer))
WRAP(int, timer_settime, -1,
     (timer_t timer, int flags, const itimerspec* value, itimerspec* before),
     (timer, flags, value, before))
WRAP_RETURNING(clock_nanosleep, (clockid_t clock, int flags, const timespec* time, timespec* left),
               (clock, flags, time, left))

extern "C" void* __real_mmap(void* start, size_t size, int protection, int flags, int fd,
                             off_t offset);
extern "C" void* __wrap_mmap(void* start, size_t size, int protection, int flags, int fd,
                             off_t offset) {
  if (const int error = plan.Ask(zircon::faults::kHost_mmap)) {
    errno = error;
    return MAP_FAILED;
  }
  void* const mapped = __real_mmap(start, size, protection, flags, fd, offset);
  if (mapped != MAP_FAILED) zircon::faults::refused_unmaps.Done(mapped, size);
  return mapped;
}

extern "C" int __real_munmap(void* start, size_t size);
extern "C" int __wrap_munmap(void* start, size_t size) {
  if (const int error = plan.Ask(zircon::faults::kHost_munmap)) {
    zircon::faults::refused_unmaps.Refuse(start, size);
    errno = error;
    return -1;
  }
  zircon::faults::refused_unmaps.Done(start, size);
  return __real_munmap(start, size);
}

extern "C" int __real_close(int fd);
extern "C" int __wrap_close(int fd) {
  const int error = plan.Ask(zircon::faults::kHost_close);
  // Linux lets go of the descriptor, whatever it says.
  const int result = __real_close(fd);
  if (error == 0) return result;
  errno = error;
  return -1;
}

extern "C" long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
extern "C" long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f) {
  int error = 0;
  if (number == SYS_futex) {
    const long op = b & FUTEX_CMD_MASK;
    if (op == FUTEX_WAIT_BITSET) error = plan.Ask(zircon::faults::kHost_futex_wait);
    if (op == FUTEX_WAKE_OP) error = plan.Ask(zircon::faults::kHost_probe);
  } else if (number == SYS_rt_sigprocmask) {
    error = plan.Ask(zircon::faults::kHost_probe);
  }
  if (error == 0) return __real_syscall(number, a, b, c, d, e, f);
  errno = error;
  return -1;
}
