// RefusedUnmaps: the addresses whose munmap() was made to fail and that nobody has mapped over or
// unmapped since. They are still there without being a leak of the library: nothing could be done.
//
// Thread safety: any thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

namespace zircon::faults {

class RefusedUnmaps {
 public:
  void Refuse(const void* start, size_t size);
  // These addresses have been unmapped, or have become something else.
  void Done(const void* start, size_t size);
  uint64_t bytes();

 private:
  struct Range {
    uintptr_t begin;
    uintptr_t end;
  };
  void Cut(uintptr_t begin, uintptr_t end);
  void Add(uintptr_t begin, uintptr_t end);

  std::mutex mutex_;
  // No container: it is used where memory may not be allocated.
  static constexpr size_t kMost = 4096;
  Range ranges_[kMost] = {};
  size_t count_ = 0;
};

extern constinit RefusedUnmaps refused_unmaps;

}  // namespace zircon::faults
