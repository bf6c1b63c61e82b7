#include "faults/refused_unmaps.h"

#include <cstdlib>

namespace zircon::faults {

constinit RefusedUnmaps refused_unmaps;

void RefusedUnmaps::Add(uintptr_t begin, uintptr_t end) {
  if (begin >= end) return;
  if (count_ == kMost) std::abort();  // more than any pass of the tests
  ranges_[count_++] = {begin, end};
}

void RefusedUnmaps::Cut(uintptr_t begin, uintptr_t end) {
  for (size_t i = 0; i < count_;) {
    const Range range = ranges_[i];
    if (range.end <= begin || end <= range.begin) {
      ++i;
      continue;
    }
    ranges_[i] = ranges_[--count_];
    // What sticks out on both sides. Looked at again, and left alone then.
    Add(range.begin, begin);
    Add(end, range.end);
  }
}

void RefusedUnmaps::Refuse(const void* start, size_t size) {
  std::lock_guard lock(mutex_);
  const auto begin = reinterpret_cast<uintptr_t>(start);
  Cut(begin, begin + size);
  Add(begin, begin + size);
}

void RefusedUnmaps::Done(const void* start, size_t size) {
  std::lock_guard lock(mutex_);
  const auto begin = reinterpret_cast<uintptr_t>(start);
  Cut(begin, begin + size);
}

uint64_t RefusedUnmaps::bytes() {
  std::lock_guard lock(mutex_);
  uint64_t sum = 0;
  for (size_t i = 0; i < count_; ++i) sum += ranges_[i].end - ranges_[i].begin;
  return sum;
}

}  // namespace zircon::faults
