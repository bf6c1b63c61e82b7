#include "objects/channel.h"

#include <utility>

namespace zircon::objects {

zx_status_t Channel::Write(MessagePtr message) {
  PairLock lock(mutex());
  Channel* const other = peer();
  if (other == nullptr) return ZX_ERR_PEER_CLOSED;
  other->AssertLocked();
  other->Receive(message.release());
  return ZX_OK;
}

void Channel::Receive(Message* message) {
  Caller* const caller = FindCaller(message->transaction());
  if (caller != nullptr) {
    caller->reply = message;
    End(caller, ZX_OK);
    return;
  }
  messages_.PushBack(message);
  CountMessages(1);
  UpdateSignals(0, ZX_CHANNEL_READABLE);
}

zx_status_t Channel::Read(const Room& room, MessagePtr* message, Size* size) {
  MessagePtr discarded = NoMessage();
  // Not as a PairLock: nobody is woken by what a reader does.
  base::ShortLockScope lock(mutex());
  Message* const first = messages_.front();
  if (first == nullptr) return peer() == nullptr ? ZX_ERR_PEER_CLOSED : ZX_ERR_SHOULD_WAIT;
  *size = {first->num_bytes(), first->num_handles()};
  const bool fits = size->bytes <= room.bytes && size->handles <= room.handles;
  if (!fits && !room.may_discard) return ZX_ERR_BUFFER_TOO_SMALL;
  messages_.Remove(first);
  CountMessages(-1);
  if (messages_.empty()) UpdateSignals(ZX_CHANNEL_READABLE, 0);
  (fits ? *message : discarded).reset(first);
  return fits ? ZX_OK : ZX_ERR_BUFFER_TOO_SMALL;
}

zx_status_t Channel::Call(MessagePtr message, zx_time_t deadline, MessagePtr* reply) {
  Caller caller;
  {
    PairLock lock(mutex());
    if (!IsOpen()) return ZX_ERR_CANCELED;
    Channel* const other = peer();
    if (other == nullptr) return ZX_ERR_PEER_CLOSED;
    other->AssertLocked();
    caller.transaction = NewTransaction();
    message->set_transaction(caller.transaction);
    callers_.PushBack(&caller);
    other->Receive(message.release());
  }
  if (!caller.parker.Park(deadline)) {
    {
      base::ShortLockScope lock(mutex());
      if (!caller.ended) {
        callers_.Remove(&caller);
        return ZX_ERR_TIMED_OUT;
      }
    }
    // Somebody has ended it and is about to unpark.
    (void)caller.parker.Park(ZX_TIME_INFINITE);
  }
  reply->reset(caller.reply);
  return caller.status;
}

Channel::Caller* Channel::FindCaller(uint32_t transaction) {
  if (transaction < kFirstTransaction) return nullptr;
  Caller* at = callers_.front();
  while (at != nullptr && at->transaction != transaction) at = LinkedList<Caller>::Next(at);
  return at;
}

uint32_t Channel::NewTransaction() {
  do {
    last_transaction_ = (last_transaction_ + 1) | kFirstTransaction;
  } while (FindCaller(last_transaction_) != nullptr);
  return last_transaction_;
}

void Channel::End(Caller* caller, zx_status_t status) {
  callers_.Remove(caller);
  caller->status = status;
  caller->ended = true;
  caller->parker.UnparkLater();
}

void Channel::EndAll(zx_status_t status) {
  while (Caller* caller = callers_.front()) End(caller, status);
}

void Channel::OnClosed() { EndAll(ZX_ERR_CANCELED); }

void Channel::OnPeerClosed() {
  UpdateSignals(ZX_CHANNEL_WRITABLE, ZX_CHANNEL_PEER_CLOSED);
  EndAll(ZX_ERR_PEER_CLOSED);
}

// No message comes any more, since this end is not open; and a thread that is in Read() still may
// take one.
void Channel::AfterClosed() {
  for (;;) {
    Message* message;
    {
      base::ShortLockScope lock(mutex());
      message = messages_.PopFront();
    }
    if (message == nullptr) return;
    Discard(message);
  }
}

}  // namespace zircon::objects
