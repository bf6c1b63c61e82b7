#include "vcpu/kick_signal.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include <zircon/errors.h>

#include <atomic>
#include <cerrno>
#include <ctime>

#include "base/log.h"
#include "base/mutex.h"

namespace zircon::vcpu {

constinit thread_local internal::KickState internal::t_kick;

namespace {

base::Mutex g_mutex;
// 0: not chosen. Written under the mutex; read anywhere.
std::atomic<int> g_signal{0};
bool g_installed ABSL_GUARDED_BY(g_mutex) = false;

// Whether Attach() has opened the signal, so that Detach() closes it again.
thread_local constinit bool t_opened_by_us = false;

void EndRun() {
  volatile uint8_t* const immediate_exit = internal::t_kick.immediate_exit;
  if (immediate_exit != nullptr) {
    *immediate_exit = 1;
  } else {
    internal::t_kick.came_outside = true;
  }
}

void OnKick(int /*signo*/, siginfo_t* info, void* /*context*/) {
  if (info->si_code == SI_TKILL) internal::t_kick.came = true;
  EndRun();
}

bool AtDefault(int signo) {
  struct sigaction action = {};
  if (sigaction(signo, nullptr, &action) != 0) return false;
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_DFL;
}

bool IsRealTime(int signo) { return signo >= SIGRTMIN && signo <= SIGRTMAX; }

sigset_t KickSet() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, g_signal.load(std::memory_order_relaxed));
  return set;
}

}  // namespace

int KickSignal::number() { return g_signal.load(std::memory_order_acquire); }

zx_status_t KickSignal::Choose(int signo) {
  base::MutexLock lock(g_mutex);
  if (!IsRealTime(signo)) return ZX_ERR_INVALID_ARGS;
  if (g_installed) return ZX_ERR_BAD_STATE;
  if (!AtDefault(signo)) return ZX_ERR_ALREADY_BOUND;
  g_signal.store(signo, std::memory_order_release);
  return ZX_OK;
}

zx_status_t KickSignal::Prepare() {
  base::MutexLock lock(g_mutex);
  if (g_installed) return ZX_OK;
  int signo = g_signal.load(std::memory_order_relaxed);
  if (signo != 0 && !AtDefault(signo)) {
    LOG_WARN("signal {} was chosen for kicks, but the program handles it now", signo);
    return ZX_ERR_NO_RESOURCES;
  }
  for (int candidate = SIGRTMAX; signo == 0 && candidate >= SIGRTMIN; --candidate) {
    if (AtDefault(candidate)) signo = candidate;
  }
  if (signo == 0) {
    LOG_WARN(
        "no VCPU can be created: the program handles every real-time signal, and a kick needs "
        "one");
    return ZX_ERR_NO_RESOURCES;
  }
  struct sigaction action = {};
  action.sa_sigaction = OnKick;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  if (sigaction(signo, &action, nullptr) != 0) return ZX_ERR_INTERNAL;
  g_signal.store(signo, std::memory_order_release);
  g_installed = true;
  return ZX_OK;
}

bool KickSignal::EndOwnRun(pid_t owner) {
  if (gettid() != owner) return false;
  EndRun();
  return true;
}

void KickSignal::Attach() {
  internal::t_kick.came = false;
  const sigset_t kick = KickSet();
  sigset_t before;
  pthread_sigmask(SIG_UNBLOCK, &kick, &before);
  if (sigismember(&before, number()) == 1) t_opened_by_us = true;
}

void KickSignal::Detach() {
  Drain();
  if (!t_opened_by_us) return;
  t_opened_by_us = false;
  const sigset_t kick = KickSet();
  pthread_sigmask(SIG_BLOCK, &kick, nullptr);
}

bool KickSignal::Drain() {
  const sigset_t kick = KickSet();
  const timespec no_time = {};
  bool any = false;
  for (;;) {
    if (sigtimedwait(&kick, nullptr, &no_time) > 0) {
      any = true;
      EndRun();
    } else if (errno != EINTR) {  // EINTR: another signal's handler ran; ours may still be there
      internal::t_kick.came = false;
      return any;
    }
  }
}

}  // namespace zircon::vcpu
