#include "base/fork_guard.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace zircon::base {

constinit internal::WipedPage internal::g_wiped_page;

namespace {

std::atomic<uint32_t>& ProcessWord() { return internal::g_wiped_page.process; }

// The inherited word: this bit once the library is used for good, and below it the number of uses
// in passing.
constexpr uint32_t kForGoodUse = uint32_t{1} << 31;
constinit std::atomic<uint32_t> g_uses{0};

// Whether the kernel has been asked to zero the word in a child; and whether it does.
constinit std::atomic<bool> g_asked{false};
constinit std::atomic<bool> g_children_are_told{false};

// False when memory is short. Without a lock, for this may be the first call of a process that is
// forking: each thread that comes before it is done asks, and all come to the same.
bool AskForWiping() {
  // acquire: pairs with the store below.
  if (g_asked.load(std::memory_order_acquire)) return true;
  const bool wiped = WipeOnFork(&internal::g_wiped_page, sizeof(internal::g_wiped_page));
  if (!wiped && errno == ENOMEM) return false;
  // relaxed: published by the next.
  g_children_are_told.store(wiped, std::memory_order_relaxed);
  // release: who sees it has a word that a fork zeroes, as far as that goes.
  g_asked.store(true, std::memory_order_release);
  return true;
}

// ZX_OK: the word says kOwn or more. Whoever says so first has checked that nobody had used the
// library before this process was forked.
zx_status_t Own() {
  const int saved_errno = errno;
  const bool asked = AskForWiping();
  errno = saved_errno;
  if (!asked) return ZX_ERR_NO_MEMORY;
  if (InForkedChild()) return ZX_ERR_BAD_STATE;
  uint32_t zeroed = 0;
  ProcessWord().compare_exchange_strong(zeroed, internal::kOwn);
  return ZX_OK;
}

}  // namespace

// In this order: where uses are seen the word had been set before, unless a fork has zeroed it.
bool InForkedChild() noexcept { return g_uses.load() != 0 && ProcessWord().load() == 0; }

// A child that is forked between any two of these steps finds no lock held: it does not matter
// whether it is refused.
zx_status_t internal::EnterLibraryFirst() noexcept {
  const zx_status_t status = Own();
  if (status != ZX_OK) return status;
  g_uses.fetch_or(kForGoodUse);
  ProcessWord().store(internal::kForGood);
  return ZX_OK;
}

bool IsProcessOfTheLibrary() noexcept {
  // acquire: what the next line reads was written before.
  return ProcessWord().load(std::memory_order_acquire) == internal::kForGood &&
         g_children_are_told.load(std::memory_order_relaxed);
}

PassingUse::PassingUse() noexcept : status_(Own()) {
  if (status_ == ZX_OK) g_uses.fetch_add(1);
}

PassingUse::~PassingUse() {
  if (status_ == ZX_OK) g_uses.fetch_sub(1);
}

bool WipeOnFork(void* start, size_t size) noexcept {
  if (madvise(start, size, MADV_WIPEONFORK) == 0) return true;
  const int error = errno;
  if (error == ENOMEM) return false;
  static std::atomic<bool> said{false};
  // relaxed: the flag guards nothing but the line.
  if (!said.exchange(true, std::memory_order_relaxed)) {
    LOG_WARN("madvise(MADV_WIPEONFORK): {}: calls in a forked child will not be refused",
             std::strerror(error));
  }
  errno = error;
  return false;
}

}  // namespace zircon::base
