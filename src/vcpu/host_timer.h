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

  // Arms it for `deadline`, nanoseconds of CLOCK_MONOTONIC, or disarms it (kNever). Nothing is done
  // when that is what it is armed for. False when the host has no timer left.
  [[nodiscard]] bool Arm(pid_t owner_tid, int64_t deadline);
  bool armed() const { return armed_for_ != kNever; }
  // It may have fired: the next Arm() is not the same as the last.
  void Forget() {
    if (armed_for_ != kNever) armed_for_ = kUnknown;
  }

 private:
  static constexpr int64_t kUnknown = -1;

  bool created_ = false;
  timer_t timer_ = {};
  int64_t armed_for_ = kNever;
};

}  // namespace zircon::vcpu
