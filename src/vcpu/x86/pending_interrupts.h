// PendingInterrupts: one bit a vector, set from any thread, taken by the VCPU (contract INT rows).
// Repeated requests of a vector before its delivery are one.
//
// Ownership: the VCPU's. Thread safety: all of it from any thread; a vector set before Post() of
// the gate is seen by the turn that follows.

#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace zircon::vcpu::x86 {

inline constexpr uint32_t kVectors = 256;
inline constexpr int kNoVector = -1;

class PendingInterrupts {
 public:
  void Set(uint32_t vector) { Word(vector).fetch_or(Bit(vector), std::memory_order_release); }

  // Takes the vector away; whether it was pending.
  bool Take(uint32_t vector) {
    return (Word(vector).fetch_and(~Bit(vector), std::memory_order_acq_rel) & Bit(vector)) != 0;
  }

  bool Has(uint32_t vector) const {
    return (words_[vector / 64].load(std::memory_order_acquire) & Bit(vector)) != 0;
  }

  int Highest() const {
    for (int i = static_cast<int>(words_.size()) - 1; i >= 0; --i) {
      const uint64_t word = words_[static_cast<size_t>(i)].load(std::memory_order_acquire);
      if (word != 0) return i * 64 + 63 - std::countl_zero(word);
    }
    return kNoVector;
  }
  bool Any() const { return Highest() != kNoVector; }

  // Drops the vectors of `mask` below 64.
  void DropLow(uint64_t mask) { words_[0].fetch_and(~mask, std::memory_order_acq_rel); }

 private:
  static constexpr uint64_t Bit(uint32_t vector) { return uint64_t{1} << (vector % 64); }
  std::atomic<uint64_t>& Word(uint32_t vector) { return words_[vector / 64]; }

  std::array<std::atomic<uint64_t>, kVectors / 64> words_{};
};

}  // namespace zircon::vcpu::x86
