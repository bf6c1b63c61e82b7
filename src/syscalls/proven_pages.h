// ProvenPages: the pages of this process that the kernel has said may be read, or written too, for
// all threads to know: one word for each, which is right in the page epoch that it names and at no
// other time (base/page_epoch.h).
//
//   const uint64_t epoch = base::PageEpochToRemember();
//   if (!proven.Covers(address, size, ProvenPages::kWrite, epoch)) {
//     if (!Probe(address, size)) return false;
//     proven.Add(address, size, ProvenPages::kWrite, epoch);
//   }
//
//   bits     | of a word
//   ---------+----------------------------------------------------------------------------------
//   0 to 41  | the epoch, and 1 more: 0 is none. A change takes a system call: four million in each
//            | second for twelve days bring the same number back
//   42       | may be written
//   43 to 63 | the page's number but for the bits that lead to the word
//
// Two pages that lead to the same word take it from each other.
//
// Thread safety: any thread.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace zircon::user {

class ProvenPages {
 public:
  // What may be written may be read: no processor here has pages that can only be written.
  enum Access { kRead, kWrite };

  static constexpr int kPageShift = 12;

  // [address, address + size) is not empty. More than two pages are never known.
  bool Covers(uintptr_t address, size_t size, Access access, uint64_t epoch) const {
    const uintptr_t first = address >> kPageShift;
    const uintptr_t last = (address + (size - 1)) >> kPageShift;
    if (last != first && last != first + 1) return false;
    return Holds(first, access, epoch) && (last == first || Holds(last, access, epoch));
  }
  // `epoch` is of before the pages were asked for. Of a range its ends.
  void Add(uintptr_t address, size_t size, Access access, uint64_t epoch) {
    AddPage(address >> kPageShift, access, epoch);
    AddPage((address + (size - 1)) >> kPageShift, access, epoch);
  }

 private:
  static constexpr int kEpochBits = 42;
  static constexpr uint64_t kMayWrite = uint64_t{1} << kEpochBits;
  static constexpr int kNumberShift = kEpochBits + 1;
  static constexpr int kIndexBits = 14;  // 64 MiB of neighbours
  static constexpr size_t kEntries = size_t{1} << kIndexBits;
  // Of 47-bit addresses; what lies above, which a program has to ask for, is not remembered here.
  static constexpr int kPageBits = 47 - kPageShift;
  static_assert(kPageBits - kIndexBits <= 64 - kNumberShift);

  static uint64_t Word(uintptr_t page, uint64_t epoch) {
    return (page >> kIndexBits) << kNumberShift | ((epoch + 1) & (kMayWrite - 1));
  }
  // Equal places in the stacks of threads, which are powers of two apart, lead to different words.
  static size_t Index(uintptr_t page) { return (page ^ (page >> kIndexBits)) % kEntries; }
  static bool IsOurs(uintptr_t page) { return page >> kPageBits == 0; }

  bool Holds(uintptr_t page, Access access, uint64_t epoch) const {
    // relaxed: the word says all by itself, and who knows of a change knows its epoch.
    const uint64_t word = words_[Index(page)].load(std::memory_order_relaxed);
    const uint64_t wanted = Word(page, epoch);
    return IsOurs(page) && (word == (wanted | kMayWrite) || (access == kRead && word == wanted));
  }
  void AddPage(uintptr_t page, Access access, uint64_t epoch) {
    if (!IsOurs(page) || Holds(page, access, epoch)) return;
    // relaxed: as above.
    words_[Index(page)].store(Word(page, epoch) | (access == kWrite ? kMayWrite : 0),
                              std::memory_order_relaxed);
  }

  std::array<std::atomic<uint64_t>, kEntries> words_{};
};

}  // namespace zircon::user
