// Channel: one end of a channel: the messages that the other end has sent and nobody has read, and
// the calls that wait for their replies.
//
// A call takes a transaction id that no other call in progress on this end has, puts it in front of
// its message and sleeps; a message that arrives with the id goes to it and is never queued.
//
// Ownership: handles hold it; it owns its messages. Thread safety: any thread.

#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "objects/linked_list.h"
#include "objects/message.h"
#include "objects/paired.h"
#include "objects/parker.h"

namespace zircon::objects {

class Channel final : public Paired<Channel> {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_CHANNEL;

  [[nodiscard]] static zx_status_t Create(base::RefPtr<Channel>* end0,
                                          base::RefPtr<Channel>* end1) {
    return CreatePair(end0, end1);
  }

  // What a reader has room for, and whether what does not fit is to be thrown away.
  struct Room {
    uint32_t bytes;
    uint32_t handles;
    bool may_discard;
  };
  // What the message has.
  struct Size {
    uint32_t bytes = 0;
    uint32_t handles = 0;
  };

  // Sends. ZX_ERR_PEER_CLOSED: the message is destroyed.
  [[nodiscard]] zx_status_t Write(MessagePtr message);
  // Takes the oldest message. ZX_ERR_SHOULD_WAIT, or ZX_ERR_PEER_CLOSED when none will come;
  // ZX_ERR_BUFFER_TOO_SMALL: *size tells what it takes.
  [[nodiscard]] zx_status_t Read(const Room& room, MessagePtr* message, Size* size);
  // Sends, with a transaction id of its own in front of the message's bytes (4 at least), and waits
  // for the message with that id. ZX_ERR_PEER_CLOSED, ZX_ERR_CANCELED (this end is closed),
  // ZX_ERR_TIMED_OUT at `deadline` (absolute monotonic nanoseconds).
  [[nodiscard]] zx_status_t Call(MessagePtr message, zx_time_t deadline, MessagePtr* reply);

  // With the lock of the signals held, which comes after the pair's: so this is looked up without.
  size_t queued_messages() const override { return num_messages_.load(std::memory_order_relaxed); }

 private:
  friend class Paired<Channel>;
  static constexpr uint32_t kFirstTransaction = 0x80000000;

  // A call that waits. Whoever takes it out of the list decides how it ends, and unparks it.
  struct Caller : Linked<Caller> {
    uint32_t transaction = 0;
    bool ended = false;
    zx_status_t status = ZX_OK;
    Message* reply = nullptr;
    Parker parker;
  };

  explicit Channel(Place place) noexcept : Paired(kType, ZX_CHANNEL_WRITABLE, std::move(place)) {}

  // A message comes in: to a call, or into the queue.
  void Receive(Message* message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex());
  // Of messages_, by the only one who changes it now: no atomic addition.
  void CountMessages(int more) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex()) {
    num_messages_.store(queued_messages() + static_cast<size_t>(more), std::memory_order_relaxed);
  }
  Caller* FindCaller(uint32_t transaction) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex());
  uint32_t NewTransaction() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex());
  void End(Caller* caller, zx_status_t status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex());
  void EndAll(zx_status_t status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex());

  void OnClosed() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex());
  void OnPeerClosed() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex());
  void AfterClosed() override;

  LinkedList<Message> messages_ ABSL_GUARDED_BY(mutex());
  std::atomic<size_t> num_messages_{0};  // of messages_; written under the lock
  LinkedList<Caller> callers_ ABSL_GUARDED_BY(mutex());
  uint32_t last_transaction_ ABSL_GUARDED_BY(mutex()) = kFirstTransaction - 1;
};

}  // namespace zircon::objects
