#include "faults/witness.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <initializer_list>

namespace zircon::faults {
namespace {

void OnDeath(int signo) {
  // The handler is gone: the next one is the end.
  witness.Tell(signo == SIGALRM ? "it does not end" : strsignal(signo));
  if (signo == SIGALRM) {
    signal(SIGABRT, SIG_DFL);
    raise(SIGABRT);
  }
}

}  // namespace

Witness witness;

void Witness::Install() {
  static bool installed = false;
  if (installed) return;
  installed = true;
  struct sigaction action = {};
  action.sa_handler = OnDeath;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  for (const int signo : {SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGPIPE, SIGXFSZ}) {
    // A sanitizer may have one already, and tells more.
    struct sigaction before;
    if (sigaction(signo, nullptr, &before) == 0 && before.sa_handler == SIG_DFL) {
      sigaction(signo, &action, nullptr);
    }
  }
}

void Witness::Begin(const char* scenario, size_t point, const char* failing, int error,
                    bool for_good, unsigned seconds) {
  Install();
  scenario_ = scenario;
  point_ = point;
  failing_ = failing;
  error_ = error;
  for_good_ = for_good;
  alarm(seconds);
}

void Witness::End() {
  alarm(0);
  scenario_ = nullptr;
}

void Witness::Tell(const char* what) const {
  if (scenario_ == nullptr) return;
  char line[512];
  const int length = std::snprintf(
      line, sizeof(line), "%s: call %zu, %s, fails with %s%s; in %s: %s\n", scenario_, point_,
      failing_, strerrorname_np(error_), for_good_ ? " for good" : " once", call_, what);
  if (length > 0) (void)!write(fd_, line, static_cast<size_t>(length));
}

}  // namespace zircon::faults
