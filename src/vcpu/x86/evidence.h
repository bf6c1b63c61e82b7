// Evidence: words of the guest's memory from which something has been concluded: code, and the
// entries of the tables that led to it. As long as each holds what it held, whoever looked again
// would come to the same.
//
// The words are named by their addresses in this process: when slots change, it is void.
//
// Thread safety: the owner thread, inside enter; the guest may change the words at any time.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace zircon::vcpu::x86 {

class Evidence {
 public:
  void Clear() { count_ = 0; }
  // Of 8 bytes in memory those of `mask` are as in `value`. False when there is no room.
  [[nodiscard]] bool AddWord(const uint8_t* where, uint64_t value, uint64_t mask);
  // `count` bytes in memory, all in one page, are these.
  [[nodiscard]] bool AddBytes(const uint8_t* where, const uint8_t* bytes, size_t count);

  bool Holds() const {
    // Two at a time: an odd one is there twice (Add…).
    uint64_t differs = 0;
    for (const Word *at = words_.data(), *const end = at + count_; at < end; at += 2) {
      differs |= at[0].Differs() | at[1].Differs();
    }
    return differs == 0;
  }

 private:
  // Three walks of five levels that share their upper ones, and the code.
  static constexpr size_t kMaxWords = 14;
  static_assert(kMaxWords % 2 == 0);

  struct Word {
    const uint8_t* where;
    uint64_t value;
    uint64_t mask;

    uint64_t Differs() const {
      uint64_t now;
      std::memcpy(&now, where, sizeof(now));
      return (now ^ value) & mask;
    }
  };
  size_t count_ = 0;
  std::array<Word, kMaxWords> words_;
};

}  // namespace zircon::vcpu::x86
