// HostSplit: while it lives, the ends of a range are ends of what the host's kernel holds as one
// piece. A process may have only so many pieces (vm.max_map_count), so what needs one more can fail
// in the middle of a range; what is done to a range that has been split for it cannot.
//
//   const HostSplit split(address, length);
//   if (split.error() != 0) return HostStatus(split.error());
//   mprotect(...);  // all of it or nothing
//
// Nothing can be seen of it: the range is advised to be read in another order, which means nothing
// to memory files. Two that are held apart need an order each.
//
// Thread safety: a value; the range is the caller's.

#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstdint>

namespace zircon::objects {

class HostSplit {
 public:
  enum Order { kRandom = MADV_RANDOM, kSequential = MADV_SEQUENTIAL };

  HostSplit(uint64_t address, uint64_t length, Order order = kRandom)
      : start_(reinterpret_cast<void*>(address)), length_(length) {
    // EAGAIN is the kernel's word for no memory here.
    if (madvise(start_, length_, order) != 0) error_ = errno == EAGAIN ? ENOMEM : errno;
  }
  ~HostSplit() { (void)madvise(start_, length_, MADV_NORMAL); }
  HostSplit(const HostSplit&) = delete;
  HostSplit& operator=(const HostSplit&) = delete;

  // An errno, 0 for none.
  int error() const { return error_; }

 private:
  void* const start_;
  const uint64_t length_;
  int error_ = 0;
};

}  // namespace zircon::objects
