#include "models/object_world.h"

#include <zircon/rights.h>
#include <zircon/syscalls/object.h>

#include <algorithm>
#include <iterator>

#include "models/require.h"

namespace zircon::models {
namespace {

constexpr zx_rights_t kBasic = ZX_RIGHT_TRANSFER | ZX_RIGHT_WAIT | ZX_RIGHT_INSPECT;
constexpr zx_rights_t kIo = ZX_RIGHT_READ | ZX_RIGHT_WRITE;
constexpr zx_rights_t kChannel = kBasic | kIo | ZX_RIGHT_SIGNAL | ZX_RIGHT_SIGNAL_PEER;
constexpr zx_rights_t kFifo = kChannel | ZX_RIGHT_DUPLICATE;
constexpr zx_rights_t kSocket =
    kFifo | ZX_RIGHT_GET_PROPERTY | ZX_RIGHT_SET_PROPERTY | ZX_RIGHT_MANAGE_SOCKET;
constexpr zx_rights_t kEvent = kBasic | ZX_RIGHT_DUPLICATE | ZX_RIGHT_SIGNAL;
constexpr zx_rights_t kTimer = kEvent | ZX_RIGHT_WRITE;
constexpr zx_rights_t kPort = ZX_RIGHT_DUPLICATE | ZX_RIGHT_TRANSFER | kIo | ZX_RIGHT_INSPECT;

ObjectPtr Make(zx_obj_type_t type, zx_signals_t signals = 0) {
  auto object = std::make_shared<Object>(type);
  object->signals = signals;
  return object;
}

}  // namespace

std::string PickBytes(Input& input, size_t most) {
  const auto size = input.Below(static_cast<uint32_t>(most) + 1);
  const uint8_t first = input.Next<uint8_t>();
  std::string bytes(size, '\0');
  for (uint32_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(first + i * 7 + (i >> 8));
  return bytes;
}

ObjectWorld::~ObjectWorld() {
  step.call = "the end";
  while (!names_.empty()) {
    const NamePtr name = names_.back();
    REQUIRE_STATUS(zx_handle_close(name->value), ZX_OK);
    Forget(name);
    Drop(name);
  }
}

void ObjectWorld::Do(Input& input) {
  using Act = void (ObjectWorld::*)(Input&);
  static constexpr struct {
    const char* call;
    Act act;
  } kActs[] = {
      {"create", &ObjectWorld::Create},
      {"zx_handle_close", &ObjectWorld::Close},
      {"zx_handle_close_many", &ObjectWorld::CloseMany},
      {"zx_handle_duplicate", &ObjectWorld::Duplicate},
      {"zx_handle_replace", &ObjectWorld::Replace},
      {"zx_object_get_info", &ObjectWorld::AskWhatItIs},
      {"zx_object_signal", &ObjectWorld::Signal},
      {"zx_object_signal_peer", &ObjectWorld::SignalPeer},
      {"zx_object_wait_one", &ObjectWorld::WaitOne},
      {"zx_object_wait_many", &ObjectWorld::WaitMany},
      {"zx_object_wait_async", &ObjectWorld::WaitAsync},
      {"zx_object_wait_async", &ObjectWorld::WaitAsync},
      {"zx_port_queue", &ObjectWorld::Queue},
      {"zx_port_wait", &ObjectWorld::PortWait},
      {"zx_port_wait", &ObjectWorld::PortWait},
      {"zx_port_cancel", &ObjectWorld::Cancel},
      {"zx_port_cancel_key", &ObjectWorld::CancelKey},
      {"zx_timer_set", &ObjectWorld::SetTimer},
      {"zx_channel_write", &ObjectWorld::ChannelWrite},
      {"zx_channel_write", &ObjectWorld::ChannelWrite},
      {"zx_channel_read", &ObjectWorld::ChannelRead},
      {"zx_channel_read", &ObjectWorld::ChannelRead},
      {"zx_socket_write", &ObjectWorld::SocketWrite},
      {"zx_socket_read", &ObjectWorld::SocketRead},
      {"zx_socket_set_disposition", &ObjectWorld::SocketDisposition},
      {"zx_fifo_write", &ObjectWorld::FifoWrite},
      {"zx_fifo_read", &ObjectWorld::FifoRead},
  };
  const auto& chosen = kActs[input.Below(std::size(kActs))];
  ++step.number;
  ++batch_;
  step.call = chosen.call;
  (this->*chosen.act)(input);
}

// ---- Parts ----

NamePtr ObjectWorld::PickName(Input& input, zx_obj_type_t type) {
  if (names_.empty() || input.OneIn(40)) return nullptr;
  const size_t start = input.Below(static_cast<uint32_t>(names_.size()));
  if (type != ZX_OBJ_TYPE_NONE && !input.OneIn(20)) {
    for (size_t i = 0; i < names_.size(); ++i) {
      const NamePtr& name = names_[(start + i) % names_.size()];
      if (name->object->type == type) return name;
    }
  }
  return names_[start];
}

zx_handle_t ObjectWorld::ValueOf(const NamePtr& name) {
  return name ? name->value : ZX_HANDLE_INVALID;
}

zx_status_t ObjectWorld::Look(const NamePtr& name, zx_obj_type_t type, zx_rights_t rights) {
  if (!name) return ZX_ERR_BAD_HANDLE;
  if (type != ZX_OBJ_TYPE_NONE && name->object->type != type) return ZX_ERR_WRONG_TYPE;
  return (name->rights & rights) == rights ? ZX_OK : ZX_ERR_ACCESS_DENIED;
}

zx_status_t ObjectWorld::LookWaitable(const NamePtr& name) {
  const zx_status_t status = Look(name, ZX_OBJ_TYPE_NONE, ZX_RIGHT_WAIT);
  if (status != ZX_OK) return status;
  return name->object->waitable() ? ZX_OK : ZX_ERR_NOT_SUPPORTED;
}

zx_rights_t ObjectWorld::PickRights(Input& input, zx_rights_t from) {
  switch (input.Below(6)) {
    case 0:
      return from & ~(zx_rights_t{1} << input.Below(21));
    case 1:
      return from | ZX_RIGHT_EXECUTE;  // nobody has it here
    case 2:
      return ZX_RIGHT_SAME_RIGHTS | ZX_RIGHT_READ;
    default:
      return ZX_RIGHT_SAME_RIGHTS;
  }
}

void ObjectWorld::Add(zx_handle_t value, const ObjectPtr& object, zx_rights_t rights) {
  REQUIRE((value & ZX_HANDLE_FIXED_BITS_MASK) == ZX_HANDLE_FIXED_BITS_MASK);
  for (const NamePtr& name : names_) REQUIRE(name->value != value);
  ++object->handles;
  names_.push_back(std::make_shared<Name>(Name{value, object, rights}));
}

void ObjectWorld::AddPair(zx_handle_t value0, zx_handle_t value1, const ObjectPtr& object0,
                          const ObjectPtr& object1, zx_rights_t rights) {
  object0->peer = object1;
  object1->peer = object0;
  object0->pair = object1->pair = ++pairs_;
  Add(value0, object0, rights);
  Add(value1, object1, rights);
}

void ObjectWorld::Forget(const NamePtr& name) {
  names_.erase(std::find(names_.begin(), names_.end(), name));
}

std::vector<ObjectPtr> ObjectWorld::Everything() const {
  std::vector<ObjectPtr> all;
  const auto add = [&](const NamePtr& name) {
    if (std::find(all.begin(), all.end(), name->object) == all.end()) all.push_back(name->object);
  };
  for (const NamePtr& name : names_) add(name);
  for (size_t i = 0; i < all.size(); ++i) {
    // The list grows while it is read.
    const ObjectPtr object = all[i];
    for (const ModelMessage& message : object->messages) {
      for (const NamePtr& name : message.handles) add(name);
    }
  }
  return all;
}

void ObjectWorld::EndWaits(const NamePtr& name) {
  name->object->waits.remove_if([&](const AsyncWait& wait) { return wait.name == name; });
}

void ObjectWorld::Drop(const NamePtr& name) {
  EndWaits(name);
  const ObjectPtr object = name->object;
  if (--object->handles == 0) LastHandle(object);
}

void ObjectWorld::LastHandle(const ObjectPtr& object) {
  if (object->type == ZX_OBJ_TYPE_PORT) {
    object->packets.clear();
    return;
  }
  if (const ObjectPtr peer = object->peer.lock()) {
    peer->peer.reset();
    if (object->type == ZX_OBJ_TYPE_EVENTPAIR) {
      Change(peer, 0, ZX_EVENTPAIR_PEER_CLOSED);
    } else {
      static_assert(ZX_CHANNEL_WRITABLE == ZX_SOCKET_WRITABLE &&
                    ZX_CHANNEL_WRITABLE == ZX_FIFO_WRITABLE &&
                    ZX_CHANNEL_PEER_CLOSED == ZX_SOCKET_PEER_CLOSED &&
                    ZX_CHANNEL_PEER_CLOSED == ZX_FIFO_PEER_CLOSED);
      Change(peer, ZX_CHANNEL_WRITABLE, ZX_CHANNEL_PEER_CLOSED);
    }
  }
  const std::deque<ModelMessage> messages = std::move(object->messages);
  for (const ModelMessage& message : messages) {
    for (const NamePtr& name : message.handles) Drop(name);
  }
}

// ---- Acts ----

void ObjectWorld::Create(Input& input) {
  if (names_.size() + 2 > kMostHandles) return Close(input);
  zx_handle_t value[2] = {};
  switch (input.Below(8)) {
    case 0:
      REQUIRE_STATUS(zx_event_create(0, value), ZX_OK);
      return Add(value[0], Make(ZX_OBJ_TYPE_EVENT), kEvent);
    case 1:
      REQUIRE_STATUS(zx_eventpair_create(0, &value[0], &value[1]), ZX_OK);
      return AddPair(value[0], value[1], Make(ZX_OBJ_TYPE_EVENTPAIR), Make(ZX_OBJ_TYPE_EVENTPAIR),
                     kEvent | ZX_RIGHT_SIGNAL_PEER);
    case 2:
    case 3:
      REQUIRE_STATUS(zx_port_create(0, value), ZX_OK);
      return Add(value[0], Make(ZX_OBJ_TYPE_PORT), kPort);
    case 4:
      REQUIRE_STATUS(zx_channel_create(0, &value[0], &value[1]), ZX_OK);
      return AddPair(value[0], value[1], Make(ZX_OBJ_TYPE_CHANNEL, ZX_CHANNEL_WRITABLE),
                     Make(ZX_OBJ_TYPE_CHANNEL, ZX_CHANNEL_WRITABLE), kChannel);
    case 5: {
      const uint32_t options = input.Below(2);
      REQUIRE_STATUS(zx_socket_create(options, &value[0], &value[1]), ZX_OK);
      AddPair(value[0], value[1], Make(ZX_OBJ_TYPE_SOCKET, ZX_SOCKET_WRITABLE),
              Make(ZX_OBJ_TYPE_SOCKET, ZX_SOCKET_WRITABLE), kSocket);
      for (size_t i = 1; i <= 2; ++i) {
        names_[names_.size() - i]->object->datagrams = options == ZX_SOCKET_DATAGRAM;
      }
      return;
    }
    case 6: {
      const size_t count = 1 + input.Below(9);
      const size_t size = 1 + input.Below(9);
      REQUIRE_STATUS(zx_fifo_create(count, size, 0, &value[0], &value[1]), ZX_OK);
      AddPair(value[0], value[1], Make(ZX_OBJ_TYPE_FIFO, ZX_FIFO_WRITABLE),
              Make(ZX_OBJ_TYPE_FIFO, ZX_FIFO_WRITABLE), kFifo);
      for (size_t i = 1; i <= 2; ++i) {
        names_[names_.size() - i]->object->element = size;
        names_[names_.size() - i]->object->capacity = count;
      }
      return;
    }
    default:
      REQUIRE_STATUS(zx_timer_create(0, ZX_CLOCK_MONOTONIC, value), ZX_OK);
      return Add(value[0], Make(ZX_OBJ_TYPE_TIMER), kTimer);
  }
}

void ObjectWorld::Close(Input& input) {
  const NamePtr name = PickName(input, ZX_OBJ_TYPE_NONE);
  REQUIRE_STATUS(zx_handle_close(ValueOf(name)), ZX_OK);
  if (!name) return;
  Forget(name);
  Drop(name);
  REQUIRE_STATUS(zx_handle_close(name->value), ZX_ERR_BAD_HANDLE);
}

void ObjectWorld::CloseMany(Input& input) {
  std::vector<zx_handle_t> values;
  std::vector<NamePtr> closed;
  zx_status_t expected = ZX_OK;
  for (uint32_t i = input.Below(4); i != 0; --i) {
    const NamePtr name = PickName(input, ZX_OBJ_TYPE_NONE);
    values.push_back(ValueOf(name));
    if (!name) continue;
    if (std::find(closed.begin(), closed.end(), name) != closed.end()) {
      expected = ZX_ERR_BAD_HANDLE;
    } else {
      closed.push_back(name);
    }
  }
  REQUIRE_STATUS(zx_handle_close_many(values.data(), values.size()), expected);
  for (const NamePtr& name : closed) {
    Forget(name);
    Drop(name);
  }
}

void ObjectWorld::Duplicate(Input& input) {
  const NamePtr name = PickName(input, ZX_OBJ_TYPE_NONE);
  const zx_rights_t rights = PickRights(input, name ? name->rights : 0);
  if (names_.size() >= kMostHandles) return;
  zx_status_t expected = Look(name, ZX_OBJ_TYPE_NONE, ZX_RIGHT_DUPLICATE);
  if (expected == ZX_OK && rights != ZX_RIGHT_SAME_RIGHTS && (rights & ~name->rights) != 0) {
    expected = ZX_ERR_INVALID_ARGS;
  }
  zx_handle_t value = ZX_HANDLE_INVALID;
  REQUIRE_STATUS(zx_handle_duplicate(ValueOf(name), rights, &value), expected);
  if (expected != ZX_OK) return;
  Add(value, name->object, rights == ZX_RIGHT_SAME_RIGHTS ? name->rights : rights);
}

void ObjectWorld::Replace(Input& input) {
  const NamePtr name = PickName(input, ZX_OBJ_TYPE_NONE);
  const zx_rights_t rights = PickRights(input, name ? name->rights : 0);
  zx_status_t expected = Look(name, ZX_OBJ_TYPE_NONE, 0);
  if (expected == ZX_OK && rights != ZX_RIGHT_SAME_RIGHTS && (rights & ~name->rights) != 0) {
    expected = ZX_ERR_INVALID_ARGS;
  }
  zx_handle_t value = ZX_HANDLE_INVALID;
  REQUIRE_STATUS(zx_handle_replace(ValueOf(name), rights, &value), expected);
  if (!name) return;
  Forget(name);
  if (expected == ZX_OK) {
    Add(value, name->object, rights == ZX_RIGHT_SAME_RIGHTS ? name->rights : rights);
  }
  Drop(name);
}

void ObjectWorld::AskWhatItIs(Input& input) {
  const NamePtr name = PickName(input, ZX_OBJ_TYPE_NONE);
  zx_info_handle_basic_t basic = {};
  REQUIRE_STATUS(zx_object_get_info(ValueOf(name), ZX_INFO_HANDLE_BASIC, &basic, sizeof(basic),
                                    nullptr, nullptr),
                 Look(name, ZX_OBJ_TYPE_NONE, 0));
  if (!name) return;
  REQUIRE(basic.type == name->object->type);
  REQUIRE(basic.rights == name->rights);
  zx_info_handle_count_t count = {};
  REQUIRE_STATUS(zx_object_get_info(ValueOf(name), ZX_INFO_HANDLE_COUNT, &count, sizeof(count),
                                    nullptr, nullptr),
                 Look(name, ZX_OBJ_TYPE_NONE, ZX_RIGHT_INSPECT));
  if ((name->rights & ZX_RIGHT_INSPECT) != 0) REQUIRE(count.handle_count == name->object->handles);
}

}  // namespace zircon::models
