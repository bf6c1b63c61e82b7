#include "objects/port.h"

#include <optional>

#include "objects/packet_reserve.h"
#include "objects/port_wait.h"

namespace zircon::objects {
namespace {

// ZX_PKT_TYPE_SIGNAL_REP, which only the headers of 2018 have.
constexpr uint32_t kSignalRepeated = 2;

// The test is not idle: a store of part of a packet that was just copied, and is soon copied again,
// costs both copies a stall.
void MakeUserPacket(zx_port_packet_t* packet) {
  if (packet->type != ZX_PKT_TYPE_USER) packet->type = ZX_PKT_TYPE_USER;
}

void WriteSignal(zx_signals_t active, uint64_t count, zx_time_t timestamp, bool repeating,
                 zx_port_packet_t* packet) {
  packet->type = repeating ? kSignalRepeated : uint32_t{ZX_PKT_TYPE_SIGNAL_ONE};
  packet->signal.observed = active;
  packet->signal.count = count;
  packet->signal.timestamp = timestamp;
}

}  // namespace

Port::Port(uint32_t options) noexcept : Dispatcher(kType), options_(options) {}

Port::~Port() = default;

Port::Waiter* Port::HandOver(const zx_port_packet_t& packet) {
  Waiter* const waiter = waiters_.PopFront();
  if (waiter != nullptr) {
    waiter->packet = packet;
    waiter->delivered = true;
  }
  return waiter;
}

zx_status_t Port::Queue(const zx_port_packet_t& packet, size_t most) {
  Waiter* waiter;
  {
    base::ShortLockScope scope(lock_);
    if (dead_) return ZX_ERR_BAD_HANDLE;
    waiter = HandOver(packet);
    if (waiter == nullptr) {
      if (user_packets_ > most) return ZX_ERR_SHOULD_WAIT;
      PortPacket* const place = pool_.Take();
      if (place == nullptr) return ZX_ERR_NO_MEMORY;
      place->packet = packet;
      MakeUserPacket(&place->packet);
      Enqueue(place);
      ++user_packets_;
      return ZX_OK;
    }
    MakeUserPacket(&waiter->packet);
  }
  waiter->parker.Unpark();
  return ZX_OK;
}

void Port::GiveBack(PortPacket* packet, Owed* owed) {
  switch (packet->kind) {
    case PortPacket::Kind::kUser:
      --user_packets_;
      pool_.Give(packet);
      break;
    case PortPacket::Kind::kBell: {
      PacketReserve* const reserve = packet->reserve;
      reserve->AssertPortLocked();
      reserve->TakeBack(packet);
      if (reserve->BeginTelling()) owed->roomy = reserve;
      break;
    }
    case PortPacket::Kind::kSignal:
      packet->queued = false;
      UnlistIfOver(packet->wait);
      owed->wait = packet->wait;
      break;
    case PortPacket::Kind::kInterrupt:
      packet->queued = false;
      break;
  }
}

void Port::Enqueue(PortPacket* packet) {
  packet->number = next_number_++;
  queues_[static_cast<size_t>(packet->kind)].PushBack(packet);
}

bool Port::Take(zx_port_packet_t* packet, Owed* owed) {
  PortPacket* taken = interrupts_.PopFront();
  if (taken == nullptr) {
    LinkedList<PortPacket>* from = nullptr;
    for (LinkedList<PortPacket>& queue : queues_) {
      PortPacket* const first = queue.front();
      if (first == nullptr || (taken != nullptr && taken->number < first->number)) continue;
      taken = first;
      from = &queue;
    }
    if (taken == nullptr) return false;
    from->Remove(taken);
  }
  *packet = taken->packet;
  GiveBack(taken, owed);
  return true;
}

void Port::Pay(const Owed& owed) {
  if (owed.roomy != nullptr) owed.roomy->Tell();
  if (owed.wait != nullptr) owed.wait->Release();
}

zx_status_t Port::Wait(zx_time_t deadline, zx_port_packet_t* packet) {
  Owed owed;
  Waiter waiter;
  bool taken;
  {
    base::ShortLockScope scope(lock_);
    taken = Take(packet, &owed);
    if (!taken) {
      if (deadline <= 0) return ZX_ERR_TIMED_OUT;  // the clock starts at 0
      waiters_.PushBack(&waiter);
    }
  }
  if (!taken) return Sleep(deadline, &waiter, packet);
  Pay(owed);
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

zx_status_t Port::BeginWait(PortWait* wait) {
  base::ShortLockScope scope(lock_);
  if (dead_) return ZX_ERR_BAD_HANDLE;
  wait->AddRef();
  wait->pending_ = true;
  waits_.Insert(wait);
  return ZX_OK;
}

void Port::UnlistIfOver(PortWait* wait) {
  if (!wait->pending_ && !wait->packet_.queued) waits_.Remove(wait);
}

void Port::EndWait(PortWait* wait) {
  {
    base::ShortLockScope scope(lock_);
    if (!wait->pending_) return;
    wait->pending_ = false;
    UnlistIfOver(wait);
  }
  wait->Release();
}

bool Port::FireWait(PortWait* wait, zx_signals_t active, uint64_t count, zx_time_t timestamp,
                    bool repeating) {
  PortPacket& place = wait->packet_;
  Waiter* waiter = nullptr;
  {
    base::ShortLockScope scope(lock_);
    if (!wait->pending_) return false;
    wait->pending_ = repeating;
    if (place.queued) {
      place.packet.signal.observed |= active;
    } else {
      WriteSignal(active, count, timestamp, repeating, &place.packet);
      waiter = HandOver(place.packet);
      if (waiter == nullptr) {
        wait->AddRef();
        place.queued = true;
        Enqueue(&place);
      }
    }
    UnlistIfOver(wait);
  }
  if (waiter != nullptr) waiter->parker.UnparkLater();
  // The object still holds it.
  if (!repeating) wait->Release();
  return repeating;
}

PortWait* Port::FirstWait(const uint64_t* key, const zx_handle_t* source) {
  if (key == nullptr) return waits_.First();
  return waits_.FirstNotBefore([&](const PortWait& wait) {
    return wait.key() != *key ? wait.key() < *key : source != nullptr && wait.handle() < *source;
  });
}

bool Port::EndWaits(const uint64_t* key) {
  LinkedList<PortWait> ended;
  {
    base::ShortLockScope scope(lock_);
    PortWait* next;
    for (PortWait* at = FirstWait(key, nullptr); at != nullptr; at = next) {
      if (key != nullptr && at->key() != *key) break;
      next = waits_.Next(at);
      if (!at->pending_) continue;
      // It is at the object, or on its way there or from there with the object's lock held; that
      // cannot go as long as this has the port's, which it takes to leave the port.
      at->source()->AddRef();
      at->pending_ = false;
      UnlistIfOver(at);
      ended.PushBack(at);
    }
  }
  bool found = false;
  while (PortWait* wait = ended.PopFront()) {
    const auto source = base::RefPtr<Waitable>::Adopt(wait->source());
    source->RemoveObserver(wait);
    wait->Release();
    found = true;
  }
  return found;
}

bool Port::RemoveSignals(const uint64_t* key, const zx_handle_t* source) {
  LinkedList<PortPacket> removed;
  {
    base::ShortLockScope scope(lock_);
    PortWait* next;
    for (PortWait* at = FirstWait(key, source); at != nullptr; at = next) {
      if (key != nullptr && at->key() != *key) break;
      if (source != nullptr && at->handle() != *source) break;
      next = waits_.Next(at);
      PortPacket& packet = at->packet_;
      if (!packet.queued) continue;
      queues_[static_cast<size_t>(packet.kind)].Remove(&packet);
      Owed owed;
      GiveBack(&packet, &owed);
      removed.PushBack(&packet);
    }
  }
  bool found = false;
  while (PortPacket* packet = removed.PopFront()) {
    packet->wait->Release();
    found = true;
  }
  return found;
}

bool Port::RemoveUserPackets(const uint64_t* key) {
  base::ShortLockScope scope(lock_);
  LinkedList<PortPacket>& queue = queues_[static_cast<size_t>(PortPacket::Kind::kUser)];
  bool found = false;
  PortPacket* next;
  for (PortPacket* at = queue.front(); at != nullptr; at = next) {
    next = LinkedList<PortPacket>::Next(at);
    if (key != nullptr && at->packet.key != *key) continue;
    queue.Remove(at);
    Owed nothing;
    GiveBack(at, &nothing);
    found = true;
  }
  return found;
}

// Reserves may come and go while one is told, and guests ring; what they have queued since is not
// looked at, so that this comes to an end.
bool Port::RemoveBells(const uint64_t* key) {
  bool found = false;
  std::optional<uint64_t> end;
  for (;;) {
    PacketReserve* roomy = nullptr;
    {
      base::ShortLockScope scope(lock_);
      if (!end) end = next_number_;
      const auto before = [key](const PacketReserve& reserve) {
        return key != nullptr && reserve.key() < *key;
      };
      PacketReserve* at = reserves_.FirstNotBefore(before);
      for (; at != nullptr && roomy == nullptr; at = reserves_.Next(at)) {
        if (key != nullptr && at->key() != *key) break;
        at->AssertPortLocked();
        if (!at->Withdraw(*end)) continue;
        found = true;
        if (at->BeginTelling()) roomy = at;
      }
    }
    if (roomy == nullptr) return found;
    roomy->Tell();
  }
}

bool Port::RemoveQueued(zx_handle_t source, uint64_t key) { return RemoveSignals(&key, &source); }

bool Port::CancelKey(uint64_t key) {
  const bool waited = EndWaits(&key);
  const bool signalled = RemoveSignals(&key, nullptr);
  const bool rung = RemoveBells(&key);
  return RemoveUserPackets(&key) || waited || signalled || rung;
}

void Port::QueueInterrupt(PortPacket* packet) {
  Waiter* waiter = nullptr;
  {
    base::ShortLockScope scope(lock_);
    if (!dead_) waiter = HandOver(packet->packet);
    if (waiter == nullptr) {
      packet->queued = true;
      interrupts_.PushBack(packet);
    }
  }
  if (waiter != nullptr) waiter->parker.Unpark();
}

bool Port::WithdrawInterrupt(PortPacket* packet) {
  base::ShortLockScope scope(lock_);
  if (!packet->queued) return false;
  packet->queued = false;
  interrupts_.Remove(packet);
  return true;
}

bool Port::IsQueued(const PortPacket* packet) {
  base::ShortLockScope scope(lock_);
  return packet->queued;
}

void Port::OnZeroHandles() {
  {
    base::ShortLockScope scope(lock_);
    dead_ = true;
  }
  (void)EndWaits(nullptr);
  (void)RemoveSignals(nullptr, nullptr);
  (void)RemoveBells(nullptr);
  (void)RemoveUserPackets(nullptr);
  {
    base::ShortLockScope scope(lock_);
    pool_.Clear();
  }
  // And those that wait at a reserve of which nothing was queued.
  while (PacketReserve* reserve = NextToTell()) reserve->Tell();
}

// Reserves may come and go between two calls; but a dead port's get no more listeners, so the
// search comes to an end.
PacketReserve* Port::NextToTell() {
  base::ShortLockScope scope(lock_);
  for (PacketReserve* reserve = reserves_.First(); reserve != nullptr;
       reserve = reserves_.Next(reserve)) {
    reserve->AssertPortLocked();
    if (reserve->BeginTelling()) return reserve;
  }
  return nullptr;
}

}  // namespace zircon::objects
