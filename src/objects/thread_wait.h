// ThreadWait: a thread that sleeps until one of several objects has a signal it waits for, or a
// handle is closed. For zx_object_wait_one() and zx_object_wait_many().
//
//   ThreadWait wait;
//   wait.Add(waitable, handle_ref, handle, ZX_EVENT_SIGNALED);
//   zx_status_t status = wait.Finish(deadline);
//   wait.pending(0);
//
// Ownership: it holds the objects, not the handles' places in the table. Thread safety: belongs to
// the thread that waits.

#pragma once

#include <zircon/types.h>

#include <array>
#include <cstddef>
#include <optional>

#include "base/ref_ptr.h"
#include "objects/parker.h"
#include "objects/waitable.h"

namespace zircon::objects {

class ThreadWait {
 public:
  static constexpr size_t kMaxItems = 64;

  ThreadWait() = default;
  ~ThreadWait() { Leave(); }
  ThreadWait(const ThreadWait&) = delete;
  ThreadWait& operator=(const ThreadWait&) = delete;

  // At most kMaxItems times. The object may match at once.
  void Add(base::RefPtr<Waitable> object, const handles::HandleRef& ref, zx_handle_t handle,
           zx_signals_t wanted);
  // ZX_OK when an object matched, ZX_ERR_CANCELED when a handle was closed (that wins), or
  // ZX_ERR_TIMED_OUT at `deadline` (absolute monotonic nanoseconds). Once.
  [[nodiscard]] zx_status_t Finish(zx_time_t deadline);
  // After Finish(): the signals of the item when it matched, or else when the wait ended, with
  // ZX_SIGNAL_HANDLE_CLOSED if its handle was closed.
  zx_signals_t pending(size_t index) const { return items_[index]->seen; }

 private:
  enum class State { kWaiting, kMatched, kClosed };

  struct Item final : SignalObserver {
    Item(ThreadWait* the_wait, base::RefPtr<Waitable> the_object, zx_handle_t handle,
         zx_signals_t the_wanted)
        : SignalObserver(handle, {.active = the_wanted}),
          wait(the_wait),
          object(std::move(the_object)),
          wanted(the_wanted) {}

    Next OnArrival(zx_signals_t active) override { return Look(active); }
    Next OnChange(zx_signals_t /*before*/, zx_signals_t active) override { return Look(active); }
    void OnHandleGone(zx_signals_t active) override;
    Next Look(zx_signals_t active);

    ThreadWait* const wait;
    const base::RefPtr<Waitable> object;
    const zx_signals_t wanted;
    // Both under the object's lock, until Leave() has been through.
    State state = State::kWaiting;
    zx_signals_t seen = 0;
  };

  // Nobody touches this afterwards.
  void Leave();

  // Unparked by each item that is done; Leave() waits for the last of them.
  Parker parker_;
  size_t count_ = 0;
  std::array<std::optional<Item>, kMaxItems> items_;
};

}  // namespace zircon::objects
