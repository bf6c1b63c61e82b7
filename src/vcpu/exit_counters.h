// ExitCounters: how often each kind of exit happened, per VCPU, and summed for the process.
//
// Ownership: the VCPU's; what it counted is kept when it goes. Thread safety: Count() for the owner
// thread; Totals() for any.

#pragma once

#include <zircon-kvm/host.h>

#include <array>
#include <atomic>
#include <cstdint>

namespace zircon::vcpu {

class ExitCounters {
 public:
  using Array = std::array<uint64_t, ZIRCON_KVM_EXIT_COUNT>;

  ExitCounters();
  ~ExitCounters();
  ExitCounters(const ExitCounters&) = delete;
  ExitCounters& operator=(const ExitCounters&) = delete;

  void Count(zircon_kvm_exit kind) {
    // One writer: a plain increment that readers may see late, never torn.
    std::atomic<uint64_t>& counter = counts_[kind];
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  static Array Totals();
  // VCPUs alive in the process.
  static uint64_t live_count();

 private:
  std::array<std::atomic<uint64_t>, ZIRCON_KVM_EXIT_COUNT> counts_{};
};

}  // namespace zircon::vcpu
