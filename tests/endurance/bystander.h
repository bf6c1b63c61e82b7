// Bystander: a guest with a thread of its own that minds its own business while others of the
// process do what they like, and fails as soon as it meets anything that it has not done itself: a
// wrong sum, register, packet, bell or interrupt.

#pragma once

#include <lib/zx/vcpu.h>

#include <atomic>
#include <cstdint>
#include <thread>

#include "endurance/seeded.h"
#include "endurance/seeded_guest.h"

namespace endurance {

class Bystander {
 public:
  explicit Bystander(uint64_t seed);
  // Ends it, with a last look at its guards.
  ~Bystander();
  Bystander(const Bystander&) = delete;
  Bystander& operator=(const Bystander&) = delete;

  // How often it has gone round. Any thread.
  uint64_t rounds() const { return rounds_.load(); }
  void CheckGuards() const { guest_.CheckGuards(); }

 private:
  void Run();
  void GoRound(const zx::vcpu& vcpu, uint64_t round);
  uint64_t Sum(uint64_t round) const;

  SeededGuest guest_;
  std::atomic<bool> ended_{false};
  std::atomic<uint64_t> rounds_{0};
  std::thread thread_;
};

}  // namespace endurance
