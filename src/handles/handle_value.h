// HandleValue: a slot's index and generation, and the 32 bits that the caller sees.
//
//   name  = generation << 20 | index << 2 | 3
//   value = key ^ Mix(key ^ name)
//
// Mix is a fixed permutation, the key a secret of the process (together the construction of Even
// and Mansour): values look arbitrary and differ from process to process, and two names never share
// a value. That keeps stale and invented values from hitting by habit; it is no wall against code
// that runs in the same process. The two low bits pass through unchanged, so a value without both
// set has a name without both set.
//
// Thread safety: pure functions.

#pragma once

#include <zircon/types.h>

#include <cstdint>

namespace zircon::handles {

inline constexpr int kFixedBits = 2;
inline constexpr int kIndexBits = 18;
inline constexpr int kGenerationBits = 12;
inline constexpr int kGenerationShift = kFixedBits + kIndexBits;
static_assert(kGenerationShift + kGenerationBits == 32);

// Never zero, so that zero may mean that there is none; the fixed bits are zero.
using Key = uint32_t;
using SlotName = uint32_t;

constexpr SlotName MakeName(uint32_t index, uint32_t generation) {
  return generation << kGenerationShift | index << kFixedBits | ZX_HANDLE_FIXED_BITS_MASK;
}
constexpr uint32_t IndexOf(SlotName name) {
  return (name >> kFixedBits) & ((uint32_t{1} << kIndexBits) - 1);
}

namespace internal {

// Both are 1 modulo 4, which leaves the two low bits alone.
inline constexpr uint32_t kFirstFactor = 0x2545F491;
inline constexpr uint32_t kSecondFactor = 0x9E3779B1;

// The inverse of an odd number modulo 2^32: each step doubles the number of right bits.
constexpr uint32_t InverseOf(uint32_t odd) {
  uint32_t inverse = odd;
  for (int i = 0; i < 5; ++i) inverse *= 2 - odd * inverse;
  return inverse;
}
static_assert(kFirstFactor * InverseOf(kFirstFactor) == 1 && kFirstFactor % 4 == 1);
static_assert(kSecondFactor * InverseOf(kSecondFactor) == 1 && kSecondFactor % 4 == 1);

// Brings what multiplication has gathered in the high bits down to the low ones. Its own inverse.
constexpr uint32_t FoldHigh(uint32_t mixed) {
  return mixed ^ ((mixed >> 16) & ~uint32_t{ZX_HANDLE_FIXED_BITS_MASK});
}

}  // namespace internal

constexpr zx_handle_t ValueOf(SlotName name, Key key) {
  using namespace internal;
  return (FoldHigh((name ^ key) * kFirstFactor) * kSecondFactor) ^ key;
}

constexpr SlotName NameOf(zx_handle_t value, Key key) {
  using namespace internal;
  return (FoldHigh((value ^ key) * InverseOf(kSecondFactor)) * InverseOf(kFirstFactor)) ^ key;
}

}  // namespace zircon::handles
