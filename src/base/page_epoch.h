// The page epoch: how often the library has taken pages of this process away from the program, or
// changed what may be done with them. Whoever remembers something about the program's pages
// remembers the epoch with it, and forgets both when it has passed.
//
//   munmap(...);                               const uint64_t epoch = base::PageEpochToRemember();
//   base::PagesHaveChanged();                  if (Probe(page)) Remember(page, epoch);
//                                              ...
//                                              if (epoch == base::PageEpoch()) it is as it was
//
// The epoch is 0 in a forked child, and before anything is remembered. A child's first one has not
// been before: what its parent had under way is not known.
//
// Thread safety: any thread.

#pragma once

#include <atomic>
#include <cstdint>

#include "base/wiped_page.h"

namespace zircon::base {

namespace internal {

// What the epochs come from: a fork leaves it as it is.
inline constinit std::atomic<uint64_t> g_page_changes{0};

// The epoch becomes this, unless it has come further.
inline void RaisePageEpoch(uint64_t to) {
  std::atomic<uint64_t>& epoch = g_wiped_page.page_epoch;
  // relaxed: the exchange decides.
  uint64_t seen = epoch.load(std::memory_order_relaxed);
  // release: who sees the epoch sees the change.
  while (seen < to && !epoch.compare_exchange_weak(seen, to, std::memory_order_release,
                                                   std::memory_order_relaxed)) {
  }
}

}  // namespace internal

// 0: nothing is remembered.
inline uint64_t PageEpoch() {
  // acquire: nothing is looked at before. Who knows of a change in another way sees its epoch.
  return internal::g_wiped_page.page_epoch.load(std::memory_order_acquire);
}

// After the change, and before the call that has made it returns.
inline void PagesHaveChanged() {
  // acq_rel: the changes that the number counts come before the epoch, those of other threads too.
  internal::RaisePageEpoch(1 + internal::g_page_changes.fetch_add(1, std::memory_order_acq_rel));
}

// Before the pages are looked at; never 0.
inline uint64_t PageEpochToRemember() {
  const uint64_t epoch = PageEpoch();
  if (epoch != 0) [[likely]]
    return epoch;
  PagesHaveChanged();
  return PageEpoch();
}

}  // namespace zircon::base
