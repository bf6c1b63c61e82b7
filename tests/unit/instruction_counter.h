// How many instructions this thread executes in user mode for a piece of work: counted one by one,
// by the processor's trap flag, so that a test can compare costs and not times. Each takes a signal
// (SIGTRAP), so pieces should be small; the work may make system calls, but must not block signals.
//
//   const uint64_t few = InstructionsOf([&] { tree.Insert(item); });
//
// Thread safety: one thread of a process at a time.

#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <ucontext.h>

#include <cstdint>

#include "absl/functional/function_ref.h"

namespace zircon {

class InstructionCounter {
 public:
  static uint64_t Count(absl::FunctionRef<void()> work) {
    struct sigaction before {};
    struct sigaction step {};
    step.sa_sigaction = &OnStep;
    step.sa_flags = SA_SIGINFO;
    EXPECT_EQ(sigaction(SIGTRAP, &step, &before), 0);
    counted_ = 0;
    stop_ = false;
    // Past the bytes below the stack pointer, which are the compiler's to use.
    asm volatile(
        "lea -128(%%rsp), %%rsp\n\t"
        "pushfq\n\t"
        "orq $0x100, (%%rsp)\n\t"
        "popfq\n\t"
        "lea 128(%%rsp), %%rsp" ::
            : "cc", "memory");
    work();
    stop_ = true;
    asm volatile("" ::: "memory");
    EXPECT_EQ(sigaction(SIGTRAP, &before, nullptr), 0);
    return counted_;
  }

 private:
  static void OnStep(int, siginfo_t*, void* context) {
    constexpr greg_t kTrapFlag = 0x100;
    if (stop_) {
      static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
    } else {
      counted_ = counted_ + 1;
    }
  }

  static inline volatile uint64_t counted_ = 0;
  static inline volatile bool stop_ = false;
};

inline uint64_t InstructionsOf(absl::FunctionRef<void()> work) {
  return InstructionCounter::Count(work);
}

}  // namespace zircon
