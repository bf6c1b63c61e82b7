// PortPacket: a packet while it lies in a port, and the pool that user packets come from.
//
// Ownership: the port's pool owns the packets that programs queue, a trap's reserve those of its
// bells (objects/packet_reserve.h), a wait (objects/port_wait.h) and an interrupt its own. Thread
// safety: the port's lock.

#pragma once

#include <zircon/syscalls/port.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "objects/linked_list.h"

namespace zircon::objects {

class PacketReserve;
class PortWait;

struct PortPacket : Linked<PortPacket> {
  enum class Kind : uint8_t {
    kUser,       // of the pool
    kBell,       // of a reserve
    kSignal,     // of `wait`, which it holds while it is queued
    kInterrupt,  // of an interrupt, which withdraws it before it goes
  };
  // The first so many kinds are delivered in the order in which they were queued.
  static constexpr size_t kQueues = 3;

  Kind kind = Kind::kUser;
  bool queued = false;               // not kept up to date for user packets
  PacketReserve* reserve = nullptr;  // kBell
  PortPacket* next_free = nullptr;   // kUser, kBell: while it is free
  PortWait* wait = nullptr;          // kSignal
  uint64_t number = 0;               // of all that were queued, but for interrupts
  zx_port_packet_t packet;
};

// Grows by a chunk when it is empty, so that queueing seldom allocates; shrinks by Clear() only.
class UserPacketPool {
 public:
  UserPacketPool() = default;
  ~UserPacketPool() { Clear(); }
  UserPacketPool(const UserPacketPool&) = delete;
  UserPacketPool& operator=(const UserPacketPool&) = delete;

  // Null when memory is short.
  PortPacket* Take() {
    if (free_ == nullptr && !Grow()) return nullptr;
    return std::exchange(free_, free_->next_free);
  }
  // The last one given is the next one taken: it is the likeliest to be in the cache.
  void Give(PortPacket* packet) { packet->next_free = std::exchange(free_, packet); }
  // Frees all packets; none is in use.
  void Clear();

 private:
  struct Chunk;
  bool Grow();

  PortPacket* free_ = nullptr;
  Chunk* chunks_ = nullptr;
};

}  // namespace zircon::objects
