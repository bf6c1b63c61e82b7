// Time as the devices see it; a function, so that a test can turn the hands.

#pragma once

#include <chrono>
#include <functional>

namespace zvmm {

// Time since some fixed moment; never goes back. Any thread.
using MonotonicClock = std::function<std::chrono::nanoseconds()>;
// Time since 1970, UTC. Any thread.
using WallClock = std::function<std::chrono::nanoseconds()>;

inline std::chrono::nanoseconds MonotonicNow() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

inline std::chrono::nanoseconds WallNow() {
  return std::chrono::system_clock::now().time_since_epoch();
}

// What tells a device that time has passed. Any thread; a device may hold its lock.
class Alarm {
 public:
  static constexpr std::chrono::nanoseconds kNever = std::chrono::nanoseconds::max();
  virtual ~Alarm() = default;
  // From `when` on, by the monotonic clock, it rings once: on a thread of its own, with no lock
  // held. Another time takes the place of the one before.
  virtual void Set(std::chrono::nanoseconds when) = 0;
};

// How many periods of a clock of `hertz` fit into `time`, which is not negative.
inline uint64_t TicksIn(std::chrono::nanoseconds time, uint64_t hertz) {
  constexpr uint64_t kBillion = 1'000'000'000;
  const uint64_t nanoseconds = static_cast<uint64_t>(time.count());
  // In two parts: the product would overflow after some hours.
  return nanoseconds / kBillion * hertz + nanoseconds % kBillion * hertz / kBillion;
}

// When the period number `ticks` of a clock of `hertz` has begun, or a little later.
inline std::chrono::nanoseconds TimeOf(uint64_t ticks, uint64_t hertz) {
  constexpr uint64_t kBillion = 1'000'000'000;
  return std::chrono::nanoseconds(ticks / hertz * kBillion + ticks % hertz * kBillion / hertz + 1);
}

}  // namespace zvmm
