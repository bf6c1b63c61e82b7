// Waitable: an object with signals, and those who wait for them: threads (objects/thread_wait.h)
// and ports (objects/port_wait.h). A wait belongs to the handle that it was begun through.
//
// Lock order: an object's own lock, then the Waitable's, then a port's. So an object may change its
// signals while it holds its own lock, which keeps its state and its signals in step.
//
// Ownership: observers belong to those who wait. Thread safety: any thread.

#pragma once

#include <zircon/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/short_lock.h"
#include "handles/dispatcher.h"
#include "handles/handle_table.h"
#include "objects/linked_tree.h"

namespace zircon::objects {

// Somebody who waits at one Waitable. All calls come with the Waitable's lock held; they do not
// block, and lock at most a port.
class SignalObserver;

// What an observer waits for: to find one of `active` active, or one of `rising` become so.
struct Watched {
  zx_signals_t active = 0;
  zx_signals_t rising = 0;

  bool MeetsChange(zx_signals_t before, zx_signals_t after) const {
    return ((active & after) | (rising & after & ~before)) != 0;
  }
};

// The newest first, as Zircon tells them. A branch knows what its observers watch.
struct ByArrival {
  using Summary = Watched;
  static Watched Of(const SignalObserver& observer);
  static Watched Join(const Watched& a, const Watched& b) {
    return {a.active | b.active, a.rising | b.rising};
  }
};

// By handle, and those of one by the port and its key.
struct ByHandle {
  using Summary = NoSummary;
  static bool Before(const SignalObserver& a, const SignalObserver& b);
};

class SignalObserver : public InTree<SignalObserver, ByArrival>,
                       public InTree<SignalObserver, ByHandle> {
 public:
  enum class Next { kStay, kLeave };

  // `port` and `key` name the wait of a port.
  SignalObserver(zx_handle_t handle, Watched watched, const handles::Dispatcher* port = nullptr,
                 uint64_t key = 0) noexcept
      : handle_(handle), watched_(watched), port_(port), key_(key) {}
  zx_handle_t handle() const { return handle_; }

  // The observer has come to an object with these signals.
  virtual Next OnArrival(zx_signals_t active) = 0;
  // They have changed, and meet what it watches.
  virtual Next OnChange(zx_signals_t before, zx_signals_t active) = 0;
  // The handle has gone, and the observer is out of the list.
  virtual void OnHandleGone(zx_signals_t active) = 0;
  // It is out of the list for another reason, and may go.
  virtual void OnLeft() {}

 protected:
  virtual ~SignalObserver() = default;

 private:
  friend class Waitable;
  friend struct ByArrival;
  friend struct ByHandle;

  // What ByHandle goes by.
  struct Name {
    zx_handle_t handle;
    const handles::Dispatcher* port;
    uint64_t key;
  };
  bool IsBefore(const Name& name) const;

  const zx_handle_t handle_;
  const Watched watched_;
  const handles::Dispatcher* const port_;
  const uint64_t key_;
  bool listed_ = false;
};

inline Watched ByArrival::Of(const SignalObserver& observer) { return observer.watched_; }

class Waitable : public handles::Dispatcher {
 public:
  // Null unless `object` is one.
  static Waitable* From(handles::Dispatcher* object) {
    return object->is_waitable() ? static_cast<Waitable*>(object) : nullptr;
  }

  bool is_waitable() const final { return true; }
  // relaxed: who needs more than a glance becomes an observer.
  zx_signals_t signals() const { return signals_.load(std::memory_order_relaxed); }
  // Clears first, then sets; one change, whatever observers there are.
  void UpdateSignals(zx_signals_t clear, zx_signals_t set);

  // What zx_object_signal() may change.
  virtual zx_signals_t user_signals() const { return ZX_USER_SIGNAL_ALL; }
  // zx_object_signal_peer() behind the handle checks.
  [[nodiscard]] virtual zx_status_t SignalPeer(zx_signals_t /*clear*/, zx_signals_t /*set*/) {
    return ZX_ERR_NOT_SUPPORTED;
  }
  // Of a channel: what its readers find.
  virtual size_t queued_messages() const { return 0; }

  // OnArrival(), and if it stays, it is in the list. Nothing but OnHandleGone() if `handle` has
  // been closed since it was looked up.
  void AddObserver(SignalObserver* observer, const handles::HandleRef& handle);
  // If it is in the list, OnLeft() as for all that leave. No call of it is under way afterwards.
  void RemoveObserver(SignalObserver* observer);
  // Removes the waits of that port with that key that were begun through that handle. Whether there
  // was one.
  bool RemoveWaits(zx_handle_t handle, const handles::Dispatcher* port, uint64_t key);

  void CancelWaits(zx_handle_t handle) final;

 protected:
  Waitable(zx_obj_type_t type, zx_signals_t initial, Handles handles = Handles::kForgotten) noexcept
      : Dispatcher(type, handles), signals_(initial) {}

 private:
  // UpdateSignals(), where the change concerns somebody: `first`, and perhaps others.
  void TellAndUnlock(SignalObserver* first, zx_signals_t before, zx_signals_t active)
      ABSL_UNLOCK_FUNCTION(waits_lock_);
  void Enter(SignalObserver* observer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(waits_lock_);
  void Leave(SignalObserver* observer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(waits_lock_);

  base::ShortLock waits_lock_;
  // Written under the lock.
  std::atomic<zx_signals_t> signals_;
  // The same observers in both. Each was begun through a handle that still counts, so that they are
  // gone before the object is.
  LinkedTree<SignalObserver, ByArrival> observers_ ABSL_GUARDED_BY(waits_lock_);
  LinkedTree<SignalObserver, ByHandle> by_handle_ ABSL_GUARDED_BY(waits_lock_);
};

}  // namespace zircon::objects
