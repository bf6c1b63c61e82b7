#include "terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>

namespace zvmm {
namespace {

// For the signal handler, which can only reach what is global.
struct termios g_saved_mode;
std::atomic<int> g_raw_fd{-1};

void Restore() {
  if (const int fd = g_raw_fd.exchange(-1); fd >= 0) {
    // TCSADRAIN would wait for output that may never go out.
    tcsetattr(fd, TCSANOW, &g_saved_mode);
  }
}

constexpr int kDeadlySignals[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS};

void RestoreAndDie(int signal_number) {
  Restore();
  // SA_RESETHAND has put the default action back: the program dies as it would have.
  raise(signal_number);
}

}  // namespace

RawTerminal::RawTerminal(int fd) {
  if (!isatty(fd) || tcgetattr(fd, &g_saved_mode) != 0) {
    return;
  }
  for (const int signal_number : kDeadlySignals) {
    struct sigaction action = {};
    action.sa_handler = RestoreAndDie;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
    sigaction(signal_number, &action, nullptr);
  }
  [[maybe_unused]] static const int registered = atexit(Restore);

  struct termios raw = g_saved_mode;
  cfmakeraw(&raw);
  g_raw_fd = fd;
  active_ = tcsetattr(fd, TCSANOW, &raw) == 0;
  if (!active_) {
    g_raw_fd = -1;
  }
}

RawTerminal::~RawTerminal() { Restore(); }

}  // namespace zvmm
