// HostTimer: gets the owner thread out of KVM_RUN at a time, by the kick signal. It says nothing
// about why: whoever comes out looks at the clock.
//
// Ownership: the VCPU's. Thread safety: the owner thread; destruction from any thread.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>

namespace zircon::vcpu {

class HostTimer {
 public:
  static constexpr int64_t kNever = INT64_MAX;

  HostTimer() = default;
  ~HostTimer();
  HostTimer(const HostTimer&) = delete;
  HostTimer& operator=(const HostTimer&) = delete;

  // Sees to it that it fires at `deadline`, nanoseconds of CLOCK_MONOTONIC, at the latest. Where it
  // is armed for an earlier time it stays so: guests move their deadlines on far more often than
  // they wait for one, and whoever comes out for nothing asks again. False when the host has no
  // timer left.
  [[nodiscard]] bool Arm(pid_t owner_tid, int64_t deadline) {
    return deadline >= armed_for_ || ArmFor(owner_tid, deadline);
  }
  // A signal has come: it was the timer's if its time has passed.
  void NoteSignal(int64_t now) {
    if (now >= armed_for_) armed_for_ = kNever;
  }
  bool armed() const { return armed_for_ != kNever; }

 private:
  bool ArmFor(pid_t owner_tid, int64_t deadline);

  bool created_ = false;
  timer_t timer_ = {};
  int64_t armed_for_ = kNever;  // until it has fired
};

}  // namespace zircon::vcpu
