#include "host/signals.h"

#include <pthread.h>
#include <stdlib.h>

#include <utility>

#include "exit_status.h"
#include "host/start_thread.h"

namespace zvmm {
namespace {

bool IsIgnored(int number) {
  struct sigaction action = {};
  return sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

sigset_t Only(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  return set;
}

// The default action, here and now. Comes back when the process goes on, or if it has none that
// stops or ends it.
void TakeDefault(int number) {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  const sigset_t set = Only(number);
  sigset_t before;
  if (sigaction(number, &action, nullptr) == 0 &&
      pthread_sigmask(SIG_UNBLOCK, &set, &before) == 0) {
    raise(number);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
}

}  // namespace

Signals::Signals(bool with_report) {
  sigemptyset(&set_);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) {
    // Blocked, an ignored signal would be taken all the same.
    if (!IsIgnored(number)) {
      sigaddset(&set_, number);
    }
  }
  sigaddset(&set_, SIGCONT);
  if (with_report) {
    sigaddset(&set_, SIGUSR1);
  }
  // Fails only for a first argument that is unknown.
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

Signals::~Signals() {
  if (!thread_.joinable()) {
    return;
  }
  stopped_ = true;
  // One that the thread waits for. It is there, so it can be sent one.
  static_cast<void>(pthread_kill(thread_.native_handle(), SIGCONT));
  thread_.join();
}

absl::Status Signals::Start() {
  auto thread = StartThread("signals", [this] { Main(); });
  if (!thread.ok()) {
    return thread.status();
  }
  thread_ = *std::move(thread);
  return absl::OkStatus();
}

void Signals::SetActions(Actions actions) {
  std::lock_guard lock(mutex_);
  actions_ = std::move(actions);
}

void Signals::Main() {
  while (true) {
    int number = 0;
    if (sigwait(&set_, &number) != 0) {
      continue;  // Not with this set.
    }
    if (stopped_) {
      return;
    }
    Take(number);
  }
}

void Signals::Take(int number) {
  std::lock_guard lock(mutex_);
  switch (number) {
    case SIGTSTP:
      actions_.suspend();
      TakeDefault(SIGTSTP);
      actions_.resume();
      break;
    case SIGCONT:
      actions_.resume();
      break;
    case SIGUSR1:
      actions_.report();
      break;
    default:
      actions_.end(number);
      break;
  }
}

void IgnoreSignalsOfWrites() {
  for (const int number : {SIGPIPE, SIGXFSZ}) {
    struct sigaction action = {};
    action.sa_handler = SIG_IGN;
    // Fails only for a number that is none.
    static_cast<void>(sigaction(number, &action, nullptr));
  }
}

void DieBySignal(int number) {
  TakeDefault(number);
  _exit(kExitSignalBase + number);
}

}  // namespace zvmm
