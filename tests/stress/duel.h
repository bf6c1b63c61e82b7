// Duel: two threads that do one thing each at the same moment.
//
// Thread safety: one duel at a time.

#pragma once

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace zircon {

// Keeps the calling thread on one of the processors it may use, so that the scheduler does not put
// two threads that ought to meet on the same.
class Pinned {
 public:
  explicit Pinned(int which) {
    sched_getaffinity(0, sizeof(before_), &before_);
    which %= CPU_COUNT(&before_);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (!CPU_ISSET(cpu, &before_) || which-- != 0) continue;
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpu, &one);
      sched_setaffinity(0, sizeof(one), &one);
    }
  }
  ~Pinned() { sched_setaffinity(0, sizeof(before_), &before_); }

 private:
  cpu_set_t before_;
};

// Two threads do one thing each at the same moment, again and again. Whoever was first the last
// time starts a little later, so that soon both meet within nanoseconds.
//   prepare()          before, alone
//   one(), two()       together
//   one_was_first()    after, alone; also the place to check
// For some thousand rounds, or a second: on a busy machine a round can take long.
template <typename Prepare, typename One, typename Two, typename OneWasFirst>
void Duel(Prepare prepare, One one, Two two, OneWasFirst one_was_first) {
  constexpr int kRounds = 50'000;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  std::atomic<int> arrived{0};
  bool over = false;
  int handicap = 0;  // of one(), in steps; negative: of two()
  const auto meet = [&](int all) {
    arrived.fetch_add(1);
    for (int spins = 0; arrived.load() < all; ++spins) {
      if (spins > 10'000) std::this_thread::yield();
    }
  };
  const auto dawdle = [](int steps) {
    for (std::atomic<int> step{0}; step.load(std::memory_order_relaxed) < steps;)
      step.fetch_add(1, std::memory_order_relaxed);
  };
  std::thread second([&] {
    const Pinned pinned(1);
    for (int round = 0;; ++round) {
      meet(4 * round + 2);
      if (over) return;
      dawdle(-handicap);
      two();
      meet(4 * round + 4);
    }
  });
  const Pinned pinned(0);
  for (int round = 0;; ++round) {
    over = round == kRounds || std::chrono::steady_clock::now() > end;
    if (!over) prepare();
    meet(4 * round + 2);
    if (over) break;
    dawdle(handicap);
    one();
    meet(4 * round + 4);
    handicap = std::clamp(handicap + (one_was_first() ? 1 : -1), -500, 500);
  }
  second.join();
}

}  // namespace zircon
