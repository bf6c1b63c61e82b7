#include "vcpu/run_gate.h"

#include <signal.h>
#include <unistd.h>

#include "base/futex.h"
#include "vcpu/kick_signal.h"

namespace zircon::vcpu {

uint32_t RunGate::Begin() {
  for (;;) {
    // A new turn may be signalled again. Before the requests are read: whoever still sees `true`
    // set its request before this.
    if (signalled_.load(std::memory_order_relaxed)) {
      signalled_.exchange(false, std::memory_order_seq_cst);
    }
    if (state_.load(std::memory_order_relaxed) != kRunning) {
      state_.store(kRunning, std::memory_order_seq_cst);
    }
    const uint32_t requests = requests_.load(std::memory_order_seq_cst);
    if ((requests & kRequestPark) == 0) return requests;
    SetState(kOutside);
    uint32_t now = requests_.load(std::memory_order_seq_cst);
    while ((now & kRequestPark) != 0) {
      base::FutexWait(requests_, now, base::kForever);
      now = requests_.load(std::memory_order_seq_cst);
    }
  }
}

void RunGate::SetState(State state) {
  state_.store(state, std::memory_order_seq_cst);
  if ((requests_.load(std::memory_order_seq_cst) & kRequestPark) != 0) base::FutexWakeAll(state_);
}

void RunGate::Sleep(int64_t deadline, uint32_t ignored) {
  SetState(kSleeping);
  const uint32_t now = requests_.load(std::memory_order_seq_cst);
  if ((now & ~ignored) == 0) base::FutexWait(requests_, now, deadline);
  SetState(kOutside);
}

void RunGate::Leave() {
  SetState(kOutside);
  while (senders_.load(std::memory_order_seq_cst) != 0) __builtin_ia32_pause();
}

void RunGate::Post(Request request) {
  requests_.fetch_or(request, std::memory_order_seq_cst);
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
    tgkill(getpid(), owner_tid_, KickSignal::number());
  }
  senders_.fetch_sub(1, std::memory_order_seq_cst);
}

void RunGate::AwaitParked() {
  while (state_.load(std::memory_order_seq_cst) == kRunning) {
    base::FutexWait(state_, kRunning, base::kForever);
  }
}

void RunGate::Unpark() {
  Take(kRequestPark);
  base::FutexWakeAll(requests_);
}

}  // namespace zircon::vcpu
