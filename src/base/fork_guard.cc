#include "base/fork_guard.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "base/log.h"

namespace zircon::base {
namespace internal {

namespace {

constinit std::atomic<uint32_t> g_no_word{0};

}  // namespace

constinit std::atomic<std::atomic<uint32_t>*> g_process_word{&g_no_word};

}  // namespace internal

namespace {

using internal::g_no_word;
using internal::g_process_word;

// The inherited word: this bit once the library is used for good, and below it the number of uses
// in passing.
constexpr uint32_t kForGoodUse = uint32_t{1} << 31;
constinit std::atomic<uint32_t> g_uses{0};

// Whether the kernel zeroes the word in a child. Written before there is a word.
constinit std::atomic<bool> g_children_are_told{false};

// A whole number of pages on every host.
constexpr size_t kPageSize = 65536;

// Null when memory is short. Without a lock, for this may be the first call of a process that is
// forking: each thread that finds no word makes one, and one of them stays.
std::atomic<uint32_t>* ProcessWord() {
  // acquire: as in EnterLibrary().
  std::atomic<uint32_t>* word = g_process_word.load(std::memory_order_acquire);
  if (word != &g_no_word) return word;
  void* const page = mmap(nullptr, kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                          /*fd=*/-1, /*offset=*/0);
  if (page == MAP_FAILED) return nullptr;
  // relaxed: whoever sees the word sees it. All threads that get here write the same.
  g_children_are_told.store(WipeOnFork(page, kPageSize), std::memory_order_relaxed);
  auto* const made = new (page) std::atomic<uint32_t>(0);
  // release: pairs with the acquire loads.
  if (g_process_word.compare_exchange_strong(word, made, std::memory_order_acq_rel)) return made;
  munmap(page, kPageSize);
  return word;
}

// ZX_OK: the word says kOwn or more. Whoever says so first has checked that nobody had used the
// library before this process was forked.
zx_status_t Own(std::atomic<uint32_t>** out) {
  const int saved_errno = errno;
  std::atomic<uint32_t>* const word = ProcessWord();
  errno = saved_errno;
  if (word == nullptr) return ZX_ERR_NO_MEMORY;
  if (InForkedChild()) return ZX_ERR_BAD_STATE;
  uint32_t zeroed = 0;
  word->compare_exchange_strong(zeroed, internal::kOwn);
  *out = word;
  return ZX_OK;
}

}  // namespace

// In this order: where uses are seen the word had been set before, unless a fork has zeroed it.
bool InForkedChild() noexcept { return g_uses.load() != 0 && g_process_word.load()->load() == 0; }

// A child that is forked between any two of these steps finds no lock held: it does not matter
// whether it is refused.
zx_status_t internal::EnterLibraryFirst() noexcept {
  std::atomic<uint32_t>* word = nullptr;
  const zx_status_t status = Own(&word);
  if (status != ZX_OK) return status;
  g_uses.fetch_or(kForGoodUse);
  word->store(internal::kForGood);
  return ZX_OK;
}

bool IsProcessOfTheLibrary() noexcept {
  // acquire: as in EnterLibrary().
  return g_process_word.load(std::memory_order_acquire)->load(std::memory_order_relaxed) ==
             internal::kForGood &&
         g_children_are_told.load(std::memory_order_relaxed);
}

PassingUse::PassingUse() noexcept {
  std::atomic<uint32_t>* word = nullptr;
  status_ = Own(&word);
  if (status_ == ZX_OK) g_uses.fetch_add(1);
}

PassingUse::~PassingUse() {
  if (status_ == ZX_OK) g_uses.fetch_sub(1);
}

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
