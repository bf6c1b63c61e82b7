#include "base/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

namespace zircon::base {
namespace {

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

uint32_t* AsWord(std::atomic<uint32_t>& word) {
  static_assert(sizeof(word) == sizeof(uint32_t) && std::atomic<uint32_t>::is_always_lock_free);
  return reinterpret_cast<uint32_t*>(&word);
}

void Wake(std::atomic<uint32_t>& word, int most) {
  syscall(SYS_futex, AsWord(word), FUTEX_WAKE_PRIVATE, most, nullptr, nullptr, 0);
}

}  // namespace

void FutexWait(std::atomic<uint32_t>& word, uint32_t expected, int64_t deadline) {
  if (deadline <= 0) return;
  timespec until;
  until.tv_sec = deadline / kNanosecondsPerSecond;
  until.tv_nsec = deadline % kNanosecondsPerSecond;
  // WAIT_BITSET takes an absolute time; the plain WAIT a relative one.
  syscall(SYS_futex, AsWord(word), FUTEX_WAIT_BITSET_PRIVATE, expected,
          deadline == kForever ? nullptr : &until, nullptr, FUTEX_BITSET_MATCH_ANY);
}

void FutexWakeOne(std::atomic<uint32_t>& word) { Wake(word, 1); }

void FutexWakeAll(std::atomic<uint32_t>& word) { Wake(word, INT_MAX); }

}  // namespace zircon::base
