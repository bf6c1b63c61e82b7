// PacketReserve: the bell packets of one trap. It owns a fixed number of packets (256 for a BELL
// trap) that lie in the port while undelivered; a ring that finds none left has to wait until one
// is delivered (contract: TRAP-BELL rows).
//
// Ownership: the trap owns the reserve; the reserve refers to the port, which does not keep the
// port alive as a handle would. Destroying the reserve withdraws its undelivered packets, and only
// those. Thread safety: all of it may be called from any thread. Everything here is under the lock
// of the port, so a packet is queued, delivered, withdrawn or given back as one step.

#pragma once

#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include <cstdint>
#include <memory>

#include "base/ref_ptr.h"
#include "objects/linked_list.h"
#include "objects/linked_tree.h"
#include "objects/port.h"
#include "objects/port_packet.h"

namespace zircon::objects {

// Told when a reserve that was full has room again, or its port died. Called with no lock held that
// the callee could need; must only wake somebody. The room may be taken by another meanwhile.
// A listener waits at one reserve at a time, and is removed from the last one before it is
// destroyed, also when OnRoom() has been called: the call may still be running.
class RoomListener : public Linked<RoomListener> {
 public:
  virtual void OnRoom() = 0;

 protected:
  ~RoomListener() = default;
};

class PacketReserve : public InTree<PacketReserve, ByReserveKey> {
 public:
  static constexpr uint32_t kBellPackets = 256;

  // Null when memory is short.
  static std::unique_ptr<PacketReserve> Create(base::RefPtr<Port> port, uint64_t key,
                                               uint32_t capacity);
  // Nobody may be in a call of the reserve; OnRoom() may be running, and is waited for.
  ~PacketReserve();
  PacketReserve(const PacketReserve&) = delete;
  PacketReserve& operator=(const PacketReserve&) = delete;

  uint64_t key() const { return key_; }

  // Queues a GUEST_BELL packet. ZX_ERR_SHOULD_WAIT when all packets are undelivered: then
  // `listener` is registered (once; it stays until OnRoom() was called, RemoveListener(), or
  // another QueueBell() with it). ZX_ERR_BAD_STATE when the port's last handle is closed.
  // Packets queued by one thread are delivered in the order of its calls. As RemoveListener() it
  // waits for an OnRoom() that is running, and with another status the listener is not called any
  // more.
  [[nodiscard]] zx_status_t QueueBell(uint64_t address, RoomListener* listener);
  // After it returns the listener is not called any more; a call that is running is waited for, so
  // the caller holds no lock that OnRoom() takes.
  void RemoveListener(RoomListener* listener);

 private:
  friend class Port;

  // A listener that some thread is calling at this moment.
  struct Call : Linked<Call> {
    explicit Call(RoomListener* the_listener) : listener(the_listener) {}
    RoomListener* const listener;
  };

  PacketReserve(base::RefPtr<Port> port, uint64_t key, std::unique_ptr<PortPacket[]> packets,
                uint32_t capacity) noexcept;

  // For the port, which has its own name for the same lock.
  void AssertPortLocked() const ABSL_ASSERT_EXCLUSIVE_LOCK(port_->lock_) {}

  // Takes the packets out of the port that have lower numbers. Whether there was one.
  bool Withdraw(uint64_t below) ABSL_EXCLUSIVE_LOCKS_REQUIRED(port_->lock_);
  // One of the packets has left the port.
  void TakeBack(PortPacket* packet) ABSL_EXCLUSIVE_LOCKS_REQUIRED(port_->lock_);
  // Whether listeners are to be told. If so the caller owes a Tell(), with the lock dropped; the
  // reserve stays until then.
  [[nodiscard]] bool BeginTelling() ABSL_EXCLUSIVE_LOCKS_REQUIRED(port_->lock_);
  void Tell() ABSL_LOCKS_EXCLUDED(port_->lock_);
  // Until it returns the lock may be dropped.
  void Forget(RoomListener* listener) ABSL_EXCLUSIVE_LOCKS_REQUIRED(port_->lock_);
  bool IsBeingCalled(const RoomListener* listener) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(port_->lock_);

  const base::RefPtr<Port> port_;
  const uint64_t key_;
  const std::unique_ptr<PortPacket[]> packets_;
  const uint32_t capacity_;
  uint32_t queued_ ABSL_GUARDED_BY(port_->lock_) = 0;
  PortPacket* free_ ABSL_GUARDED_BY(port_->lock_) = nullptr;
  LinkedList<RoomListener> listeners_ ABSL_GUARDED_BY(port_->lock_);
  LinkedList<Call> calls_ ABSL_GUARDED_BY(port_->lock_);
  uint32_t tellers_ ABSL_GUARDED_BY(port_->lock_) = 0;
};

inline bool ByReserveKey::Before(const PacketReserve& a, const PacketReserve& b) {
  return a.key() < b.key();
}

}  // namespace zircon::objects
