// The guard at the library's door: whether this process is the one that the library works for. A
// forked child has a copy of the library's memory without the threads that hold its locks, and
// without the memory that guests and VMOs stand on. So every call asks here, before it takes a lock
// and before it looks at anything, and a child is refused.
//
//   if (zx_status_t status = base::EnterLibrary(); status != ZX_OK) return status;
//
// The question is one load of a word that the kernel zeroes in every child: no fork handler, no
// getpid(). A second word, which a child inherits, says whether the parent was using the library
// when it forked:
//
//   zeroed word | inherited word | this process
//   ------------+----------------+--------------------------------------------------------------
//   0           | 0              | has not used the library; nor had its parent, when it forked
//   0           | not 0          | is the forked child of one that had: refused
//   kOwn        | any            | may use the library, and a child forked now is refused if
//               |                | the inherited word is not 0
//   kForGood    | kForGoodUse, … | the same; it has used the library for good
//
// Calls that leave nothing behind use it in passing (PassingUse): children forked later are
// processes like any other.
//
// Thread safety: any thread, and signal handlers.

#pragma once

#include <zircon/errors.h>
#include <zircon/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/wiped_page.h"

namespace zircon::base {

// Asks the kernel to zero [start, start + size), whole pages of private anonymous memory, in every
// forked child. False, and one log line per process, where the kernel cannot do that (Linux before
// 4.14, some emulators): a child is then not told apart from its parent. False with ENOMEM when
// memory is short.
bool WipeOnFork(void* start, size_t size) noexcept;

// Whether this process is a child that was forked while its parent was using the library.
[[nodiscard]] bool InForkedChild() noexcept;

// By a call that is about to use the library for good: ZX_OK, ZX_ERR_BAD_STATE in a forked child,
// ZX_ERR_NO_MEMORY.
[[nodiscard]] zx_status_t EnterLibrary() noexcept;

// Whether this process uses the library for good, and a forked child of it would be told that it
// does not.
[[nodiscard]] bool IsProcessOfTheLibrary() noexcept;

// A use that is over when this goes.
class PassingUse {
 public:
  PassingUse() noexcept;
  ~PassingUse();
  PassingUse(const PassingUse&) = delete;
  PassingUse& operator=(const PassingUse&) = delete;

  // As of EnterLibrary().
  zx_status_t status() const { return status_; }

 private:
  zx_status_t status_;
};

namespace internal {

inline constexpr uint32_t kOwn = 1;
inline constexpr uint32_t kForGood = 2;

zx_status_t EnterLibraryFirst() noexcept;

}  // namespace internal

// Whether EnterLibrary() has nothing to do but to give ZX_OK.
inline bool HasEnteredLibrary() noexcept {
  // relaxed: a child is forked with what it is to see, and what a thread has set up comes to others
  // with the handle that they call with.
  return internal::g_wiped_page.process.load(std::memory_order_relaxed) == internal::kForGood;
}

inline zx_status_t EnterLibrary() noexcept {
  return HasEnteredLibrary() ? ZX_OK : internal::EnterLibraryFirst();
}

}  // namespace zircon::base
