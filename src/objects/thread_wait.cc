#include "objects/thread_wait.h"

#include <utility>

namespace zircon::objects {

SignalObserver::Next ThreadWait::Item::Look(zx_signals_t active) {
  if ((active & wanted) == 0) return Next::kStay;
  state = State::kMatched;
  seen = active;
  wait->parker_.UnparkLater();
  return Next::kLeave;
}

void ThreadWait::Item::OnHandleGone(zx_signals_t active) {
  state = State::kClosed;
  seen = active | ZX_SIGNAL_HANDLE_CLOSED;
  wait->parker_.UnparkLater();
}

void ThreadWait::Add(base::RefPtr<Waitable> object, const handles::HandleRef& ref,
                     zx_handle_t handle, zx_signals_t wanted) {
  Item& item = items_[count_++].emplace(this, std::move(object), handle, wanted);
  item.object->AddObserver(&item, ref);
}

zx_status_t ThreadWait::Finish(zx_time_t deadline) {
  (void)parker_.Park(deadline);
  Leave();
  // What happened until the wait was over counts, whatever the clock says.
  zx_status_t status = ZX_ERR_TIMED_OUT;
  for (size_t i = 0; i < count_; ++i) {
    Item& item = *items_[i];
    if (item.state == State::kClosed) return ZX_ERR_CANCELED;
    if (item.state == State::kMatched) status = ZX_OK;
  }
  return status;
}

void ThreadWait::Leave() {
  for (size_t i = 0; i < count_; ++i) {
    Item& item = *items_[i];
    item.object->RemoveObserver(&item);
    if (item.state == State::kWaiting) item.seen = item.object->signals();
  }
}

}  // namespace zircon::objects
