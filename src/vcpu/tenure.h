// Tenure: how long a VCPU has its place: its id, its thread, the kernel's VCPU. It ends when the
// last handle is closed and the owner is in no call; whoever is the later of the two gives the
// place back, once. Other threads' calls that are still under way have no part in it: what they
// touch is not in the place.
//
//   the owner's call begins     the last handle is closed     the owner's call ends
//   open: it has the place      nobody inside: closer         still open: nothing
//   closed: it has not          owner inside: left to it      closed meanwhile: owner
//
// Thread safety: Begin and End are the owner thread's, Close any thread's, once.

#pragma once

#include <atomic>
#include <cstdint>

namespace zircon::vcpu {

class Tenure {
 public:
  // False: there is no place any more. Calls may be nested (in a signal handler): the outermost
  // counts.
  [[nodiscard]] bool Begin() {
    // relaxed: the place is the owner's own until somebody else finds nobody inside.
    if ((state_.fetch_add(kCall, std::memory_order_relaxed) & kClosed) == 0) return true;
    state_.fetch_sub(kCall, std::memory_order_relaxed);
    return false;
  }
  // True: the caller gives the place back. Only after a Begin() that was true.
  [[nodiscard]] bool End() {
    // acq_rel: release for a closer that finds nobody inside.
    return state_.fetch_sub(kCall, std::memory_order_acq_rel) == (kCall | kClosed);
  }
  // True: the caller gives the place back.
  [[nodiscard]] bool Close() { return state_.fetch_or(kClosed, std::memory_order_acq_rel) == 0; }

 private:
  static constexpr uint32_t kClosed = 1;
  static constexpr uint32_t kCall = 2;
  std::atomic<uint32_t> state_{0};
};

}  // namespace zircon::vcpu
