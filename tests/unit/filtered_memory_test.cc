// A caller's pointers where a filter of system calls stands in the way, and memory that the kernel
// does not copy to. Rows: PTR-2, PTR-10.

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "contract.h"
#include "syscalls/user_memory.h"

namespace zircon::user {
namespace {

constexpr size_t kPage = 4096;
constexpr int kNoFilters = 99;

// What `body`, in a forked child, gives for an exit status; 1000 and the signal if one ends it.
int InChild(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

// Answers the kernel's copies with `action`, and the probes too if wanted.
bool Filter(uint32_t action, bool probes_too) {
  const uint32_t probes = probes_too ? action : SECCOMP_RET_ALLOW;
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_writev, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigprocmask, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 2, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, action),
      BPF_STMT(BPF_RET | BPF_K, probes),
  };
  sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(FilteredMemory, WithoutProbesPointersAreTakenAsTheyCome) {
  Shows("PTR-10");
  void* const nowhere = mmap(nullptr, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (const uint32_t error : {EPERM, ENOSYS}) {
    const int result = InChild([&] {
      if (!Filter(SECCOMP_RET_ERRNO | error, true)) return kNoFilters;
      if (!CanRead(nowhere, 8) || !CanWrite(nowhere, 8)) return 1;
      uint64_t good = 0;
      const uint64_t value = 5;
      if (CopyOut(&good, &value, sizeof(value)) != ZX_OK || good != 5) return 2;
      uint64_t seen = 0;
      if (CopyIn(&seen, &good, sizeof(seen)) != ZX_OK || seen != 5) return 3;
      return 0;
    });
    if (result == kNoFilters) GTEST_SKIP() << "no seccomp filters here";
    EXPECT_EQ(result, 0) << "errno " << error;
  }
  munmap(nowhere, kPage);
}

TEST(FilteredMemory, AFilterThatKillsTheCopiesKills) {
  for (const bool out : {false, true}) {
    const int result = InChild([&] {
      if (!Filter(SECCOMP_RET_KILL_PROCESS, false)) return kNoFilters;
      uint64_t one = 1;
      uint64_t two = 2;
      (void)(out ? CopyOut(&one, &two, sizeof(one)) : CopyIn(&one, &two, sizeof(one)));
      return 0;
    });
    if (result == kNoFilters) GTEST_SKIP() << "no seccomp filters here";
    EXPECT_EQ(result, 1000 + SIGSYS);
  }
}

TEST(FilteredMemory, ResultsCannotBeWrittenToSecretMemory) {
#if defined(SYS_memfd_secret)
  const int fd = static_cast<int>(syscall(SYS_memfd_secret, 0));
#else
  const int fd = static_cast<int>(syscall(447, 0));
#endif
  if (fd < 0) GTEST_SKIP() << "no memfd_secret here";
  ASSERT_EQ(ftruncate(fd, kPage), 0);
  void* const secret = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ASSERT_NE(secret, MAP_FAILED);
  *static_cast<volatile uint64_t*>(secret) = 1;
  const uint64_t value = 5;
  EXPECT_EQ(CopyOut(secret, &value, sizeof(value)), ZX_ERR_INVALID_ARGS);
  munmap(secret, kPage);
  close(fd);
}

}  // namespace
}  // namespace zircon::user
