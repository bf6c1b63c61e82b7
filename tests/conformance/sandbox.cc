#include "sandbox.h"

#include <signal.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
#include <zircon-kvm/seccomp.h>

#include <cstdio>

namespace conformance {
namespace {

// Of the tests and of GoogleTest: other processes, signals to them, files of /proc and of the
// probes. Requests to descriptors (ioctl) are the library's alone.
constexpr int kCalls[] = {
    SCMP_SYS(access),
    SCMP_SYS(alarm),
    SCMP_SYS(chdir),
    SCMP_SYS(clone),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(execve),
    SCMP_SYS(faccessat2),
    SCMP_SYS(fork),
    SCMP_SYS(getcwd),
    SCMP_SYS(getdents64),
    SCMP_SYS(getppid),
    SCMP_SYS(getpriority),
    SCMP_SYS(getuid),
    SCMP_SYS(kill),
    SCMP_SYS(mincore),
    SCMP_SYS(mmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(openat),
    SCMP_SYS(pipe2),
    SCMP_SYS(poll),
    SCMP_SYS(prctl),
    SCMP_SYS(prlimit64),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(rt_sigsuspend),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(setitimer),
    SCMP_SYS(setpgid),
    SCMP_SYS(setsid),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(arch_prctl),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(tkill),
    SCMP_SYS(uname),
    SCMP_SYS(vfork),
    SCMP_SYS(wait4),
    SCMP_SYS(waitid),
    SCMP_SYS(writev),
    SCMP_SYS(unlink),
    SCMP_SYS(pause),
};

void NameTheCall(int, siginfo_t* info, void* context) {
  const greg_t* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  char text[120];
  const int size =
      snprintf(text, sizeof(text), "not in the sandbox: system call %d(%#llx, %#llx, %#llx)\n",
               info->si_syscall, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX]);
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, static_cast<size_t>(size));
  _exit(1);
}

int Load() {
  scmp_filter_ctx const filter = seccomp_init(SCMP_ACT_TRAP);
  if (filter == nullptr) return -ENOMEM;
  int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
  if (error == 0) error = zircon_kvm_seccomp_allow(filter, ZIRCON_KVM_SECCOMP_EXECUTABLE);
  for (const int call : kCalls) {
    if (error == 0) error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 0, nullptr);
  }
  if (error == 0) error = seccomp_load(filter);
  seccomp_release(filter);
  return error;
}

}  // namespace

std::string EnterSandbox() {
  struct sigaction action = {};
  action.sa_sigaction = NameTheCall;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSYS, &action, nullptr);
  const int error = Load();
  return error == 0 ? "" : strerror(-error);
}

}  // namespace conformance
