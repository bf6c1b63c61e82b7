// Port: packets for threads that wait for them, first in, first out; those of interrupts before all
// others.
//
// Ownership: handles hold it; traps (objects/packet_reserve.h), waits (objects/port_wait.h) and
// interrupts refer to it. The port is dead, frees what is queued and ends its waits when its last
// handle is closed; threads that wait keep waiting.
// Thread safety: all of it may be called from any thread.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include <cstddef>
#include <cstdint>

#include "base/ref_ptr.h"
#include "base/short_lock.h"
#include "handles/dispatcher.h"
#include "objects/linked_list.h"
#include "objects/linked_tree.h"
#include "objects/parker.h"
#include "objects/port_packet.h"

namespace zircon::objects {

class PacketReserve;
class PortWait;

// Waits by key, and those of one by the handle that they were begun through.
struct ByKey {
  using Summary = NoSummary;
  static bool Before(const PortWait& a, const PortWait& b);
};

// Reserves by key.
struct ByReserveKey {
  using Summary = NoSummary;
  static bool Before(const PacketReserve& a, const PacketReserve& b);
};

class Port final : public handles::Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_PORT;
  // More user packets than that are refused with ZX_ERR_SHOULD_WAIT (contract PORT rows).
  static constexpr size_t kMaxUserPackets = 4096;
  static constexpr size_t kMaxUserPackets2018 = 2048;

  explicit Port(uint32_t options) noexcept;
  ~Port() override;

  // Takes the packet as a user packet: its type becomes ZX_PKT_TYPE_USER. ZX_ERR_SHOULD_WAIT when
  // more than `most` are queued, ZX_ERR_NO_MEMORY, ZX_ERR_BAD_HANDLE when the port is dead.
  [[nodiscard]] zx_status_t Queue(const zx_port_packet_t& packet, size_t most = kMaxUserPackets);
  // ZX_OK, or ZX_ERR_TIMED_OUT at `deadline` (absolute monotonic nanoseconds) with nothing queued.
  [[nodiscard]] zx_status_t Wait(zx_time_t deadline, zx_port_packet_t* packet);

  uint32_t options() const { return options_; }

  // Removes what is queued of the waits that were begun through `source` with that key. Whether
  // there was something. (The waits themselves: Waitable::RemoveWaits().)
  bool RemoveQueued(zx_handle_t source, uint64_t key);
  // Ends all waits with that key and removes all that is queued with it, but for interrupts.
  // Whether there was something.
  bool CancelKey(uint64_t key);

  // For interrupts bound to the port: queues the packet, which is kInterrupt and not queued, before
  // all others; on a dead port it counts as queued and is never taken.
  void QueueInterrupt(PortPacket* packet);
  // Whether it was queued; it is not any more.
  bool WithdrawInterrupt(PortPacket* packet);
  bool IsQueued(const PortPacket* packet);

 private:
  friend class PacketReserve;
  friend class PortWait;

  // For waits, with the lock of the object that they are for. ZX_ERR_BAD_HANDLE when the port is
  // dead.
  [[nodiscard]] zx_status_t BeginWait(PortWait* wait);
  void EndWait(PortWait* wait);
  // The wait's packet, unless the wait has been ended. Whether the wait goes on.
  [[nodiscard]] bool FireWait(PortWait* wait, zx_signals_t active, uint64_t count,
                              zx_time_t timestamp, bool repeating);

  // A thread in Wait() that found nothing. Whoever takes it out of the list fills it and then
  // unparks it; that is its delivery, whatever the clock says by then.
  struct Waiter : Linked<Waiter> {
    zx_port_packet_t packet;
    bool delivered = false;
    Parker parker;
  };

  void OnZeroHandles() override;

  // Gives the packet to the thread that has waited longest; the caller unparks it when the lock is
  // dropped. Null when nobody waits. Threads wait only while nothing is queued, so that the packet
  // overtakes none.
  [[nodiscard]] Waiter* HandOver(const zx_port_packet_t& packet)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock_);
  // What is owed, once the lock is dropped, for a packet that has left the port.
  struct Owed {
    PacketReserve* roomy = nullptr;  // somebody waits for room in it: it is to be told
    PortWait* wait = nullptr;        // to be released
  };
  void Pay(const Owed& owed) ABSL_LOCKS_EXCLUDED(lock_);

  // Behind all others.
  void Enqueue(PortPacket* packet) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock_);
  // Takes the next packet out.
  [[nodiscard]] bool Take(zx_port_packet_t* packet, Owed* owed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock_);
  // What becomes of a packet that has left the queue.
  void GiveBack(PortPacket* packet, Owed* owed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock_);
  // The wait is not pending any more, or its packet not queued.
  void UnlistIfOver(PortWait* wait) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock_);

  // Waits, packets of waits, and bells are removed by key, or all of them where there is none.
  // Whether there was one. The waits with that key that were begun through `source`, if that is one
  // handle.
  bool EndWaits(const uint64_t* key) ABSL_LOCKS_EXCLUDED(lock_);
  bool RemoveSignals(const uint64_t* key, const zx_handle_t* source) ABSL_LOCKS_EXCLUDED(lock_);
  bool RemoveBells(const uint64_t* key) ABSL_LOCKS_EXCLUDED(lock_);
  // Of which there are no more than a program may queue.
  bool RemoveUserPackets(const uint64_t* key) ABSL_LOCKS_EXCLUDED(lock_);
  // The first wait that has that key and that source or comes behind it; of all where they are
  // null.
  PortWait* FirstWait(const uint64_t* key, const zx_handle_t* source)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock_);
  // Wait() from where `waiter` is in the list.
  [[nodiscard]] zx_status_t Sleep(zx_time_t deadline, Waiter* waiter, zx_port_packet_t* packet)
      ABSL_LOCKS_EXCLUDED(lock_);
  // A reserve somebody waits at; it is to be told.
  [[nodiscard]] PacketReserve* NextToTell() ABSL_LOCKS_EXCLUDED(lock_);

  const uint32_t options_;

  // The lock of the port and of all its reserves. Nothing else is locked, and nothing that could
  // block is done, while it is held; threads are woken and listeners called after it is dropped.
  base::ShortLock lock_;
  bool dead_ ABSL_GUARDED_BY(lock_) = false;
  LinkedList<PortPacket> interrupts_ ABSL_GUARDED_BY(lock_);
  // What is queued, each kind apart, so that one that is cancelled is not looked for among all; the
  // numbers say which comes first.
  LinkedList<PortPacket> queues_[PortPacket::kQueues] ABSL_GUARDED_BY(lock_);
  uint64_t next_number_ ABSL_GUARDED_BY(lock_) = 0;
  size_t user_packets_ ABSL_GUARDED_BY(lock_) = 0;  // of those queued
  LinkedList<Waiter> waiters_ ABSL_GUARDED_BY(lock_);
  // Those that are pending, and those of which a packet is queued.
  LinkedTree<PortWait, ByKey> waits_ ABSL_GUARDED_BY(lock_);
  UserPacketPool pool_ ABSL_GUARDED_BY(lock_);
  LinkedTree<PacketReserve, ByReserveKey> reserves_ ABSL_GUARDED_BY(lock_);
  // A reserve has finished calling a listener.
  base::ShortLockCondition told_;
};

}  // namespace zircon::objects
