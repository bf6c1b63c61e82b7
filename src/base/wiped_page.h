// WipedPage: the words that a fork zeroes, for those who ask them at every call: they share a page,
// which is all that an exit touches for them. Each has its owner:
//
//   process     base/fork_guard.h, which also tells the kernel to zero the page
//   page_epoch  base/page_epoch.h
//
// Thread safety: as the owners say.

#pragma once

#include <atomic>
#include <cstdint>

namespace zircon::base::internal {

struct alignas(4096) WipedPage {
  std::atomic<uint32_t> process{0};
  std::atomic<uint64_t> page_epoch{0};
};
static_assert(sizeof(WipedPage) == 4096);

// In memory that belongs to no file, as the kernel wants it: all of it is zero. Hidden: reached
// without the table of addresses.
extern constinit WipedPage g_wiped_page __attribute__((visibility("hidden")));

}  // namespace zircon::base::internal
