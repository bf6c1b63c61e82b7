#include "base/fork_guard.h"

#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace zircon::base {

bool WipeOnFork(void* start, size_t size) noexcept {
  if (madvise(start, size, MADV_WIPEONFORK) == 0) return true;
  const int error = errno;
  static std::atomic<bool> said{false};
  // relaxed: the flag guards nothing but the line.
  if (!said.exchange(true, std::memory_order_relaxed)) {
    LOG_WARN("madvise(MADV_WIPEONFORK): {}: calls in a forked child will not be refused",
             std::strerror(error));
  }
  return false;
}

}  // namespace zircon::base
