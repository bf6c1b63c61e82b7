// DetachedHandle: a handle that has left the table and still counts for its object: in a message,
// or in the hands of a call that consumes it. Dropping it closes it.
//
//   DetachedHandle handle;
//   zx_status_t status = table.Detach(value, &handle);
//   ...
//   status = table.Attach(std::move(handle), &new_value);
//
// Thread safety: as a pointer.

#pragma once

#include <zircon/types.h>

#include <utility>

#include "base/ref_ptr.h"
#include "handles/dispatcher.h"

namespace zircon::handles {

class DetachedHandle {
 public:
  DetachedHandle() = default;
  // Takes over the handle count that the handle `value` had.
  DetachedHandle(base::RefPtr<Dispatcher> object, zx_rights_t rights, zx_handle_t value)
      : object_(std::move(object)), rights_(rights), value_(value) {}
  DetachedHandle(DetachedHandle&&) noexcept = default;
  DetachedHandle& operator=(DetachedHandle&& other) noexcept {
    if (this == &other) return *this;
    reset();
    object_ = std::move(other.object_);
    rights_ = other.rights_;
    value_ = other.value_;
    return *this;
  }
  ~DetachedHandle() { reset(); }

  explicit operator bool() const { return static_cast<bool>(object_); }
  Dispatcher* object() const { return object_.get(); }
  zx_rights_t rights() const { return rights_; }
  void set_rights(zx_rights_t rights) { rights_ = rights; }

  // Closes it.
  void reset() {
    if (object_) Land()->DropHandle();
  }
  // Ends the waits that were begun through it, and gives the object with the handle count to the
  // caller.
  [[nodiscard]] base::RefPtr<Dispatcher> Land() {
    object_->CancelWaits(value_);
    return std::exchange(object_, nullptr);
  }

 private:
  base::RefPtr<Dispatcher> object_;
  zx_rights_t rights_ = 0;
  zx_handle_t value_ = ZX_HANDLE_INVALID;
};

}  // namespace zircon::handles
