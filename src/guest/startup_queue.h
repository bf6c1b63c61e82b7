// StartupQueue: processors that a guest has started where the kernel has the local APICs, until an
// enter of one of its VCPUs tells the VMM (contract ACCEL rows).
//
// Ownership: the guest's. Thread safety: any thread.

#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/mutex.h"
#include "guest/vcpu_shelf.h"

namespace zircon::guest {

class StartupQueue {
 public:
  struct Startup {
    uint32_t id = 0;
    uint64_t entry = 0;
  };

  void Add(const Startup& startup) {
    base::MutexLock lock(mutex_);
    waiting_ |= uint64_t{1} << startup.id;
    entries_[startup.id] = startup.entry;
  }
  // Takes the one with the lowest id: VMMs create their VCPUs in that order. False: there is none.
  bool Take(Startup* startup) {
    base::MutexLock lock(mutex_);
    if (waiting_ == 0) return false;
    startup->id = static_cast<uint32_t>(std::countr_zero(waiting_));
    startup->entry = entries_[startup->id];
    waiting_ &= waiting_ - 1;
    return true;
  }
  bool any() {
    base::MutexLock lock(mutex_);
    return waiting_ != 0;
  }

 private:
  base::Mutex mutex_;
  uint64_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  std::array<uint64_t, VcpuShelf::kMaxVcpus> entries_ ABSL_GUARDED_BY(mutex_) = {};
};

}  // namespace zircon::guest
