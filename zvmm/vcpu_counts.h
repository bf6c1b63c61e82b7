// Why and how often a VCPU came out of the guest, and where its time went.

#pragma once

#include <atomic>
#include <cstdint>

#include "exit_counts.h"

namespace zvmm {

// Written by the VCPU's thread, read by any.
struct VcpuCounts {
  std::atomic<uint64_t> ports{0};
  std::atomic<uint64_t> memory{0};
  std::atomic<uint64_t> interrupts{0};  // Of other processors.
  std::atomic<uint64_t> startups{0};
  std::atomic<uint64_t> kicks{0};
  // Nanoseconds, counted only if somebody wants to know: inside zx_vcpu_enter(), halted or not, and
  // outside of it.
  std::atomic<uint64_t> inside{0};
  std::atomic<uint64_t> outside{0};
};

}  // namespace zvmm
