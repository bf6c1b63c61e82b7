// RememberedHandle: a handle that somebody asks for again and again, found without a pin: its slot
// is looked at, and says whether the value still names the same object. What keeps the object alive
// meanwhile is the caller's: a reference of its own.
//
// Not asked in a forked child, where the table is not the process's: who asks has passed the guard
// at the library's door (base/fork_guard.h).
//
// Thread safety: one thread's own; the handle may be closed by any.

#pragma once

#include <zircon/types.h>

#include <atomic>

#include "handles/handle_table.h"
#include "handles/slot.h"

namespace zircon::handles {

class RememberedHandle {
 public:
  constexpr RememberedHandle() = default;
  // `found` by `value`.
  RememberedHandle(zx_handle_t value, const HandleRef& found)
      : slot_(found.slot_), object_(found.object()), life_(found.life_), value_(value) {}

  // The object, if `value` is the handle, still open, and has all of `rights`; else null: a lookup
  // says why.
  Dispatcher* Find(zx_handle_t value, zx_rights_t rights) const {
    if (value != value_ || slot_ == nullptr) return nullptr;
    // acquire, both: what the slot says next is of this life or of a later one. The object tells
    // them apart: a later life of the same object under the same value is as good.
    if (Slot::LifeOf(slot_->word.load(std::memory_order_acquire)) != life_) return nullptr;
    const zx_rights_t held = slot_->rights.load(std::memory_order_acquire);
    // relaxed: it is compared, and not followed.
    if (slot_->object.load(std::memory_order_relaxed) != object_) return nullptr;
    return (held & rights) == rights ? object_ : nullptr;
  }

 private:
  const Slot* slot_ = nullptr;
  Dispatcher* object_ = nullptr;
  uint32_t life_ = 0;
  zx_handle_t value_ = ZX_HANDLE_INVALID;
};

}  // namespace zircon::handles
