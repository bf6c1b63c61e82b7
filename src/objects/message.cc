#include "objects/message.h"

#include <cstring>
#include <new>

namespace zircon::objects {

// The messages that this thread is about to destroy. What closes a channel end on the way adds to
// them, and leaves the rest to the outermost call.
class Discarded {
 public:
  void Add(Message* message) {
    pending_.PushBack(message);
    if (destroying_) return;
    destroying_ = true;
    while (Message* next = pending_.PopFront()) delete next;
    destroying_ = false;
  }

 private:
  LinkedList<Message> pending_;
  bool destroying_ = false;
};

namespace {

constinit thread_local Discarded t_discarded;

}  // namespace

void Discard(Message* message) { t_discarded.Add(message); }

MessagePtr Message::Create(uint32_t bytes, uint32_t handles) {
  void* const room = ::operator new(sizeof(Message) + bytes, std::nothrow);
  if (room == nullptr) return NoMessage();
  MessagePtr message(new (room) Message(bytes), &Discard);
  if (handles != 0) {
    message->handles_.reset(new (std::nothrow) handles::DetachedHandle[handles]);
    if (message->handles_ == nullptr) return NoMessage();
    message->num_handles_ = handles;
  }
  return message;
}

uint32_t Message::transaction() const {
  uint32_t id = 0;
  if (num_bytes_ >= sizeof(id)) std::memcpy(&id, bytes(), sizeof(id));
  return id;
}

void Message::set_transaction(uint32_t id) { std::memcpy(bytes(), &id, sizeof(id)); }

}  // namespace zircon::objects
