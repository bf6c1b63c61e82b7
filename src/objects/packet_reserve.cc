#include "objects/packet_reserve.h"

#include <new>
#include <utility>

namespace zircon::objects {

std::unique_ptr<PacketReserve> PacketReserve::Create(base::RefPtr<Port> port, uint64_t key,
                                                     uint32_t capacity) {
  std::unique_ptr<PortPacket[]> packets(new (std::nothrow) PortPacket[capacity]);
  if (packets == nullptr) return nullptr;
  return std::unique_ptr<PacketReserve>(
      NEW_OR_NULL(PacketReserve(std::move(port), key, std::move(packets), capacity)));
}

PacketReserve::PacketReserve(base::RefPtr<Port> port, uint64_t key,
                             std::unique_ptr<PortPacket[]> packets, uint32_t capacity) noexcept
    : port_(std::move(port)), key_(key), packets_(std::move(packets)), capacity_(capacity) {
  base::ShortLockScope scope(port_->lock_);
  for (uint32_t i = 0; i < capacity_; ++i) {
    packets_[i].kind = PortPacket::Kind::kBell;
    packets_[i].reserve = this;
    packets_[i].next_free = std::exchange(free_, &packets_[i]);
  }
  port_->reserves_.Insert(this);
}

PacketReserve::~PacketReserve() {
  base::ShortLockScope scope(port_->lock_);
  (void)Withdraw(UINT64_MAX);
  port_->reserves_.Remove(this);
  while (listeners_.PopFront() != nullptr) {
  }
  while (tellers_ != 0) port_->told_.Wait(port_->lock_);
}

zx_status_t PacketReserve::QueueBell(uint64_t address, RoomListener* listener) {
  zx_port_packet_t bell{};
  bell.key = key_;
  bell.type = ZX_PKT_TYPE_GUEST_BELL;
  bell.guest_bell.addr = address;
  Port::Waiter* waiter;
  {
    base::ShortLockScope scope(port_->lock_);
    if (listener != nullptr) Forget(listener);
    if (port_->dead_) return ZX_ERR_BAD_STATE;
    waiter = port_->HandOver(bell);
    if (waiter == nullptr) {
      PortPacket* const place = free_;
      if (place == nullptr) {
        if (listener != nullptr) listeners_.PushBack(listener);
        return ZX_ERR_SHOULD_WAIT;
      }
      free_ = place->next_free;
      place->packet = bell;
      place->queued = true;
      ++queued_;
      port_->Enqueue(place);
      return ZX_OK;
    }
  }
  waiter->parker.Unpark();
  return ZX_OK;
}

void PacketReserve::RemoveListener(RoomListener* listener) {
  base::ShortLockScope scope(port_->lock_);
  Forget(listener);
}

bool PacketReserve::Withdraw(uint64_t below) {
  bool found = false;
  for (uint32_t i = 0; i < capacity_ && queued_ != 0; ++i) {
    if (!packets_[i].queued || packets_[i].number >= below) continue;
    port_->queues_[static_cast<size_t>(PortPacket::Kind::kBell)].Remove(&packets_[i]);
    TakeBack(&packets_[i]);
    found = true;
  }
  return found;
}

void PacketReserve::TakeBack(PortPacket* packet) {
  packet->queued = false;
  --queued_;
  packet->next_free = std::exchange(free_, packet);
}

bool PacketReserve::BeginTelling() {
  if (listeners_.empty()) return false;
  ++tellers_;
  return true;
}

void PacketReserve::Tell() {
  base::ShortLockScope scope(port_->lock_);
  // A listener may come back at once and be last in the list again; it has had its turn.
  for (size_t left = listeners_.CountSlowly(); left != 0; --left) {
    RoomListener* const listener = listeners_.PopFront();
    if (listener == nullptr) break;
    Call call(listener);
    calls_.PushBack(&call);
    port_->lock_.Unlock();
    listener->OnRoom();
    port_->lock_.Lock();
    calls_.Remove(&call);
    port_->told_.WakeAll(port_->lock_);
  }
  // The last that is done with the reserve: its destructor waits for this.
  --tellers_;
  port_->told_.WakeAll(port_->lock_);
}

void PacketReserve::Forget(RoomListener* listener) {
  if (listeners_.Contains(listener)) listeners_.Remove(listener);
  while (IsBeingCalled(listener)) port_->told_.Wait(port_->lock_);
}

bool PacketReserve::IsBeingCalled(const RoomListener* listener) const {
  for (const Call* call = calls_.front(); call != nullptr; call = LinkedList<Call>::Next(call)) {
    if (call->listener == listener) return true;
  }
  return false;
}

}  // namespace zircon::objects
