// Parker: one thread sleeps until another wakes it, once. Lighter than a condition variable: the
// sleeper's own word is all that the two share.
//
//   state     | means                                   | Unpark() then
//   ----------+-----------------------------------------+----------------
//   kAwake    | nobody has slept yet, or the one thread | makes no call
//             | still looks whether it has to           |
//   kAsleep   | the one thread sleeps or is about to    | wakes
//   kUnparked | for good                                | makes no call
//
// Thread safety: one thread parks, one other unparks. The parked thread may destroy the parker as
// soon as Park() has returned true; the waker no longer reads it then. Several may unpark it if the
// parked thread makes sure by itself that all are through before it destroys it.

#pragma once

#include <zircon/types.h>

#include <atomic>
#include <cstdint>

namespace zircon::objects {

class Parker {
 public:
  // True once Unpark() was called, false at `deadline` (absolute monotonic nanoseconds).
  [[nodiscard]] bool Park(zx_time_t deadline);
  void Unpark();
  // By a thread that holds a lock which the sleeper takes next: the sleeper is woken when that has
  // been dropped, where LaterWakes are there (base/later_wakes.h).
  void UnparkLater();

 private:
  // Looks for a moment, where that has been of use lately; true once Unpark() was called.
  bool Look() const;
  // Lets the sleeper go; whether it sleeps.
  [[nodiscard]] bool MustWake();

  static constexpr uint32_t kAwake = 0;
  static constexpr uint32_t kAsleep = 1;
  static constexpr uint32_t kUnparked = 2;

  std::atomic<uint32_t> state_{kAwake};
};

}  // namespace zircon::objects
