// Signals kept from this thread for the length of a system call.
//
// Thread safety: a value of the thread that made it.

#pragma once

#include <signal.h>

#include <cerrno>
#include <ctime>

namespace zircon::objects {

// No signal is delivered; those that come wait until it goes.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_;
};

// SIGXFSZ, which the kernel sends to a thread that would make a file larger than it may be, is not
// delivered, nor left pending.
class NoFileSizeSignal {
 public:
  NoFileSizeSignal() {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &signal_, &before_);
    if (sigismember(&before_, SIGXFSZ) != 0) {
      // The program blocks it, and one that it has waiting stays.
      sigset_t pending;
      sigemptyset(&pending);
      sigpending(&pending);
      waits_ = sigismember(&pending, SIGXFSZ) != 0;
    }
  }
  ~NoFileSizeSignal() {
    if (sent_ && !waits_) {
      constexpr timespec kNow = {.tv_sec = 0, .tv_nsec = 0};
      while (sigtimedwait(&signal_, nullptr, &kNow) < 0 && errno == EINTR) {
      }
    }
    if (sigismember(&before_, SIGXFSZ) == 0) pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoFileSizeSignal(const NoFileSizeSignal&) = delete;
  NoFileSizeSignal& operator=(const NoFileSizeSignal&) = delete;

  // The call failed with EFBIG, so the signal has come.
  void MarkSent() { sent_ = true; }

 private:
  sigset_t signal_;
  sigset_t before_;
  bool waits_ = false;
  bool sent_ = false;
};

}  // namespace zircon::objects
