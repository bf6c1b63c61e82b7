// Two threads, one between any two instructions of the other: what a race needs, made on purpose
// and one place after the other, without a line in the sources that are tested.
//
//   const int places = AtEachInstruction({
//       .prepare = [&](pid_t other) { gate.emplace(other); },
//       .mine = [&] { gate->Post(kRequestKick); },
//       .theirs = [&] { requests = gate->Begin(); },
//       .check = [&] { ... },
//   });
//
// `mine` runs on this thread once for each of its instructions, with the processor's trap flag.
// There it stops until `theirs`, on the other thread, has ended or sleeps in the kernel, for a lock
// say. If `mine` goes to sleep, `theirs` begins then. A wake that gets lost makes a test hang.
//
// What it does not see: orders of memory, since a thread that stops has stored all that it has
// stored. For these there is LockedInstructionsOf().
//
// Thread safety: one thread of a process at a time.

#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>
#include <thread>

#include "absl/functional/function_ref.h"
#include "asleep.h"
#include "sanitizers.h"
#include "unit/stepping.h"

// In a test, before AtEachInstruction().
#define NEEDS_SINGLE_STEPS() \
  SKIP_UNDER_THREAD_SANITIZER("its runtime does not survive single steps at all times")

namespace zircon {

// StateOfThread(), for a signal handler.
class ThreadState {
 public:
  explicit ThreadState(pid_t tid)
      : fd_(open(("/proc/self/task/" + std::to_string(tid) + "/stat").c_str(),
                 O_RDONLY | O_CLOEXEC)) {
    EXPECT_GE(fd_, 0);
  }
  ~ThreadState() { close(fd_); }
  ThreadState(const ThreadState&) = delete;
  ThreadState& operator=(const ThreadState&) = delete;

  bool asleep() const {
    char text[256];
    const ssize_t size = pread(fd_, text, sizeof(text) - 1, 0);
    if (size <= 0) return false;
    text[size] = '\0';
    const char* const name_end = std::strrchr(text, ')');
    return name_end != nullptr && name_end[1] == ' ' && name_end[2] == 'S';
  }

 private:
  const int fd_;
};

// Between two looks at what another thread does; the machine may have few processors.
inline void LetOthersRun() {
  constexpr timespec kTime = {.tv_sec = 0, .tv_nsec = 10'000};
  nanosleep(&kTime, nullptr);
}

struct Interleaving {
  // Before each round, on this thread; `other` is the thread of `theirs`.
  std::function<void(pid_t other)> prepare;
  std::function<void()> mine;
  std::function<void()> theirs;
  // On the other thread, when both are over.
  std::function<void()> theirs_afterwards = [] {};
  // On this thread, when the other has ended.
  std::function<void()> check;
  // Each how many instructions, where they are many.
  uint64_t stride = 1;
  // Only between the Stepping::Start() and Stop() of `mine`.
  bool partly = false;
};

// Gives the number of places.
inline int AtEachInstruction(const Interleaving& steps) {
  const pid_t this_thread = ThisThread();
  const ThreadState this_state(this_thread);
  int places = 0;
  for (bool reached = true; reached && !testing::Test::HasFailure();) {
    std::atomic<pid_t> tid{0};
    std::atomic<bool> begun{false};
    std::atomic<bool> stopped{false};
    std::atomic<bool> theirs_begun{false};
    std::atomic<bool> theirs_over{false};
    std::atomic<bool> mine_over{false};
    std::thread other([&] {
      tid = ThisThread();
      while (!stopped && !mine_over && !(begun && this_state.asleep())) LetOthersRun();
      theirs_begun = true;
      steps.theirs();
      theirs_over = true;
      while (!mine_over) LetOthersRun();
      steps.theirs_afterwards();
    });
    while (tid == 0) LetOthersRun();
    steps.prepare(tid);
    const ThreadState other_state(tid);
    const uint64_t at = static_cast<uint64_t>(places) * steps.stride;
    uint64_t count = 0;
    reached = false;
    begun = true;
    const auto on_step = [&](const uint8_t*) {
      if (count++ != at) return true;
      reached = true;
      stopped = true;
      while (!theirs_over && !(theirs_begun && other_state.asleep())) LetOthersRun();
      return false;
    };
    if (steps.partly) {
      Stepping::RunPartly(steps.mine, on_step);
    } else {
      Stepping::Run(steps.mine, on_step);
    }
    mine_over = true;
    other.join();
    steps.check();
    if (reached) ++places;
  }
  return places;
}

// How many instructions of the work are atomic for other processors too, and so no store before one
// is seen after a load behind it: with a LOCK prefix, XCHG with memory, MFENCE.
inline int LockedInstructionsOf(absl::FunctionRef<void()> work) {
  int locked = 0;
  Stepping::Run(work, [&](const uint8_t* at) {
    const bool mfence = at[0] == 0x0F && at[1] == 0xAE && at[2] == 0xF0;
    bool found = mfence;
    // Prefixes of a width, LOCK, and a REX prefix.
    while (*at == 0x66 || *at == 0xF0) found = *at++ == 0xF0 || found;
    if ((*at & 0xF0) == 0x40) ++at;
    found = found || ((at[0] == 0x86 || at[0] == 0x87) && (at[1] & 0xC0) != 0xC0);
    if (found) ++locked;
    return true;
  });
  return locked;
}

}  // namespace zircon
