#include "objects/socket.h"

#include <algorithm>

namespace zircon::objects {

zx_status_t Socket::Write(size_t size, CopyFromUser copy, size_t* actual) {
  PairLock lock(mutex());
  Socket* const other = peer();
  if (other == nullptr) return ZX_ERR_PEER_CLOSED;
  other->AssertLocked();
  if (write_disabled_) return ZX_ERR_BAD_STATE;
  if (size == 0) {
    *actual = 0;
    return ZX_OK;
  }
  if (size > UINT32_MAX) return ZX_ERR_INVALID_ARGS;
  const size_t room = other->store_.free();
  if (room == 0) return ZX_ERR_SHOULD_WAIT;
  if (kind_ == Kind::kDatagram) {
    if (size > kCapacity) return ZX_ERR_OUT_OF_RANGE;
    if (size > room) return ZX_ERR_SHOULD_WAIT;
  }
  return Store(other, std::min(size, room), copy, actual);
}

zx_status_t Socket::Store(Socket* other, size_t size, CopyFromUser copy, size_t* actual) {
  other->AssertLocked();
  if (kind_ == Kind::kDatagram && !other->datagrams_.PushBack(static_cast<uint32_t>(size))) {
    return ZX_ERR_NO_MEMORY;
  }
  const zx_status_t status = other->store_.Put(size, copy);
  if (status != ZX_OK) {
    if (kind_ == Kind::kDatagram) other->datagrams_.PopBack();
    return status;
  }
  other->UpdateSignals(0, ZX_SOCKET_READABLE);
  other->UpdateReadThreshold();
  UpdateWriteThreshold(other);
  if (other->store_.free() == 0) UpdateSignals(ZX_SOCKET_WRITABLE, 0);
  *actual = size;
  return ZX_OK;
}

zx_status_t Socket::Read(size_t size, bool peek, CopyToUser copy, size_t* actual) {
  if (size > UINT32_MAX) return ZX_ERR_INVALID_ARGS;
  PairLock lock(mutex());
  Socket* const other = peer();
  const size_t stored = store_.stored();
  if (stored == 0) {
    if (other == nullptr) return ZX_ERR_PEER_CLOSED;
    return read_disabled_ ? ZX_ERR_BAD_STATE : ZX_ERR_SHOULD_WAIT;
  }
  const size_t first = kind_ == Kind::kStream ? stored : datagrams_.front();
  const size_t copied = std::min(size, first);
  const zx_status_t status = store_.Peek(copied, copy);
  if (status != ZX_OK) return status;
  *actual = copied;
  // A read of nothing takes nothing, not even a datagram.
  if (peek || size == 0) return ZX_OK;

  if (kind_ == Kind::kStream) {
    store_.Drop(copied);
  } else {
    store_.Drop(first);  // what did not fit is lost
    datagrams_.PopFront();
  }
  if (store_.stored() == 0) UpdateSignals(ZX_SOCKET_READABLE, 0);
  UpdateReadThreshold();
  if (other == nullptr) return ZX_OK;
  other->AssertLocked();
  other->UpdateWriteThreshold(this);
  // Even if the peer may not write any more, as in Zircon.
  if (stored == kCapacity) other->UpdateSignals(0, ZX_SOCKET_WRITABLE);
  return ZX_OK;
}

void Socket::UpdateReadThreshold() {
  const bool reached = read_threshold_ != 0 && store_.stored() >= read_threshold_;
  UpdateSignals(reached ? 0 : ZX_SOCKET_READ_THRESHOLD, reached ? ZX_SOCKET_READ_THRESHOLD : 0);
}

void Socket::UpdateWriteThreshold(const Socket* other) {
  other->AssertLocked();
  const bool reached = write_threshold_ != 0 && other->store_.free() >= write_threshold_;
  UpdateSignals(reached ? 0 : ZX_SOCKET_WRITE_THRESHOLD, reached ? ZX_SOCKET_WRITE_THRESHOLD : 0);
}

void Socket::Apply(Disposition disposition, Socket* writer, Socket* reader) {
  if (disposition == Disposition::kUnchanged) return;
  const bool disabled = disposition == Disposition::kDisabled;
  if (writer != nullptr) {
    writer->AssertLocked();
    writer->write_disabled_ = disabled;
    // Whether the store is full is not looked at, as in Zircon; nor does a closed peer count.
    writer->UpdateSignals(disabled ? ZX_SOCKET_WRITABLE : ZX_SOCKET_WRITE_DISABLED,
                          disabled ? ZX_SOCKET_WRITE_DISABLED : ZX_SOCKET_WRITABLE);
  }
  if (reader != nullptr) {
    reader->AssertLocked();
    reader->read_disabled_ = disabled;
    reader->UpdateSignals(disabled ? 0 : ZX_SOCKET_PEER_WRITE_DISABLED,
                          disabled ? ZX_SOCKET_PEER_WRITE_DISABLED : 0);
  }
}

zx_status_t Socket::SetDisposition(Disposition own, Disposition of_peer) {
  PairLock lock(mutex());
  Socket* const other = peer();
  if (of_peer == Disposition::kEnabled && read_disabled_ && store_.stored() != 0) {
    return ZX_ERR_BAD_STATE;
  }
  if (other != nullptr) {
    other->AssertLocked();
    if (own == Disposition::kEnabled && other->read_disabled_ && other->store_.stored() != 0) {
      return ZX_ERR_BAD_STATE;
    }
  }
  Apply(own, this, other);
  Apply(of_peer, other, this);
  return ZX_OK;
}

void Socket::Shutdown(bool own_writing, bool peer_writing) {
  PairLock lock(mutex());
  Socket* const other = peer();
  if (own_writing) Apply(Disposition::kDisabled, this, other);
  if (peer_writing) Apply(Disposition::kDisabled, other, this);
}

zx_status_t Socket::SetReadThreshold(uint64_t bytes) {
  PairLock lock(mutex());
  if (bytes > kCapacity) return ZX_ERR_INVALID_ARGS;
  read_threshold_ = bytes;
  UpdateReadThreshold();
  return ZX_OK;
}

zx_status_t Socket::SetWriteThreshold(uint64_t bytes) {
  PairLock lock(mutex());
  Socket* const other = peer();
  if (other == nullptr) return ZX_ERR_PEER_CLOSED;
  if (bytes > kCapacity) return ZX_ERR_INVALID_ARGS;
  write_threshold_ = bytes;
  UpdateWriteThreshold(other);
  return ZX_OK;
}

uint64_t Socket::read_threshold() const {
  PairLock lock(mutex());
  return read_threshold_;
}

uint64_t Socket::write_threshold() const {
  PairLock lock(mutex());
  return write_threshold_;
}

zx_info_socket_t Socket::Info() const {
  zx_info_socket_t info{};
  PairLock lock(mutex());
  const bool datagrams = kind_ == Kind::kDatagram;
  info.options = datagrams ? ZX_SOCKET_DATAGRAM : ZX_SOCKET_STREAM;
  info.rx_buf_max = kCapacity;
  info.rx_buf_size = store_.stored();
  info.rx_buf_available = store_.stored();
  if (datagrams) info.rx_buf_available = datagrams_.empty() ? 0 : datagrams_.front();
  if (const Socket* const other = peer()) {
    other->AssertLocked();
    info.tx_buf_max = kCapacity;
    info.tx_buf_size = other->store_.stored();
  }
  return info;
}

}  // namespace zircon::objects
