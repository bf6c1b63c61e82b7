// The signal that takes a thread out of KVM_RUN, and how it stays harmless everywhere else.
//
// One real-time signal of the process, chosen when the first VCPU is created (or before, by the
// program): it must be at SIG_DFL then. In a thread that owns a VCPU it is open. Its handler sets
// the VCPU's immediate_exit, which ends a KVM_RUN that has not begun; one that has begun ends by
// the signal itself. So whoever clears the byte and then looks at what the signal may be about, in
// this order, misses nothing. Where the thread is in no enter the handler leaves a note for the
// next one: it may have been the timer.
//
// Thread safety: as each function says.

#pragma once

#include <sys/types.h>
#include <zircon/types.h>

#include <cstdint>

namespace zircon::vcpu {

namespace internal {

// What the handler sets: the byte of the enter that the thread is in, or else the note; and that it
// has come, if a thread has sent it: a timer's is nobody's. Of the initial-exec model: an access is
// one instruction, in the shared library and in a signal handler too.
struct KickState {
  volatile uint8_t* volatile immediate_exit = nullptr;
  volatile bool came_outside = false;
  volatile bool came = false;
};
extern constinit thread_local KickState t_kick __attribute__((tls_model("initial-exec")));

}  // namespace internal

class KickSignal {
 public:
  // Chooses, unless that has been done, and installs the handler. ZX_ERR_NO_RESOURCES when every
  // real-time signal is used by the program. Any thread.
  [[nodiscard]] static zx_status_t Prepare();
  // The program's choice, before the first VCPU. Any thread.
  [[nodiscard]] static zx_status_t Choose(int signo);
  // 0 when none is chosen yet. Any thread.
  static int number();

  // For the calling thread, when it comes to own a VCPU and when it gives it up.
  static void Attach();
  static void Detach();

  // The calling thread inside enter: what the handler sets.
  class Target {
   public:
    // Sets the byte itself where a signal came in no enter.
    explicit Target(volatile uint8_t* immediate_exit) : outer_(internal::t_kick.immediate_exit) {
      internal::t_kick.immediate_exit = immediate_exit;
      if (internal::t_kick.came_outside) [[unlikely]] {
        internal::t_kick.came_outside = false;
        *immediate_exit = 1;
      }
    }
    // Sets the byte of the enter that this one was in (in a signal handler of the program's): what
    // that one has looked at is old news.
    ~Target() {
      internal::t_kick.immediate_exit = outer_;
      if (outer_ != nullptr) [[unlikely]]
        *outer_ = 1;
    }
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;

   private:
    volatile uint8_t* const outer_;
  };

  // In the thread `owner`, which is inside enter and has been interrupted by a handler of the
  // program's that kicks: as if the signal had come. False in any other thread.
  static bool EndOwnRun(pid_t owner);

  // Whether one that was sent to the calling thread has come since this or Drain() was asked last.
  // While none is on its way: one that came during the call would be forgotten.
  static bool TakeArrival() {
    if (!internal::t_kick.came) return false;
    internal::t_kick.came = false;
    return true;
  }
  static bool has_arrived() { return internal::t_kick.came; }
  // Takes what is pending of it for the calling thread, as if the handler had run; says whether
  // anything was.
  static bool Drain();
};

}  // namespace zircon::vcpu
