#include "objects/waitable.h"

namespace zircon::objects {
namespace {

// For loops that may take out what they stand on.
SignalObserver* After(const SignalObserver* observer) {
  return LinkedList<SignalObserver>::Next(observer);
}

}  // namespace

void Waitable::Leave(SignalObserver* observer) {
  observers_.Remove(observer);
  observer->listed_ = false;
}

void Waitable::UpdateSignals(zx_signals_t clear, zx_signals_t set) {
  base::ShortLockScope scope(waits_lock_);
  const zx_signals_t before = signals();
  const zx_signals_t active = (before & ~clear) | set;
  if (active == before) return;
  // relaxed: as in signals().
  signals_.store(active, std::memory_order_relaxed);
  SignalObserver* next;
  for (SignalObserver* at = observers_.front(); at != nullptr; at = next) {
    next = After(at);
    if (at->OnChange(before, active) == SignalObserver::Next::kStay) continue;
    Leave(at);
    at->OnLeft();
  }
}

void Waitable::AddObserver(SignalObserver* observer, const handles::HandleRef& handle) {
  base::ShortLockScope scope(waits_lock_);
  if (!handle.still_open()) {
    observer->OnHandleGone(signals());
    return;
  }
  if (observer->OnArrival(signals()) == SignalObserver::Next::kLeave) {
    observer->OnLeft();
    return;
  }
  observers_.PushFront(observer);
  observer->listed_ = true;
}

void Waitable::RemoveObserver(SignalObserver* observer) {
  base::ShortLockScope scope(waits_lock_);
  if (!observer->listed_) return;
  Leave(observer);
  observer->OnLeft();
}

bool Waitable::RemoveWaits(zx_handle_t handle, const handles::Dispatcher* port, uint64_t key) {
  base::ShortLockScope scope(waits_lock_);
  bool found = false;
  SignalObserver* next;
  for (SignalObserver* at = observers_.front(); at != nullptr; at = next) {
    next = After(at);
    if (at->handle() != handle || !at->IsFor(port, key)) continue;
    Leave(at);
    at->OnLeft();
    found = true;
  }
  return found;
}

void Waitable::CancelWaits(zx_handle_t handle) {
  base::ShortLockScope scope(waits_lock_);
  SignalObserver* next;
  for (SignalObserver* at = observers_.front(); at != nullptr; at = next) {
    next = After(at);
    if (at->handle() != handle) continue;
    Leave(at);
    at->OnHandleGone(signals());
  }
}

}  // namespace zircon::objects
