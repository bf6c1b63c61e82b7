#include "host/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>
#include <zircon-kvm/host.h>

#include <atomic>

namespace zvmm {
namespace {

// For the signal handler, which can only reach what is global. The mode is that of the terminal
// g_raw_fd, written while that is -1.
struct termios g_saved_mode;
std::atomic<int> g_raw_fd{-1};

// Another program's, if not: the shell has taken it back, and a change would disturb that, or stop
// this process. Also true of a terminal that nobody controls.
bool InForeground(int fd) {
  const pid_t group = tcgetpgrp(fd);
  return group == getpgrp() || (group < 0 && errno == ENOTTY);
}

void Restore() {
  const int error = errno;
  if (const int fd = g_raw_fd.exchange(-1); fd >= 0 && InForeground(fd)) {
    // TCSADRAIN would wait for output that may never go out. There is nobody to tell of a failure.
    static_cast<void>(tcsetattr(fd, TCSANOW, &g_saved_mode));
  }
  errno = error;
}

void RestoreAndDie(int number) {
  Restore();
  // SA_RESETHAND has put the default action back: the program dies as it would have.
  raise(number);
}

bool EndsTheProcess(int number) {
  switch (number) {
    case SIGKILL:  // These two cannot be taken.
    case SIGSTOP:
    case SIGTSTP:  // These stop it,
    case SIGTTIN:
    case SIGTTOU:
    case SIGCONT:  // and these do nothing.
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
      return false;
    default:
      return true;
  }
}

void HandleDeadlySignals() {
  // The highest real-time signal that nobody uses is for the library's kicks.
  bool kick_signal_found = false;
  for (int number = SIGRTMAX; number > 0; --number) {
    struct sigaction action = {};
    if (!EndsTheProcess(number) || sigaction(number, nullptr, &action) != 0 ||
        action.sa_handler != SIG_DFL) {
      continue;
    }
    if (!kick_signal_found && number >= SIGRTMIN) {
      kick_signal_found = true;
      continue;
    }
    action.sa_handler = RestoreAndDie;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
    // Those between the standard and the real-time ones are the C library's, and stay so.
    static_cast<void>(sigaction(number, &action, nullptr));
  }
}

}  // namespace

Terminal::Terminal(int fd) : fd_(fd), is_terminal_(isatty(fd) != 0) {
  if (is_terminal_) {
    HandleDeadlySignals();
    static_cast<void>(atexit(Restore));
  }
}

Terminal::~Terminal() { Close(); }

bool Terminal::IsRaw() { return g_raw_fd >= 0; }

bool Terminal::Enter() {
  std::lock_guard lock(mutex_);
  return EnterLocked();
}

bool Terminal::EnterLocked() {
  if (!is_terminal_) {
    return true;
  }
  if (suspended_ || closed_) {
    return false;
  }
  if (!InForeground(fd_)) {
    g_raw_fd = -1;
    return false;
  }
  if (g_raw_fd < 0 && tcgetattr(fd_, &g_saved_mode) == 0) {
    MakeRaw();
  }
  return true;
}

void Terminal::MakeRaw() {
  struct termios raw = g_saved_mode;
  cfmakeraw(&raw);
  g_raw_fd = fd_;
  if (tcsetattr(fd_, TCSANOW, &raw) != 0) {
    g_raw_fd = -1;  // A terminal that is gone: its reader will find out.
  }
}

void Terminal::Suspend() {
  std::lock_guard lock(mutex_);
  suspended_ = true;
  if (is_terminal_) {
    Restore();
  }
}

void Terminal::Resume() {
  std::lock_guard lock(mutex_);
  suspended_ = false;
  if (EnterLocked() && g_raw_fd >= 0) {
    // After a stop that could not be taken the shell has set its own mode.
    MakeRaw();
  }
}

void Terminal::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  if (is_terminal_) {
    Restore();
  }
}

}  // namespace zvmm
