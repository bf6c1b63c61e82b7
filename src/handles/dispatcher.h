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
  // Whether its handles may be remembered (handles/remembered_handle.h).
  bool handles_are_remembered() const { return handles_are_remembered_; }
  // Of such an object: how many of its handles have begun to leave the table, in the upper half,
  // and in the lower half how many have left it.
  uint64_t departures() const {
    // acquire: pairs with EndDeparture(): of those that have left the slots say so.
    return departures_.load(std::memory_order_acquire);
  }
  // Before and after a handle leaves. release: the one comes before what the slot says then, which
  // is published by itself, and the other after it.
  void BeginDeparture() { departures_.fetch_add(kBegun, std::memory_order_release); }
  void EndDeparture() { departures_.fetch_add(1, std::memory_order_release); }
  static bool NoneIsUnderWay(uint64_t departures) {
    return departures / kBegun == departures % kBegun;
  }
  // acquire: whoever sees zero sees what was done through the handles.
  uint32_t handle_count() const { return handle_count_.load(std::memory_order_acquire); }

 protected:
  enum class Handles { kForgotten, kRemembered };
  explicit Dispatcher(zx_obj_type_t type, Handles handles = Handles::kForgotten) noexcept;
  ~Dispatcher() override = default;

  // The last handle was closed. References may remain; no duplicate can appear. Called with no lock
  // held, in the thread that closed the handle.
  virtual void OnZeroHandles() {}

 private:
  static constexpr uint64_t kBegun = uint64_t{1} << 32;

  const zx_obj_type_t type_;
  const bool handles_are_remembered_;
  const zx_koid_t koid_;
  // After 2^32 departures some seem to be under way for ever, and nothing is remembered any more.
  std::atomic<uint64_t> departures_{0};
  std::atomic<uint32_t> handle_count_{0};
};

}  // namespace zircon::handles
