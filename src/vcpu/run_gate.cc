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

RunGate::RunGate(pid_t owner_tid) : process_(getpid()), owner_tid_(owner_tid) {}

bool RunGate::OneHasCome(uint32_t signals) {
  return (signals & ~kSenders) == kSignalled && KickSignal::has_arrived();
}

bool RunGate::TakeTheOne(uint32_t signals) {
  return OneHasCome(signals) && KickSignal::TakeArrival();
}

void RunGate::TakeWhatCame(uint32_t signals) {
  // A system call, where something else than the signal has ended the turn.
  if (!TakeTheOne(signals)) KickSignal::Drain();
}

uint32_t RunGate::BeginWithNews() {
  for (;;) {
    // A new turn may be signalled again. Before the requests are read: whoever still sees that this
    // one is set its request before this.
    const uint32_t signals = signals_.load(std::memory_order_relaxed);
    if ((signals & kSignalled) != 0) {
      if (!TakeTheOne(signals)) signals_.fetch_or(kLeftOver, std::memory_order_relaxed);
      signals_.fetch_and(~kSignalled, std::memory_order_seq_cst);
    }
    SetRunning();
    const uint32_t requests = requests_.load(std::memory_order_seq_cst);
    if ((requests & (kRequestPark | kRequestTables)) == 0) {
      return requests | (tables_changed_ ? kRequestTables : 0u);
    }
    tables_changed_ = true;
    if ((requests & kRequestPark) == 0) {
      // The change is over. Looked at again, because who began another before this waits for us,
      // and its note is taken away too.
      Take(kRequestTables);
      continue;
    }
    // In this order: whoever takes the park away after the look finds us parked.
    SetState(kParked);
    while ((requests_.load(std::memory_order_seq_cst) & kRequestPark) != 0) {
      base::FutexWait(state_, kParked, base::kForever);
      SetState(kParked);
    }
  }
}

void RunGate::WakeParker() { base::FutexWakeAll(state_); }

void RunGate::Sleep(int64_t deadline, uint32_t ignored) {
  // In this order: a request that comes after the look ends this state, and with it the sleep.
  SetState(kSleeping);
  if ((requests_.load(std::memory_order_seq_cst) & ~ignored) == 0) {
    base::FutexWait(state_, kSleeping, deadline);
  }
  SetState(kOutside);
}

void RunGate::FinishLeaving() {
  // Whoever has taken the park back since waits no longer.
  if ((requests_.load(std::memory_order_seq_cst) & kRequestPark) != 0) WakeParker();
  if (signals_.load(std::memory_order_seq_cst) == 0) return;
  AwaitSenders();
  TellOfFullQueue();
}

void RunGate::AwaitSenders() {
  // A sender needs a system call's time; longer where it has been preempted, by this thread
  // perhaps.
  constexpr int kSpins = 1000;
  uint32_t signals = signals_.load(std::memory_order_seq_cst);
  for (int i = 0; (signals & kSenders) != 0; ++i) {
    if (OneHasCome(signals)) return;
    if (i < kSpins) {
      __builtin_ia32_pause();
    } else {
      SleepBriefly();
    }
    signals = signals_.load(std::memory_order_seq_cst);
  }
  if (signals == 0) return;
  TakeWhatCame(signals);
  // relaxed: nobody sends to a VCPU that is outside.
  signals_.fetch_and(kSenders, std::memory_order_relaxed);
}

void RunGate::TakeSignals() {
  // Then this turn's signal has been sent, and there will be no other.
  const uint32_t signals = signals_.load(std::memory_order_seq_cst);
  if ((signals & kSignalled) == 0 || (signals & kSenders) != 0) return;
  // It may be on its way to us still, where another ended the run.
  TakeWhatCame(signals);
  signals_.fetch_and(kSenders, std::memory_order_seq_cst);
}

void RunGate::Post(uint32_t requests) {
  requests_.fetch_or(requests, std::memory_order_seq_cst);
  switch (state_.load(std::memory_order_seq_cst)) {
    case kRunning:
      SendSignal();
      break;
    case kSleeping:
      EndSleep(kSleeping);
      break;
    default:
      break;
  }
}

void RunGate::EndSleep(State state) {
  uint32_t seen = state;
  // All: who waits for the VCPU to be parked may wait at the same word.
  if (state_.compare_exchange_strong(seen, kOutside, std::memory_order_seq_cst)) {
    base::FutexWakeAll(state_);
  }
}

void RunGate::SendSignal() {
  signals_.fetch_add(1, std::memory_order_seq_cst);
  // Announced; now the owner cannot leave before this is over. It may have left a moment ago.
  if (state_.load(std::memory_order_seq_cst) == kRunning &&
      (signals_.fetch_or(kSignalled, std::memory_order_seq_cst) & kSignalled) == 0) {
    // EAGAIN: this user's processes have as many signals queued as they may (RLIMIT_SIGPENDING).
    // The VCPU has to be stopped all the same: until there is room, or it stops by itself.
    while (tgkill(process_, owner_tid_, KickSignal::number()) != 0 && errno == EAGAIN &&
           state_.load(std::memory_order_seq_cst) == kRunning) {
      // relaxed: see TellOfFullQueue().
      g_queue_was_full.store(true, std::memory_order_relaxed);
      // A handler that has interrupted the owner itself: nothing goes on before it returns.
      if (KickSignal::EndOwnRun(owner_tid_)) break;
      SleepBriefly();
    }
  }
  signals_.fetch_sub(1, std::memory_order_seq_cst);
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
  EndSleep(kParked);
}

}  // namespace zircon::vcpu
