#include "objects/port.h"

#include "objects/packet_reserve.h"

namespace zircon::objects {
namespace {

// The test is not idle: a store of part of a packet that was just copied, and is soon copied again,
// costs both copies a stall.
void MakeUserPacket(zx_port_packet_t* packet) {
  if (packet->type != ZX_PKT_TYPE_USER) packet->type = ZX_PKT_TYPE_USER;
}

}  // namespace

Port::Port(uint32_t options) : Dispatcher(kType), options_(options) {}

Port::~Port() = default;

Port::Waiter* Port::HandOver(const zx_port_packet_t& packet) {
  Waiter* const waiter = waiters_.PopFront();
  if (waiter != nullptr) {
    waiter->packet = packet;
    waiter->delivered = true;
  }
  return waiter;
}

zx_status_t Port::Queue(const zx_port_packet_t& packet) {
  Waiter* waiter;
  {
    base::ShortLockScope scope(lock_);
    if (dead_) return ZX_ERR_BAD_STATE;
    waiter = HandOver(packet);
    if (waiter == nullptr) {
      if (user_packets_ > kMaxUserPackets) return ZX_ERR_SHOULD_WAIT;
      PortPacket* const place = pool_.Take();
      if (place == nullptr) return ZX_ERR_NO_MEMORY;
      place->packet = packet;
      MakeUserPacket(&place->packet);
      queue_.PushBack(place);
      ++user_packets_;
      return ZX_OK;
    }
    MakeUserPacket(&waiter->packet);
  }
  waiter->parker.Unpark();
  return ZX_OK;
}

bool Port::Take(zx_port_packet_t* packet, PacketReserve** roomy) {
  PortPacket* const taken = queue_.PopFront();
  if (taken == nullptr) return false;
  *packet = taken->packet;
  PacketReserve* const reserve = taken->reserve;
  if (reserve == nullptr) {
    --user_packets_;
    pool_.Give(taken);
    return true;
  }
  reserve->AssertPortLocked();
  reserve->TakeBack(taken);
  if (reserve->BeginTelling()) *roomy = reserve;
  return true;
}

zx_status_t Port::Wait(zx_time_t deadline, zx_port_packet_t* packet) {
  PacketReserve* roomy = nullptr;
  Waiter waiter;
  bool taken;
  {
    base::ShortLockScope scope(lock_);
    taken = Take(packet, &roomy);
    if (!taken) {
      if (deadline <= 0) return ZX_ERR_TIMED_OUT;  // the clock starts at 0
      waiters_.PushBack(&waiter);
    }
  }
  if (!taken) return Sleep(deadline, &waiter, packet);
  if (roomy != nullptr) roomy->Tell();
  return ZX_OK;
}

zx_status_t Port::Sleep(zx_time_t deadline, Waiter* waiter, zx_port_packet_t* packet) {
  if (!waiter->parker.Park(deadline)) {
    {
      base::ShortLockScope scope(lock_);
      if (!waiter->delivered) {
        waiters_.Remove(waiter);
        return ZX_ERR_TIMED_OUT;
      }
    }
    // Somebody has delivered and is about to unpark.
    (void)waiter->parker.Park(ZX_TIME_INFINITE);
  }
  *packet = waiter->packet;
  return ZX_OK;
}

void Port::OnZeroHandles() {
  {
    base::ShortLockScope scope(lock_);
    dead_ = true;
    while (PortPacket* packet = queue_.PopFront()) {
      PacketReserve* const reserve = packet->reserve;
      if (reserve == nullptr) continue;
      reserve->AssertPortLocked();
      reserve->TakeBack(packet);
    }
    user_packets_ = 0;
    pool_.Clear();
  }
  while (PacketReserve* reserve = NextToTell()) reserve->Tell();
}

// Reserves may come and go between two calls; but a dead port's get no more listeners, so the
// search comes to an end.
PacketReserve* Port::NextToTell() {
  base::ShortLockScope scope(lock_);
  for (PacketReserve* reserve = reserves_.front(); reserve != nullptr;
       reserve = LinkedList<PacketReserve>::Next(reserve)) {
    reserve->AssertPortLocked();
    if (reserve->BeginTelling()) return reserve;
  }
  return nullptr;
}

}  // namespace zircon::objects
