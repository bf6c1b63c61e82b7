// How many kernel objects the library holds: for zircon_kvm_get_stats() and the leak tests.
// Thread safety: any thread; the values are momentary.

#pragma once

#include <atomic>
#include <cstdint>

namespace zircon::kvm {

struct Counters {
  std::atomic<uint64_t> vm_fds{0};
  std::atomic<uint64_t> vcpu_fds{0};
  std::atomic<uint64_t> memory_slots{0};
};

inline constinit Counters g_counters;

}  // namespace zircon::kvm
