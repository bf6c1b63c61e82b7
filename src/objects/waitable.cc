#include "objects/waitable.h"

#include <tuple>

#include "base/later_wakes.h"

namespace zircon::objects {

bool SignalObserver::IsBefore(const Name& name) const {
  return std::tie(handle_, port_, key_) < std::tie(name.handle, name.port, name.key);
}

bool ByHandle::Before(const SignalObserver& a, const SignalObserver& b) {
  return a.IsBefore({b.handle_, b.port_, b.key_});
}

void Waitable::Enter(SignalObserver* observer) {
  observers_.PushFront(observer);
  by_handle_.Insert(observer);
  observer->listed_ = true;
}

void Waitable::Leave(SignalObserver* observer) {
  observers_.Remove(observer);
  by_handle_.Remove(observer);
  observer->listed_ = false;
}

void Waitable::UpdateSignals(zx_signals_t clear, zx_signals_t set) {
  waits_lock_.Lock();
  const zx_signals_t before = signals();
  const zx_signals_t active = (before & ~clear) | set;
  // relaxed: as in signals().
  if (active != before) signals_.store(active, std::memory_order_relaxed);
  SignalObserver* const first =
      active == before ? nullptr : observers_.FirstThat([&](const Watched& watched) {
        return watched.MeetsChange(before, active);
      });
  if (first != nullptr) {
    TellAndUnlock(first, before, active);
  } else {
    waits_lock_.Unlock();
  }
}

void Waitable::TellAndUnlock(SignalObserver* first, zx_signals_t before, zx_signals_t active) {
  // A thread that has waited takes the lock next.
  const base::LaterWakes later;
  const auto concerned = [&](const Watched& watched) {
    return watched.MeetsChange(before, active);
  };
  SignalObserver* next;
  for (SignalObserver* at = first; at != nullptr; at = next) {
    next = observers_.NextThat(at, concerned);
    if (at->OnChange(before, active) == SignalObserver::Next::kStay) continue;
    Leave(at);
    at->OnLeft();
  }
  waits_lock_.Unlock();
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
  Enter(observer);
}

void Waitable::RemoveObserver(SignalObserver* observer) {
  base::ShortLockScope scope(waits_lock_);
  if (!observer->listed_) return;
  Leave(observer);
  observer->OnLeft();
}

bool Waitable::RemoveWaits(zx_handle_t handle, const handles::Dispatcher* port, uint64_t key) {
  base::ShortLockScope scope(waits_lock_);
  SignalObserver* at = by_handle_.FirstNotBefore([&](const SignalObserver& observer) {
    return observer.IsBefore({handle, port, key});
  });
  bool found = false;
  while (at != nullptr && at->handle_ == handle && at->port_ == port && at->key_ == key) {
    SignalObserver* const next = by_handle_.Next(at);
    Leave(at);
    at->OnLeft();
    at = next;
    found = true;
  }
  return found;
}

void Waitable::CancelWaits(zx_handle_t handle) {
  base::ShortLockScope scope(waits_lock_);
  SignalObserver* at = by_handle_.FirstNotBefore(
      [&](const SignalObserver& observer) { return observer.handle_ < handle; });
  while (at != nullptr && at->handle_ == handle) {
    SignalObserver* const next = by_handle_.Next(at);
    Leave(at);
    at->OnHandleGone(signals());
    at = next;
  }
}

}  // namespace zircon::objects
