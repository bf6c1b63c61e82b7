// Message: bytes and handles on their way through a channel.
//
// A message may hold the last handle of a channel end, whose messages hold others, and so on; so
// messages are not destroyed inside one another but one after the other (Discard).
//
// The bytes lie behind it, in the same piece of memory.
//
// Ownership: the channel end that it was sent to, or the call that writes or reads it. The handles
// count for their objects. Thread safety: as a pointer.

#pragma once

#include <zircon/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "handles/detached_handle.h"
#include "objects/linked_list.h"

namespace zircon::objects {

class Message;

// Destroys the message, and closes its handles. With no lock held.
void Discard(Message* message);

using MessagePtr = std::unique_ptr<Message, void (*)(Message*)>;
inline MessagePtr NoMessage() { return MessagePtr(nullptr, &Discard); }

class Message : public Linked<Message> {
 public:
  // With room for that much; null when memory is short.
  [[nodiscard]] static MessagePtr Create(uint32_t bytes, uint32_t handles);

  uint8_t* bytes() { return reinterpret_cast<uint8_t*>(this + 1); }
  const uint8_t* bytes() const { return reinterpret_cast<const uint8_t*>(this + 1); }
  uint32_t num_bytes() const { return num_bytes_; }
  handles::DetachedHandle* handles() { return handles_.get(); }
  uint32_t num_handles() const { return num_handles_; }

  // The first word, by which a reply finds its call; 0 for a message that has none.
  uint32_t transaction() const;
  void set_transaction(uint32_t id);

  // What `delete` frees: the bytes too.
  static void operator delete(void* message) { ::operator delete(message); }

 private:
  friend class Discarded;
  explicit Message(uint32_t bytes) noexcept : num_bytes_(bytes) {}
  // The handles the first first: an array goes the other way round, and a program sees by its
  // signals what was closed before what.
  ~Message() {
    for (uint32_t i = 0; i < num_handles_; ++i) handles_[i].reset();
  }

  std::unique_ptr<handles::DetachedHandle[]> handles_;
  const uint32_t num_bytes_;
  uint32_t num_handles_ = 0;
};

}  // namespace zircon::objects
