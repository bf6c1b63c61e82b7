// The page epoch: how often the library has taken pages of this process away from the program, or
// changed what may be done with them. Whoever remembers something about the program's pages
// remembers the epoch with it, and forgets both when it has passed.
//
//   munmap(...);                               const uint64_t epoch = base::PageEpoch();
//   base::PagesHaveChanged();                  if (Probe(page)) Remember(page, epoch);
//
// Thread safety: any thread.

#pragma once

#include <atomic>
#include <cstdint>

namespace zircon::base {

namespace internal {

inline constinit std::atomic<uint64_t> g_page_epoch{0};

}  // namespace internal

// Before the pages are looked at.
inline uint64_t PageEpoch() {
  // acquire: nothing is looked at before. Who knows of a change in another way sees its epoch.
  return internal::g_page_epoch.load(std::memory_order_acquire);
}

// After the change, and before the call that has made it returns.
inline void PagesHaveChanged() {
  // release: who sees the epoch sees the change.
  internal::g_page_epoch.fetch_add(1, std::memory_order_release);
}

}  // namespace zircon::base
