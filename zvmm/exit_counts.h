// What happened so far, counted: how often the guest used a device, and why it came out.

#pragma once

#include <atomic>
#include <cstdint>

namespace zvmm {

// Any thread adds, any thread reads.
struct AccessCounts {
  std::atomic<uint64_t> reads{0};
  std::atomic<uint64_t> writes{0};
};

inline void Count(std::atomic<uint64_t>& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace zvmm
