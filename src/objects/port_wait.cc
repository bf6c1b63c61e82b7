#include "objects/port_wait.h"

#include <algorithm>
#include <utility>

#include "base/monotonic.h"

namespace zircon::objects {

PortWait::PortWait(base::RefPtr<Port> port, uint64_t key, Waitable* source, zx_handle_t handle,
                   zx_signals_t trigger, Options options) noexcept
    : SignalObserver(handle, options.edge ? Watched{.rising = trigger} : Watched{.active = trigger},
                     port.get(), key),
      port_(std::move(port)),
      source_(source),
      trigger_(trigger),
      options_(options) {
  packet_.kind = PortPacket::Kind::kSignal;
  packet_.wait = this;
  packet_.packet = {};
  packet_.packet.key = key;
  packet_.packet.type = ZX_PKT_TYPE_SIGNAL_ONE;
  packet_.packet.signal.trigger = trigger;
  packet_.packet.signal.count = 1;
}

zx_status_t PortWait::Begin(base::RefPtr<Port> port, uint64_t key, const handles::HandleRef& ref,
                            zx_handle_t handle, zx_signals_t trigger, Options options) {
  Waitable* const source = static_cast<Waitable*>(ref.object());
  const auto wait = base::RefPtr<PortWait>::Adopt(
      NEW_OR_NULL(PortWait(std::move(port), key, source, handle, trigger, options)));
  if (!wait) return ZX_ERR_NO_MEMORY;
  wait->AddRef();  // the object
  source->AddObserver(wait.get(), ref);
  return wait->begun_;
}

SignalObserver::Next PortWait::OnArrival(zx_signals_t active) {
  begun_ = port_->BeginWait(this);
  if (begun_ != ZX_OK) return Next::kLeave;
  if (options_.edge || (active & trigger_) == 0) return Next::kStay;
  const uint64_t queued = options_.count_queue ? source_->queued_messages() : 0;
  return Fire(active, std::max<uint64_t>(queued, 1));
}

SignalObserver::Next PortWait::OnChange(zx_signals_t /*before*/, zx_signals_t active) {
  return Fire(active, 1);
}

zx_time_t PortWait::TimeOfMatch() const {
  switch (options_.timestamp) {
    case Timestamp::kMonotonic:
      return base::MonotonicNow();
    case Timestamp::kBoot:
      return base::BootNow();
    case Timestamp::kNone:
      break;
  }
  return 0;
}

SignalObserver::Next PortWait::Fire(zx_signals_t active, uint64_t count) {
  // Cancelled meanwhile, it leaves too.
  const bool stays = port_->FireWait(this, active, count, TimeOfMatch(), options_.repeating);
  return stays ? Next::kStay : Next::kLeave;
}

void PortWait::OnLeft() {
  port_->EndWait(this);
  Release();
}

}  // namespace zircon::objects
