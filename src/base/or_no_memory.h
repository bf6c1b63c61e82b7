// OrNoMemory: where std::bad_alloc becomes a status. For work that wants memory before it changes
// anything.
//
//   return base::OrNoMemory([&] {
//     regions_.emplace(address, region);
//     return ZX_OK;
//   });
//
// Locks are taken inside, or before it with AssertHeld() inside: the analysis of locks does not
// look from a lambda at what is around it.

#pragma once

#include <zircon/errors.h>
#include <zircon/types.h>

#include <new>

namespace zircon::base {

// no_memory: what a call that has no status gives instead.
template <typename Result = zx_status_t, typename Work>
inline Result OrNoMemory(Work work, Result no_memory = ZX_ERR_NO_MEMORY) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return no_memory;
  }
}

}  // namespace zircon::base
