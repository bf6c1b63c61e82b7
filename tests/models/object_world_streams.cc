// ObjectWorld: sockets and FIFOs.

#include <zircon/rights.h>

#include <algorithm>

#include "models/object_world.h"
#include "models/require.h"

namespace zircon::models {
namespace {

constexpr size_t kNoActual = 77;

// Rarely as much as a store holds, else little.
std::string PickStream(Input& input, size_t most) {
  if (!input.OneIn(16)) return PickBytes(input, 40);
  return std::string(most - input.Below(3), static_cast<char>(input.Next<uint8_t>()));
}

}  // namespace

void ObjectWorld::SocketWrite(Input& input) {
  const NamePtr name = PickName(input, ZX_OBJ_TYPE_SOCKET);
  const uint32_t options = input.OneIn(20) ? 1 : 0;
  const std::string bytes = PickStream(input, kStoreSize + 1);
  zx_status_t expected =
      options != 0 ? ZX_ERR_INVALID_ARGS : Look(name, ZX_OBJ_TYPE_SOCKET, ZX_RIGHT_WRITE);
  ObjectPtr peer;
  size_t room = 0;
  size_t taken = 0;
  if (expected == ZX_OK) {
    peer = name->object->peer.lock();
    if (peer) room = kStoreSize - peer->stored();
    taken = std::min(bytes.size(), room);
    if (!peer) {
      expected = ZX_ERR_PEER_CLOSED;
    } else if (name->object->write_disabled) {
      expected = ZX_ERR_BAD_STATE;
    } else if (bytes.empty()) {
      expected = ZX_OK;
    } else if (room == 0) {
      expected = ZX_ERR_SHOULD_WAIT;
    } else if (name->object->datagrams && bytes.size() > kStoreSize) {
      expected = ZX_ERR_OUT_OF_RANGE;
    } else if (name->object->datagrams && bytes.size() > room) {
      expected = ZX_ERR_SHOULD_WAIT;
    }
  }
  size_t actual = kNoActual;
  REQUIRE_STATUS(zx_socket_write(ValueOf(name), options, bytes.data(), bytes.size(), &actual),
                 expected);
  REQUIRE(actual == (expected == ZX_OK ? taken : kNoActual));
  if (expected != ZX_OK || taken == 0) return;
  if (peer->datagrams || peer->store.empty()) {
    peer->store.push_back(bytes.substr(0, taken));
  } else {
    peer->store.back() += bytes.substr(0, taken);
  }
  if (peer->stored() == taken) Change(peer, 0, ZX_SOCKET_READABLE);
  if (taken == room) Change(name->object, ZX_SOCKET_WRITABLE, 0);
}

void ObjectWorld::SocketRead(Input& input) {
  const NamePtr name = PickName(input, ZX_OBJ_TYPE_SOCKET);
  const bool peek = input.OneIn(3);
  const uint32_t options = (peek ? ZX_SOCKET_PEEK : 0) | (input.OneIn(20) ? 1u : 0u);
  std::string buffer(input.OneIn(8) ? kStoreSize : input.Below(50), '\0');
  zx_status_t expected =
      (options & 1) != 0 ? ZX_ERR_INVALID_ARGS : Look(name, ZX_OBJ_TYPE_SOCKET, ZX_RIGHT_READ);
  ObjectPtr peer;
  std::string wanted;
  if (expected == ZX_OK) {
    peer = name->object->peer.lock();
    if (!name->object->store.empty()) {
      wanted = name->object->store.front().substr(0, buffer.size());
    } else if (!peer) {
      expected = ZX_ERR_PEER_CLOSED;
    } else {
      expected = name->object->read_disabled ? ZX_ERR_BAD_STATE : ZX_ERR_SHOULD_WAIT;
    }
  }
  size_t actual = kNoActual;
  REQUIRE_STATUS(zx_socket_read(ValueOf(name), options, buffer.data(), buffer.size(), &actual),
                 expected);
  REQUIRE(actual == (expected == ZX_OK ? wanted.size() : kNoActual));
  if (expected != ZX_OK) return;
  REQUIRE(buffer.substr(0, actual) == wanted);
  if (peek || buffer.empty()) return;
  Object& end = *name->object;
  const bool was_full = end.stored() == kStoreSize;
  if (end.datagrams) {
    end.store.pop_front();
  } else {
    end.store.front().erase(0, actual);
    if (end.store.front().empty()) end.store.pop_front();
  }
  if (end.store.empty()) Change(name->object, ZX_SOCKET_READABLE, 0);
  if (was_full && peer) Change(peer, 0, ZX_SOCKET_WRITABLE);
}

void ObjectWorld::SocketDisposition(Input& input) {
  const NamePtr name = PickName(input, ZX_OBJ_TYPE_SOCKET);
  constexpr uint32_t kChoices[] = {0, ZX_SOCKET_DISPOSITION_WRITE_DISABLED,
                                   ZX_SOCKET_DISPOSITION_WRITE_ENABLED, 3};
  const uint32_t own = input.Pick(kChoices);
  const uint32_t other = input.Pick(kChoices);
  zx_status_t expected = own > 2 || other > 2
                             ? ZX_ERR_INVALID_ARGS
                             : Look(name, ZX_OBJ_TYPE_SOCKET, ZX_RIGHT_MANAGE_SOCKET);
  ObjectPtr peer;
  if (expected == ZX_OK) {
    peer = name->object->peer.lock();
    const bool peer_wakes = name->object->read_disabled && !name->object->store.empty() &&
                            other == ZX_SOCKET_DISPOSITION_WRITE_ENABLED;
    const bool own_wakes = peer && peer->read_disabled && !peer->store.empty() &&
                           own == ZX_SOCKET_DISPOSITION_WRITE_ENABLED;
    if (peer_wakes || own_wakes) expected = ZX_ERR_BAD_STATE;
  }
  REQUIRE_STATUS(zx_socket_set_disposition(ValueOf(name), own, other), expected);
  if (expected != ZX_OK) return;
  const auto dispose = [&](const ObjectPtr& writer, const ObjectPtr& reader, uint32_t how) {
    if (how == 0) return;
    const bool disable = how == ZX_SOCKET_DISPOSITION_WRITE_DISABLED;
    constexpr zx_signals_t kHere[] = {ZX_SOCKET_WRITABLE, ZX_SOCKET_WRITE_DISABLED};
    if (writer) {
      writer->write_disabled = disable;
      Change(writer, kHere[disable ? 0 : 1], kHere[disable ? 1 : 0]);
    }
    if (reader) {
      reader->read_disabled = disable;
      Change(reader, disable ? 0 : ZX_SOCKET_PEER_WRITE_DISABLED,
             disable ? ZX_SOCKET_PEER_WRITE_DISABLED : 0);
    }
  };
  dispose(name->object, peer, own);
  dispose(peer, name->object, other);
}

void ObjectWorld::FifoWrite(Input& input) {
  const NamePtr name = PickName(input, ZX_OBJ_TYPE_FIFO);
  const size_t size = name && name->object->element != 0 && !input.OneIn(20) ? name->object->element
                                                                             : 1 + input.Below(10);
  const size_t count = input.Below(12);
  std::string bytes(size * count, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(++keys_);
  zx_status_t expected = Look(name, ZX_OBJ_TYPE_FIFO, ZX_RIGHT_WRITE);
  ObjectPtr peer;
  size_t room = 0;
  if (expected == ZX_OK) {
    peer = name->object->peer.lock();
    if (peer) room = peer->capacity - peer->ring.size() / peer->element;
    if (!peer) {
      expected = ZX_ERR_PEER_CLOSED;
    } else if (size != name->object->element || count == 0) {
      expected = ZX_ERR_OUT_OF_RANGE;
    } else if (room == 0) {
      expected = ZX_ERR_SHOULD_WAIT;
    }
  }
  size_t actual = kNoActual;
  REQUIRE_STATUS(zx_fifo_write(ValueOf(name), size, bytes.data(), count, &actual), expected);
  const size_t taken = std::min(room, count);
  REQUIRE(actual == (expected == ZX_OK ? taken : kNoActual));
  if (expected != ZX_OK) return;
  const bool was_empty = peer->ring.empty();
  peer->ring += bytes.substr(0, taken * size);
  if (was_empty) Change(peer, 0, ZX_FIFO_READABLE);
  if (taken == room) Change(name->object, ZX_FIFO_WRITABLE, 0);
}

void ObjectWorld::FifoRead(Input& input) {
  const NamePtr name = PickName(input, ZX_OBJ_TYPE_FIFO);
  const size_t size = name && name->object->element != 0 && !input.OneIn(20) ? name->object->element
                                                                             : 1 + input.Below(10);
  const size_t count = input.Below(12);
  std::string buffer(size * count, '\0');
  zx_status_t expected = Look(name, ZX_OBJ_TYPE_FIFO, ZX_RIGHT_READ);
  ObjectPtr peer;
  if (expected == ZX_OK) {
    peer = name->object->peer.lock();
    if (size != name->object->element || count == 0) {
      expected = ZX_ERR_OUT_OF_RANGE;
    } else if (name->object->ring.empty()) {
      expected = peer ? ZX_ERR_SHOULD_WAIT : ZX_ERR_PEER_CLOSED;
    }
  }
  size_t actual = kNoActual;
  REQUIRE_STATUS(zx_fifo_read(ValueOf(name), size, buffer.data(), count, &actual), expected);
  if (expected != ZX_OK) {
    REQUIRE(actual == kNoActual);
    return;
  }
  Object& end = *name->object;
  const size_t stored = end.ring.size() / size;
  REQUIRE(actual == std::min(stored, count));
  REQUIRE(buffer.substr(0, actual * size) == end.ring.substr(0, actual * size));
  end.ring.erase(0, actual * size);
  if (end.ring.empty()) Change(name->object, ZX_FIFO_READABLE, 0);
  if (stored == end.capacity && peer) Change(peer, 0, ZX_FIFO_WRITABLE);
}

}  // namespace zircon::models
