// The objects of ObjectWorld as the contract has them, without a line of the library's: what they
// hold, what their handles may do, who waits for their signals.
//
// Thread safety: one thread, each world its own.

#pragma once

#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace zircon::models {

struct Object;
using ObjectPtr = std::shared_ptr<Object>;

// A handle. It keeps its identity while it travels in a message, although its value changes.
struct Name {
  zx_handle_t value = ZX_HANDLE_INVALID;
  ObjectPtr object;
  zx_rights_t rights = 0;
};
using NamePtr = std::shared_ptr<Name>;

// A wait of zx_object_wait_async().
struct AsyncWait {
  NamePtr name;  // begun with it
  std::weak_ptr<Object> port;
  uint64_t key = 0;
  zx_signals_t signals = 0;
  uint32_t options = 0;
};

// What waits in a port. Packets that one call has caused may come in any order among themselves.
struct Packet {
  uint64_t key = 0;
  uint32_t type = 0;
  uint64_t batch = 0;
  uint64_t word = 0;  // USER: its first eight bytes
  NamePtr source;     // SIGNAL_ONE: of the wait
  zx_signals_t trigger = 0;
  zx_signals_t observed = 0;
  bool has_time = false;
};

struct ModelMessage {
  std::string bytes;
  std::vector<NamePtr> handles;
};

struct Object {
  explicit Object(zx_obj_type_t its_type) : type(its_type) {}

  const zx_obj_type_t type;
  zx_signals_t signals = 0;
  uint32_t handles = 0;
  uint64_t pair = 0;  // greater for pairs that were made later
  std::list<AsyncWait> waits;

  // The ends of pairs. Null when the other has gone.
  std::weak_ptr<Object> peer;

  std::deque<Packet> packets;         // port
  std::deque<ModelMessage> messages;  // channel
  bool datagrams = false;             // socket
  std::deque<std::string> store;      // socket: datagrams, or one string
  bool write_disabled = false;        // socket, of this end
  bool read_disabled = false;         // socket: what this end was told of the other
  size_t element = 0;                 // FIFO
  size_t capacity = 0;                // FIFO, elements
  std::string ring;                   // FIFO

  bool waitable() const { return type != ZX_OBJ_TYPE_PORT; }
  bool paired() const {
    return type == ZX_OBJ_TYPE_CHANNEL || type == ZX_OBJ_TYPE_SOCKET || type == ZX_OBJ_TYPE_FIFO ||
           type == ZX_OBJ_TYPE_EVENTPAIR;
  }
  size_t stored() const {
    size_t sum = 0;
    for (const std::string& part : store) sum += part.size();
    return sum;
  }
};

}  // namespace zircon::models
