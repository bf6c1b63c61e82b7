// RememberedHandle: a handle that somebody asks for again and again, found without the table: the
// object itself says whether one of its handles has left the table since. What keeps the object
// alive meanwhile is the caller's: a reference of its own.
//
// Who remembers reads the object's departures first and looks then whether the slot is still of
// the handle; who takes the handle out of the table counts in the object, changes the slot, and
// counts once more (HandleTable::RetireRemembered). So where none was under way, and the handle was
// there after that, a departure that takes it begins later, and changes what was read. And whoever
// has seen the handle gone, by its slot, sees that too.
//
// Not asked in a forked child, where the table is not the process's: who asks has passed the guard
// at the library's door (base/fork_guard.h).
//
// Thread safety: one thread's own; the handle may be closed by any.

#pragma once

#include <zircon/types.h>

#include <cstdint>

#include "handles/handle_table.h"

namespace zircon::handles {

class RememberedHandle {
 public:
  constexpr RememberedHandle() = default;
  // `found` by `value`, to an object whose handles may be remembered. Empty where the handle is
  // leaving the table, or another of the object's.
  RememberedHandle(zx_handle_t value, const HandleRef& found) {
    const uint64_t departures = found.object()->departures();
    // In this order: see above.
    if (!Dispatcher::NoneIsUnderWay(departures) || !found.still_open()) return;
    object_ = found.object();
    departures_ = departures;
    rights_ = found.rights();
    value_ = value;
  }

  // The object, if `value` is the handle, still open, and has all of `rights`; else null: a lookup
  // says why.
  Dispatcher* Find(zx_handle_t value, zx_rights_t rights) const {
    if (value != value_ || (rights & ~rights_) != 0) return nullptr;
    Dispatcher* const object = object_;
    if (object == nullptr || object->departures() != departures_) return nullptr;
    return object;
  }

 private:
  Dispatcher* object_ = nullptr;
  uint64_t departures_ = 0;
  zx_rights_t rights_ = 0;
  zx_handle_t value_ = ZX_HANDLE_INVALID;
};

}  // namespace zircon::handles
