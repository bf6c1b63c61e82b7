#include "objects/interrupt.h"

#include <zircon/errors.h>

#include <utility>

namespace zircon::objects {
namespace {

constexpr zx_signals_t kUntriggered = ZX_VIRTUAL_INTERRUPT_UNTRIGGERED;

}  // namespace

Interrupt::Interrupt() noexcept : Waitable(kType, kUntriggered) {
  packet_.kind = PortPacket::Kind::kInterrupt;
}

void Interrupt::EndWait(zx_status_t status, zx_time_t timestamp) {
  Waiter* const waiter = std::exchange(waiter_, nullptr);
  if (waiter == nullptr) return;
  waiter->status = status;
  waiter->timestamp = timestamp;
  waiter->parker.Unpark();
}

void Interrupt::QueuePacket(zx_time_t timestamp) {
  // The one before has been taken, or withdrawn: nobody else looks at it now.
  packet_.packet.status = ZX_OK;
  packet_.packet.type = ZX_PKT_TYPE_INTERRUPT;
  packet_.packet.interrupt = {};
  packet_.packet.interrupt.timestamp = timestamp;
  port_->QueueInterrupt(&packet_);
}

zx_status_t Interrupt::Trigger(zx_time_t timestamp) {
  base::MutexLock lock(mutex_);
  switch (state_) {
    case State::kDestroyed:
      return ZX_ERR_CANCELED;
    case State::kIdle:
      if (port_) {
        QueuePacket(timestamp);
        state_ = State::kNeedAck;
      } else {
        timestamp_ = timestamp;
        state_ = State::kTriggered;
      }
      break;
    case State::kWaiting:
      EndWait(ZX_OK, timestamp);
      state_ = State::kNeedAck;
      break;
    case State::kTriggered:
      break;
    case State::kNeedAck:
      if (!again_) timestamp_ = timestamp;
      again_ = true;
      break;
  }
  UpdateSignals(kUntriggered, 0);
  return ZX_OK;
}

zx_status_t Interrupt::Wait(zx_time_t* timestamp) {
  Waiter waiter;
  {
    base::MutexLock lock(mutex_);
    if (port_) return ZX_ERR_BAD_STATE;
    if (state_ == State::kDestroyed) return ZX_ERR_CANCELED;
    if (state_ == State::kWaiting) return ZX_ERR_BAD_STATE;
    if (state_ == State::kTriggered || again_) {
      again_ = false;
      state_ = State::kNeedAck;
      *timestamp = timestamp_;
      return ZX_OK;
    }
    state_ = State::kWaiting;
    waiter_ = &waiter;
    UpdateSignals(0, kUntriggered);
  }
  (void)waiter.parker.Park(ZX_TIME_INFINITE);
  *timestamp = waiter.timestamp;
  return waiter.status;
}

zx_status_t Interrupt::Bind(base::RefPtr<Port> port, uint64_t key) {
  base::MutexLock lock(mutex_);
  if (state_ == State::kDestroyed) return ZX_ERR_CANCELED;
  if (state_ == State::kWaiting) return ZX_ERR_BAD_STATE;
  if (port_) return ZX_ERR_ALREADY_BOUND;
  port_ = std::move(port);
  packet_.packet.key = key;
  if (state_ == State::kTriggered) {
    QueuePacket(timestamp_);
    state_ = State::kNeedAck;
  }
  return ZX_OK;
}

zx_status_t Interrupt::Unbind(const Port* port) {
  base::RefPtr<Port> unbound;
  base::MutexLock lock(mutex_);
  if (port_.get() != port) return ZX_ERR_NOT_FOUND;
  if (state_ == State::kDestroyed) return ZX_ERR_CANCELED;
  unbound = std::move(port_);
  // What nobody has seen needs no acknowledgement.
  if (unbound->WithdrawInterrupt(&packet_)) {
    state_ = State::kIdle;
    again_ = false;
    UpdateSignals(0, kUntriggered);
  }
  return ZX_OK;
}

zx_status_t Interrupt::Ack() {
  base::MutexLock lock(mutex_);
  if (!port_) return ZX_ERR_BAD_STATE;
  if (state_ == State::kDestroyed) return ZX_ERR_CANCELED;
  if (state_ != State::kNeedAck) return ZX_OK;
  if (port_->IsQueued(&packet_)) return ZX_ERR_BAD_STATE;
  if (again_) {
    again_ = false;
    QueuePacket(timestamp_);
    return ZX_OK;
  }
  state_ = State::kIdle;
  UpdateSignals(0, kUntriggered);
  return ZX_OK;
}

zx_status_t Interrupt::Destroy() {
  base::MutexLock lock(mutex_);
  if (state_ == State::kDestroyed) return ZX_OK;
  const bool taken = port_ && !port_->WithdrawInterrupt(&packet_) && state_ == State::kNeedAck;
  state_ = State::kDestroyed;
  EndWait(ZX_ERR_CANCELED, 0);
  UpdateSignals(0, kUntriggered);
  return taken ? ZX_ERR_NOT_FOUND : ZX_OK;
}

}  // namespace zircon::objects
