// RunGate: who may have the VCPU run, and how others get it to stop. It holds the requests that
// reach a VCPU from other threads (kick, interrupt, park, room in a port, startup) and closes the
// gap between looking at them and entering the guest: no request can fall in between.
//
//   state      meaning                                  a request then
//   kOutside   the owner is not in the guest            is seen by the next Begin()
//   kRunning   in KVM_RUN, about to be, or handling     sends the kick signal, once per turn
//              an exit
//   kSleeping  halted, or waiting for room in a port    ends the state; who has, wakes the owner
//   kParked    waiting until slots or traps are         is seen by the next Begin(); Unpark() ends
//              changed                                  the state
//
// Owner: state := kRunning, then look at the requests. Requester: set the request, then look at the
// state. Both are sequentially consistent, so at least one sees the other. A signal that comes
// before KVM_RUN still ends it (vcpu/kick_signal.h).
//
// Ownership: the VCPU's. Thread safety: Begin, Sleep, Leave and Interrupted are the owner thread's;
// the rest from any thread.

#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <utility>

#include "guest/vcpu_set.h"

namespace zircon::vcpu {

enum Request : uint32_t {
  kRequestKick = 1u << 0,
  kRequestInterrupt = 1u << 1,  // something was added to the pending interrupts
  kRequestPark = 1u << 2,       // memory slots or traps are about to change
  kRequestRoom = 1u << 3,       // a port that was full has room, or died
  // The guest's slots are not what is mapped: GuestSpace::CatchUp() before the next run. It stays
  // until that has worked.
  kRequestHold = 1u << 4,
  kRequestTables = 1u << 5,   // slots or traps have changed, or may have
  kRequestStartup = 1u << 6,  // the guest has started a processor (guest/startup_queue.h)
};

class RunGate final : public guest::Parkable {
 public:
  explicit RunGate(pid_t owner_tid);
  pid_t owner_tid() const { return owner_tid_; }

  // ---- The owner thread ----

  // Begin(), where there is no news at all, so that it would give 0. False: nothing is decided.
  bool BeginPlainly() {
    if ((signals_.load(std::memory_order_relaxed) & kSignalled) != 0) [[unlikely]]
      return false;
    SetRunning();
    return requests_.load(std::memory_order_seq_cst) == 0;
  }
  // Begins a turn: when it returns the state is kRunning and no park is wanted. Gives the requests;
  // not 0 where TakeTablesChanged() has become true.
  uint32_t Begin() {
    if ((signals_.load(std::memory_order_relaxed) & kSignalled) == 0) [[likely]] {
      SetRunning();
      const uint32_t requests = requests_.load(std::memory_order_seq_cst);
      if ((requests & (kRequestPark | kRequestTables)) == 0) [[likely]]
        return requests;
    }
    return BeginWithNews();
  }
  // Whether slots or traps may have changed since this was asked last, up to the last Begin().
  bool TakeTablesChanged() { return std::exchange(tables_changed_, false); }
  // Takes requests away.
  void Take(uint32_t requests) { requests_.fetch_and(~requests, std::memory_order_seq_cst); }
  // Has the next turn look at them once more.
  void Remind(uint32_t requests) { requests_.fetch_or(requests, std::memory_order_seq_cst); }
  // Sleeps until there is a request that is not in `ignored`, or `deadline` (monotonic nanoseconds)
  // has passed; wakes without reason are possible. The next turn starts with Begin().
  void Sleep(int64_t deadline, uint32_t ignored);
  // In the middle of enter, for a while: others may find the VCPU parked. The next turn starts with
  // Begin().
  void StepOut() { SetState(kOutside); }
  // KVM_RUN came back because of a signal: if it was this turn's, there is nothing more to come.
  void TakeSignals();
  // The VCPU is back with the VMM. No signal is on its way to this thread when it returns, nor
  // pending in it.
  void Leave() {
    if (!LeavePlainly()) FinishLeaving();
  }
  // Leave() in two: the second only where the first gives false.
  [[nodiscard]] bool LeavePlainly() {
    state_.store(kOutside, std::memory_order_seq_cst);
    return (requests_.load(std::memory_order_seq_cst) & kRequestPark) == 0 &&
           signals_.load(std::memory_order_seq_cst) == 0;
  }
  void FinishLeaving();

  // ---- Any thread ----

  void Post(uint32_t requests);
  bool IsSet(Request request) const {
    return (requests_.load(std::memory_order_acquire) & request) != 0;
  }

  void RequestPark() override { Post(kRequestPark | kRequestTables); }
  void AwaitParked() override;
  void Unpark() override;
  void Hold(bool held) override;
  void AnnounceStartup() override { Post(kRequestStartup); }

 private:
  enum State : uint32_t { kOutside, kRunning, kSleeping, kParked };

  void SetRunning() {
    if (state_.load(std::memory_order_relaxed) != kRunning) {
      state_.store(kRunning, std::memory_order_seq_cst);
    }
  }
  void SetState(State state) {
    state_.store(state, std::memory_order_seq_cst);
    if ((requests_.load(std::memory_order_seq_cst) & kRequestPark) != 0) [[unlikely]]
      WakeParker();
  }
  void WakeParker();
  // The owner's sleep in a state is over. Whoever ends it wakes the owner.
  void EndSleep(State state);
  // Begin(), where this turn's signal has been sent or something has been changed.
  uint32_t BeginWithNews();
  // Where signals are on their way or have been.
  void AwaitSenders();
  // Of `signals`: this turn's has been sent and has come, and no other is about.
  static bool OneHasCome(uint32_t signals);
  // If so, that is taken note of.
  static bool TakeTheOne(uint32_t signals);
  // What was sent has come, or is taken.
  static void TakeWhatCame(uint32_t signals);
  void SendSignal();

  const pid_t process_;
  const pid_t owner_tid_;
  std::atomic<uint32_t> state_{kOutside};  // a futex, for the owner and for AwaitParked()
  std::atomic<uint32_t> requests_{0};
  // Of the kick signal, in one word, so that the owner sees by one look that there is none.
  // kSignalled: it has been sent in this turn; one is enough. kLeftOver, the owner's own: one of a
  // turn that is over may be pending still, where something else than it ended the turn. The rest
  // counts the threads between looking at the state and having sent; Leave() waits for them, so
  // that the signal cannot hit the thread when it has become somebody else's. Where this turn's has
  // come it need not: nobody sends another as long as kSignalled stands.
  static constexpr uint32_t kSignalled = 1u << 31;
  static constexpr uint32_t kLeftOver = 1u << 30;
  static constexpr uint32_t kSenders = kLeftOver - 1;
  std::atomic<uint32_t> signals_{0};
  bool tables_changed_ = false;  // the owner's own
};

// The owner thread inside enter: leaves on every way out.
class RunScope {
 public:
  explicit RunScope(RunGate& gate) : gate_(gate) {}
  ~RunScope() { gate_.Leave(); }
  RunScope(const RunScope&) = delete;
  RunScope& operator=(const RunScope&) = delete;

 private:
  RunGate& gate_;
};

}  // namespace zircon::vcpu
