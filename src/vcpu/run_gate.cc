#include "vcpu/run_gate.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "base/futex.h"
#include "base/log.h"
#include "vcpu/kick_signal.h"

namespace zircon::vcpu {
namespace {

void SleepBriefly() {
  constexpr timespec kTime = {.tv_sec = 0, .tv_nsec = 200'000};
  nanosleep(&kTime, nullptr);
}

// Some VCPU could not be signalled at once.
std::atomic<bool> g_queue_was_full{false};

// By an owner: who kicks may be a signal handler, where no line can be logged.
void TellOfFullQueue() {
  static std::atomic<bool> told{false};
  // relaxed, both: the flags guard nothing but the line.
  if (!g_queue_was_full.load(std::memory_order_relaxed)) return;
  if (told.exchange(true, std::memory_order_relaxed)) return;
  LOG_WARN(
      "a VCPU cannot be signalled: this user has as many signals queued as RLIMIT_SIGPENDING "
      "permits; trying until there is room");
}

}  // namespace

uint32_t RunGate::BeginWithNews() {
  for (;;) {
    // A new turn may be signalled again. Before the requests are read: whoever still sees `true`
    // set its request before this.
    if (signalled_.load(std::memory_order_relaxed)) {
      signalled_.exchange(false, std::memory_order_seq_cst);
      left_over_ = true;
    }
    SetRunning();
    const uint32_t requests = requests_.load(std::memory_order_seq_cst);
    if ((requests & (kRequestPark | kRequestTables)) == 0) return requests;
    tables_changed_ = true;
    if ((requests & kRequestPark) == 0) {
      // The change is over. Looked at again, because who began another before this waits for us,
      // and its note is taken away too.
      Take(kRequestTables);
      continue;
    }
    SetState(kOutside);
    uint32_t now = requests_.load(std::memory_order_seq_cst);
    while ((now & kRequestPark) != 0) {
      base::FutexWait(requests_, now, base::kForever);
      now = requests_.load(std::memory_order_seq_cst);
    }
  }
}

void RunGate::WakeParker() { base::FutexWakeAll(state_); }

void RunGate::Sleep(int64_t deadline, uint32_t ignored) {
  SetState(kSleeping);
  const uint32_t now = requests_.load(std::memory_order_seq_cst);
  if ((now & ~ignored) == 0) base::FutexWait(requests_, now, deadline);
  SetState(kOutside);
}

void RunGate::AwaitSenders() {
  // A sender needs a system call's time; longer where it has been preempted, by this thread
  // perhaps.
  constexpr int kSpins = 1000;
  for (int i = 0; senders_.load(std::memory_order_seq_cst) != 0; ++i) {
    if (i < kSpins) {
      __builtin_ia32_pause();
    } else {
      SleepBriefly();
    }
  }
  if (!left_over_ && !signalled_.load(std::memory_order_relaxed)) return;
  KickSignal::Drain();
  left_over_ = false;
  signalled_.store(false, std::memory_order_relaxed);  // nobody sends to a VCPU that is outside
  TellOfFullQueue();
}

void RunGate::TakeSignals() {
  // Then this turn's signal has been sent, and there will be no other.
  if (!signalled_.load(std::memory_order_seq_cst) ||
      senders_.load(std::memory_order_seq_cst) != 0) {
    return;
  }
  // It may be on its way to us still, where another ended the run.
  KickSignal::Drain();
  signalled_.store(false, std::memory_order_seq_cst);
  left_over_ = false;
}

void RunGate::Post(uint32_t requests) {
  requests_.fetch_or(requests, std::memory_order_seq_cst);
  switch (state_.load(std::memory_order_seq_cst)) {
    case kRunning:
      SendSignal();
      break;
    case kSleeping:
      base::FutexWakeAll(requests_);
      break;
    default:
      break;
  }
}

void RunGate::SendSignal() {
  senders_.fetch_add(1, std::memory_order_seq_cst);
  // Announced; now the owner cannot leave before this is over. It may have left a moment ago.
  if (state_.load(std::memory_order_seq_cst) == kRunning &&
      !signalled_.exchange(true, std::memory_order_seq_cst)) {
    // EAGAIN: this user's processes have as many signals queued as they may (RLIMIT_SIGPENDING).
    // The VCPU has to be stopped all the same: until there is room, or it stops by itself.
    while (tgkill(getpid(), owner_tid_, KickSignal::number()) != 0 && errno == EAGAIN &&
           state_.load(std::memory_order_seq_cst) == kRunning) {
      // relaxed: see TellOfFullQueue().
      g_queue_was_full.store(true, std::memory_order_relaxed);
      // A handler that has interrupted the owner itself: nothing goes on before it returns.
      if (KickSignal::EndOwnRun(owner_tid_)) break;
      SleepBriefly();
    }
  }
  senders_.fetch_sub(1, std::memory_order_seq_cst);
}

void RunGate::AwaitParked() {
  while (state_.load(std::memory_order_seq_cst) == kRunning) {
    base::FutexWait(state_, kRunning, base::kForever);
  }
}

void RunGate::Hold(bool held) {
  if (held) {
    Post(kRequestHold);
  } else {
    Take(kRequestHold);
  }
}

void RunGate::Unpark() {
  Take(kRequestPark);
  base::FutexWakeAll(requests_);
}

}  // namespace zircon::vcpu
