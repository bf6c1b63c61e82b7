// Waiting for a 32-bit word to change, in the kernel's way. Wakes may be spurious.
// Thread safety: any thread.

#pragma once

#include <atomic>
#include <cstdint>

namespace zircon::base {

inline constexpr int64_t kForever = INT64_MAX;

// Sleeps while `word` is `expected`, until a wake, a signal handler, or `deadline` (nanoseconds of
// CLOCK_MONOTONIC).
void FutexWait(std::atomic<uint32_t>& word, uint32_t expected, int64_t deadline);
void FutexWakeOne(std::atomic<uint32_t>& word);
void FutexWakeAll(std::atomic<uint32_t>& word);

}  // namespace zircon::base
