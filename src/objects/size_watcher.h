// SizeWatcher: one who must know before the pages that it points at are gone, and when there are
// more: a guest's memory slots.
//
// Ownership: the pages hold their watchers, which say when whom they watch for has gone.
// Thread safety: any thread.

#pragma once

#include <zircon/types.h>

#include <cstdint>

#include "base/ref_ptr.h"

namespace zircon::objects {

class VmoPages;

class SizeWatcher : public base::RefCounted {
 public:
  // The pages have `size` bytes from now on. When there are fewer, those behind are still there
  // until this returns, and nobody uses them afterwards. When there are more they may be used; the
  // first error undoes the resize, by a call with the old size.
  [[nodiscard]] virtual zx_status_t OnResize(const VmoPages* pages, uint64_t size) = 0;
  // Whether nobody looks any more. Takes no lock.
  virtual bool gone() const = 0;
};

}  // namespace zircon::objects
