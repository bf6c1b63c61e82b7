// Seeded: random numbers that a seed repeats. The same seed gives the same numbers on every
// machine.
//
// Thread safety: one thread; each takes its own (Seeded(seed, round, thread)).

#pragma once

#include <cstddef>
#include <cstdint>

namespace endurance {

class Seeded {
 public:
  template <typename... Parts>
  explicit Seeded(uint64_t seed, Parts... parts) : state_(seed) {
    ((state_ = Next() ^ static_cast<uint64_t>(parts)), ...);
  }

  // splitmix64.
  uint64_t Next() {
    uint64_t z = state_ += 0x9E37'79B9'7F4A'7C15;
    z = (z ^ z >> 30) * 0xBF58'476D'1CE4'E5B9;
    z = (z ^ z >> 27) * 0x94D0'49BB'1331'11EB;
    return z ^ z >> 31;
  }
  // 0 to limit - 1.
  uint64_t Below(uint64_t limit) { return Next() % limit; }
  bool OneIn(uint64_t times) { return Below(times) == 0; }
  uint8_t Byte() { return static_cast<uint8_t>(Next()); }
  template <typename T, size_t kSize>
  T Pick(const T (&choices)[kSize]) {
    return choices[Below(kSize)];
  }

 private:
  uint64_t state_;
};

}  // namespace endurance
