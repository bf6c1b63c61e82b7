// Dispatcher: the base of every object that a handle can name. It knows its type and koid, counts
// the handles that name it apart from the references that keep it alive, and is told when the last
// handle goes (a port becomes dead then, although a trap may still refer to it).
//
// Ownership: handles hold references; so do mappings, traps and calls in progress.
// Thread safety: all of it may be called from any thread.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include <atomic>

#include "base/name.h"
#include "base/ref_ptr.h"

namespace zircon::handles {

class Dispatcher : public base::RefCounted {
 public:
  zx_obj_type_t type() const { return type_; }
  // Never reused within the process; the first is 1024.
  zx_koid_t koid() const { return koid_; }
  virtual zx_koid_t related_koid() const { return 0; }
  // Null for an object that has no name.
  virtual base::Name* name() { return nullptr; }
  // Whether it has signals: then it is an objects::Waitable.
  virtual bool is_waitable() const { return false; }
  // `handle` leaves the table for good, and with it the waits that were begun through it. Called
  // with no lock held, after lookups of the handle fail and before it stops to count.
  virtual void CancelWaits(zx_handle_t /*handle*/) {}

  // The handle table counts; others only for a handle that is on its way (in a message, say).
  // relaxed: a new handle is published by the table, the count itself orders nothing.
  void AddHandle() { handle_count_.fetch_add(1, std::memory_order_relaxed); }
  // A further handle to an object that may lose its last one meanwhile: false when it has none, for
  // then OnZeroHandles() has been, or is about to be, called.
  [[nodiscard]] bool TryAddHandle() {
    // relaxed, both: as in AddHandle().
    uint32_t seen = handle_count_.load(std::memory_order_relaxed);
    while (seen != 0) {
      if (handle_count_.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }
  void DropHandle() {
    // acq_rel: whoever sees zero sees what was done through the other handles.
    if (handle_count_.fetch_sub(1, std::memory_order_acq_rel) == 1) OnZeroHandles();
  }
  // acquire: whoever sees zero sees what was done through the handles.
  uint32_t handle_count() const { return handle_count_.load(std::memory_order_acquire); }

 protected:
  explicit Dispatcher(zx_obj_type_t type) noexcept;
  ~Dispatcher() override = default;

  // The last handle was closed. References may remain; no duplicate can appear. Called with no lock
  // held, in the thread that closed the handle.
  virtual void OnZeroHandles() {}

 private:
  const zx_obj_type_t type_;
  const zx_koid_t koid_;
  std::atomic<uint32_t> handle_count_{0};
};

}  // namespace zircon::handles
