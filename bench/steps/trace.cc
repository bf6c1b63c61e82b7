#include "steps/trace.h"

#include <alloca.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

#include "guest_memory.h"

namespace bench {
namespace {

constexpr int kWarmUp = 300;

// The traced child stops here before and behind what is looked at.
void Mark() { asm volatile("int3" ::: "memory"); }

constexpr uintptr_t kPageSize = 4096;

[[noreturn]] void Child(const Operation& operation) {
  Must(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0, "PTRACE_TRACEME");
  // The stack begins with a page, however much the environment takes of it.
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  void* const rest = alloca(here % kPageSize);
  asm volatile("" ::"r"(rest) : "memory");
  const std::function<void()> once = operation.make();
  for (int i = 0; i < kWarmUp; ++i) once();
  Mark();
  once();
  Mark();
  _exit(0);
}

// Waits for the next stop; other signals than the trap's go to the child.
void AwaitTrap(pid_t child) {
  for (;;) {
    int status = 0;
    Must(waitpid(child, &status, 0) == child, "waitpid");
    Must(WIFSTOPPED(status), "the traced child ends");
    if (WSTOPSIG(status) == SIGTRAP) return;
    Must(ptrace(PTRACE_CONT, child, nullptr, WSTOPSIG(status)) == 0, "PTRACE_CONT");
  }
}

}  // namespace

Touched Trace(const Operation& operation, const LibraryImage& library) {
  const pid_t child = fork();
  Must(child >= 0, "fork");
  if (child == 0) Child(operation);
  AwaitTrap(child);
  Touched touched(library);
  for (;;) {
    user_regs_struct regs;
    Must(ptrace(PTRACE_GETREGS, child, nullptr, &regs) == 0, "PTRACE_GETREGS");
    // The child's code is where ours is.
    const auto* code = reinterpret_cast<const uint8_t*>(regs.rip);
    constexpr uint8_t kMark = 0xCC;
    if (*code == kMark) break;
    touched.Step(regs, code);
    Must(ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) == 0, "PTRACE_SINGLESTEP");
    AwaitTrap(child);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return touched;
}

}  // namespace bench
