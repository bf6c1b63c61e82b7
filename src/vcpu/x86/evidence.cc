#include "vcpu/x86/evidence.h"

#include <algorithm>

#include "vcpu/x86/control_bits.h"

namespace zircon::vcpu::x86 {

bool Evidence::AddWord(const uint8_t* where, uint64_t value, uint64_t mask) {
  const auto same = [&](const Word& word) {
    return word.where == where && word.mask == mask && ((word.value ^ value) & mask) == 0;
  };
  if (std::any_of(words_.begin(), words_.begin() + count_, same)) return true;
  if (count_ == kMaxWords) return false;
  words_[count_++] = {where, value, mask};
  // Where that makes an odd number of them: see Holds().
  if (count_ < kMaxWords) words_[count_] = words_[count_ - 1];
  return true;
}

bool Evidence::AddBytes(const uint8_t* where, const uint8_t* bytes, size_t count) {
  constexpr size_t kWord = sizeof(uint64_t);
  for (; count >= kWord; where += kWord, bytes += kWord, count -= kWord) {
    uint64_t value;
    std::memcpy(&value, bytes, kWord);
    if (!AddWord(where, value, ~uint64_t{0})) return false;
  }
  if (count == 0) return true;
  uint64_t value = 0;
  std::memcpy(&value, bytes, count);
  const uint64_t mask = ~uint64_t{0} >> (8 * (kWord - count));
  if (reinterpret_cast<uintptr_t>(where) % kPageSize + kWord <= kPageSize) {
    return AddWord(where, value, mask);
  }
  // Nothing is read beyond the page: the word that ends where the bytes do.
  const size_t shift = 8 * (kWord - count);
  return AddWord(where + count - kWord, value << shift, mask << shift);
}

}  // namespace zircon::vcpu::x86
