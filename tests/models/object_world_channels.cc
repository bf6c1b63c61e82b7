// ObjectWorld: channels, with handles that travel.

#include <zircon/rights.h>

#include <algorithm>

#include "models/object_world.h"
#include "models/require.h"

namespace zircon::models {

void ObjectWorld::ChannelWrite(Input& input) {
  const NamePtr name = PickName(input, ZX_OBJ_TYPE_CHANNEL);
  const uint32_t options = input.OneIn(30) ? 1 : 0;
  const std::string bytes = PickBytes(input, 40);
  std::vector<NamePtr> sent;
  std::vector<zx_handle_t> values;
  for (uint32_t i = input.OneIn(3) ? input.Below(4) : 0; i != 0; --i) {
    const NamePtr one = PickName(input, ZX_OBJ_TYPE_NONE);
    // What could keep itself alive in a ring of queues would never go: an end goes only through
    // channels that were made before its own. The end that is written to is refused.
    const bool ring = one && name && one->object->type == ZX_OBJ_TYPE_CHANNEL &&
                      name->object->type == ZX_OBJ_TYPE_CHANNEL && one->object != name->object &&
                      one->object->pair <= name->object->pair;
    // A handle that is written with and sent at once is one thing too many for a model.
    if (ring || one == name) continue;
    sent.push_back(one);
    values.push_back(ValueOf(one));
  }
  zx_status_t expected =
      options != 0 ? ZX_ERR_INVALID_ARGS : Look(name, ZX_OBJ_TYPE_CHANNEL, ZX_RIGHT_WRITE);
  std::vector<NamePtr> unique;
  zx_status_t of_handles = ZX_OK;
  for (const NamePtr& one : sent) {
    const bool twice = std::find(unique.begin(), unique.end(), one) != unique.end();
    zx_status_t status = ZX_OK;
    if (!one || twice) {
      status = ZX_ERR_BAD_HANDLE;
    } else if ((one->rights & ZX_RIGHT_TRANSFER) == 0) {
      status = ZX_ERR_ACCESS_DENIED;
    } else if (name && one->object == name->object) {
      status = ZX_ERR_NOT_SUPPORTED;
    }
    if (of_handles == ZX_OK) of_handles = status;
    if (one && !twice) unique.push_back(one);
  }
  if (expected == ZX_OK) expected = of_handles;
  ObjectPtr peer;
  if (expected == ZX_OK) {
    peer = name->object->peer.lock();
    if (!peer) expected = ZX_ERR_PEER_CLOSED;
  }
  REQUIRE_STATUS(
      zx_channel_write(ValueOf(name), options, bytes.data(), static_cast<uint32_t>(bytes.size()),
                       values.data(), static_cast<uint32_t>(values.size())),
      expected);
  for (const NamePtr& one : unique) {
    Forget(one);
    if (expected != ZX_OK) Drop(one);
  }
  if (expected != ZX_OK) return;
  peer->messages.push_back({bytes, unique});
  Change(peer, 0, ZX_CHANNEL_READABLE);
}

void ObjectWorld::ChannelRead(Input& input) {
  const NamePtr name = PickName(input, ZX_OBJ_TYPE_CHANNEL);
  const bool discards = input.OneIn(8);
  const uint32_t options =
      (discards ? ZX_CHANNEL_READ_MAY_DISCARD : 0) | (input.OneIn(30) ? 2u : 0u);
  const uint32_t room = input.OneIn(4) ? input.Below(20) : 64;
  const uint32_t handles_room = input.OneIn(4) ? input.Below(2) : 4;
  zx_status_t expected = Look(name, ZX_OBJ_TYPE_CHANNEL, ZX_RIGHT_READ);
  if (expected == ZX_OK && (options & 2) != 0) expected = ZX_ERR_NOT_SUPPORTED;
  const bool looks = expected == ZX_OK && !name->object->messages.empty();
  ModelMessage message;
  if (looks) {
    message = name->object->messages.front();
    if (message.bytes.size() > room || message.handles.size() > handles_room) {
      expected = ZX_ERR_BUFFER_TOO_SMALL;
    }
  } else if (expected == ZX_OK) {
    expected = name->object->peer.lock() ? ZX_ERR_SHOULD_WAIT : ZX_ERR_PEER_CLOSED;
  }
  char buffer[64];
  zx_handle_info_t infos[4] = {};
  zx_handle_t values[4] = {};
  uint32_t bytes = 0;
  uint32_t handles = 0;
  const bool etc = input.OneIn(2);
  REQUIRE_STATUS(etc ? zx_channel_read_etc(ValueOf(name), options, buffer, infos, room,
                                           handles_room, &bytes, &handles)
                     : zx_channel_read(ValueOf(name), options, buffer, values, room, handles_room,
                                       &bytes, &handles),
                 expected);
  if (!looks) return;
  REQUIRE(bytes == message.bytes.size() && handles == message.handles.size());
  if (expected != ZX_OK && !discards) return;
  name->object->messages.pop_front();
  if (name->object->messages.empty()) Change(name->object, ZX_CHANNEL_READABLE, 0);
  if (expected != ZX_OK) {
    for (const NamePtr& one : message.handles) Drop(one);
    return;
  }
  REQUIRE(message.bytes == std::string(buffer, bytes));
  for (size_t i = 0; i < message.handles.size(); ++i) {
    const NamePtr& one = message.handles[i];
    if (etc) {
      REQUIRE(infos[i].type == one->object->type && infos[i].rights == one->rights);
      REQUIRE(infos[i].unused == 0);
    }
    // Under a new value it is another handle: waits that were begun with it end.
    Add(etc ? infos[i].handle : values[i], one->object, one->rights);
    Drop(one);
  }
}

}  // namespace zircon::models
