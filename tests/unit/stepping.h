// Stepping: a piece of work, stopped before each of its instructions by the processor's trap flag.
// Each stop is a signal (SIGTRAP), so pieces should be small; the work may make system calls, but
// must not block signals.
//
// Thread safety: one thread of a process at a time.

#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <ucontext.h>

#include <cerrno>
#include <cstdint>

#include "absl/functional/function_ref.h"

namespace zircon {

// Runs work under the trap flag, and calls on_step(address of the next instruction) before each
// instruction, in a signal handler, until it says false.
class Stepping {
 public:
  static void Run(absl::FunctionRef<void()> work, absl::FunctionRef<bool(const uint8_t*)> on_step) {
    RunPartly(
        [&] {
          Start();
          work();
        },
        on_step);
  }
  // The same, of work that says by Start() and Stop() which part of it.
  static void RunPartly(absl::FunctionRef<void()> work,
                        absl::FunctionRef<bool(const uint8_t*)> on_step) {
    struct sigaction before {};
    struct sigaction step {};
    step.sa_sigaction = &OnStep;
    step.sa_flags = SA_SIGINFO;
    EXPECT_EQ(sigaction(SIGTRAP, &step, &before), 0);
    on_step_ = &on_step;
    work();
    on_step_ = nullptr;
    asm volatile("" ::: "memory");
    EXPECT_EQ(sigaction(SIGTRAP, &before, nullptr), 0);
  }

  // Past the bytes below the stack pointer, which are the compiler's to use.
  [[gnu::always_inline]] static void Start() {
    asm volatile(
        "lea -128(%%rsp), %%rsp\n\t"
        "pushfq\n\t"
        "orq $0x100, (%%rsp)\n\t"
        "popfq\n\t"
        "lea 128(%%rsp), %%rsp" ::
            : "cc", "memory");
  }
  [[gnu::always_inline]] static void Stop() {
    asm volatile(
        "lea -128(%%rsp), %%rsp\n\t"
        "pushfq\n\t"
        "andq $~0x100, (%%rsp)\n\t"
        "popfq\n\t"
        "lea 128(%%rsp), %%rsp" ::
            : "cc", "memory");
  }

 private:
  static void OnStep(int, siginfo_t*, void* context) {
    constexpr greg_t kTrapFlag = 0x100;
    const int error = errno;
    greg_t* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    absl::FunctionRef<bool(const uint8_t*)>* const on_step = on_step_;
    if (on_step == nullptr || !(*on_step)(reinterpret_cast<const uint8_t*>(registers[REG_RIP]))) {
      registers[REG_EFL] &= ~kTrapFlag;
    }
    errno = error;
  }

  static inline absl::FunctionRef<bool(const uint8_t*)>* volatile on_step_ = nullptr;
};

}  // namespace zircon
