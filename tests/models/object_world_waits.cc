// ObjectWorld: signals, waits and ports.

#include <zircon/rights.h>
#include <zircon/syscalls/port.h>

#include <algorithm>

#include "models/object_world.h"
#include "models/require.h"

namespace zircon::models {
namespace {

constexpr zx_time_t kPast = ZX_TIME_INFINITE_PAST;
constexpr uint64_t kKeys = 4;
// One of them at the most.
constexpr uint32_t kTimestamps = ZX_WAIT_ASYNC_TIMESTAMP | ZX_WAIT_ASYNC_BOOT_TIMESTAMP;

// The bits that a program may change.
zx_signals_t OwnBits(zx_obj_type_t type) {
  const bool event = type == ZX_OBJ_TYPE_EVENT || type == ZX_OBJ_TYPE_EVENTPAIR;
  return ZX_USER_SIGNAL_ALL | (event ? ZX_EVENT_SIGNALED : 0);
}

zx_signals_t PickSignals(Input& input) {
  switch (input.Below(8)) {
    case 0:
      return input.Next<zx_signals_t>();
    case 1:
      return 0;
    case 2:
      return zx_signals_t{1} << input.Below(8);
    case 3:
      return ZX_EVENT_SIGNALED;
    default:
      return ZX_USER_SIGNAL_0 << input.Below(3);
  }
}

}  // namespace

void ObjectWorld::Match(const AsyncWait& wait, zx_signals_t observed) {
  const ObjectPtr port = wait.port.lock();
  if (!port || port->handles == 0) return;
  Packet packet;
  packet.key = wait.key;
  packet.type = ZX_PKT_TYPE_SIGNAL_ONE;
  packet.batch = batch_;
  packet.source = wait.name;
  packet.trigger = wait.signals;
  packet.observed = observed;
  packet.has_time = (wait.options & kTimestamps) != 0;
  port->packets.push_back(packet);
}

void ObjectWorld::Change(const ObjectPtr& object, zx_signals_t clear, zx_signals_t set) {
  const zx_signals_t before = object->signals;
  const zx_signals_t active = (before & ~clear) | set;
  object->signals = active;
  for (auto wait = object->waits.begin(); wait != object->waits.end();) {
    const bool edge = (wait->options & ZX_WAIT_ASYNC_EDGE) != 0;
    const zx_signals_t seen = edge ? active & ~before : active;
    if (before != active && (seen & wait->signals) != 0) {
      Match(*wait, active);
      wait = object->waits.erase(wait);
    } else {
      ++wait;
    }
  }
}

void ObjectWorld::Signal(Input& input) {
  const NamePtr name = PickName(input, input.OneIn(2) ? ZX_OBJ_TYPE_EVENT : ZX_OBJ_TYPE_NONE);
  const zx_signals_t clear = PickSignals(input);
  const zx_signals_t set = PickSignals(input);
  zx_status_t expected = Look(name, ZX_OBJ_TYPE_NONE, ZX_RIGHT_SIGNAL);
  if (expected == ZX_OK && ((clear | set) & ~OwnBits(name->object->type)) != 0) {
    expected = ZX_ERR_INVALID_ARGS;
  }
  REQUIRE_STATUS(zx_object_signal(ValueOf(name), clear, set), expected);
  if (expected == ZX_OK) Change(name->object, clear, set);
}

void ObjectWorld::SignalPeer(Input& input) {
  const NamePtr name = PickName(input, input.OneIn(2) ? ZX_OBJ_TYPE_EVENTPAIR : ZX_OBJ_TYPE_NONE);
  const zx_signals_t clear = PickSignals(input);
  const zx_signals_t set = PickSignals(input);
  zx_status_t expected = Look(name, ZX_OBJ_TYPE_NONE, ZX_RIGHT_SIGNAL_PEER);
  ObjectPtr peer;
  if (expected == ZX_OK) {
    peer = name->object->peer.lock();
    if (((clear | set) & ~OwnBits(name->object->type)) != 0) {
      expected = ZX_ERR_INVALID_ARGS;
    } else if (!peer) {
      expected = ZX_ERR_PEER_CLOSED;
    }
  }
  REQUIRE_STATUS(zx_object_signal_peer(ValueOf(name), clear, set), expected);
  if (expected == ZX_OK) Change(peer, clear, set);
}

void ObjectWorld::WaitOne(Input& input) {
  const NamePtr name = PickName(input, ZX_OBJ_TYPE_NONE);
  const zx_signals_t signals = PickSignals(input);
  zx_status_t expected = LookWaitable(name);
  if (expected == ZX_OK && (name->object->signals & signals) == 0) expected = ZX_ERR_TIMED_OUT;
  constexpr zx_signals_t kUntouched = 0x12345678;
  zx_signals_t observed = kUntouched;
  REQUIRE_STATUS(zx_object_wait_one(ValueOf(name), signals, kPast, &observed), expected);
  const bool waited = expected == ZX_OK || expected == ZX_ERR_TIMED_OUT;
  REQUIRE(observed == (waited ? name->object->signals : kUntouched));
}

void ObjectWorld::WaitMany(Input& input) {
  const uint32_t count = input.Below(4);
  std::vector<zx_wait_item_t> items;
  std::vector<NamePtr> names;
  zx_status_t expected = ZX_OK;
  bool active = false;
  for (uint32_t i = 0; i < count; ++i) {
    names.push_back(PickName(input, ZX_OBJ_TYPE_NONE));
    items.push_back({ValueOf(names[i]), PickSignals(input), 0xABCD});
    if (expected == ZX_OK) expected = LookWaitable(names[i]);
    active = active || (names[i] && (names[i]->object->signals & items[i].waitfor) != 0);
  }
  if (expected == ZX_OK && !active) expected = ZX_ERR_TIMED_OUT;
  REQUIRE_STATUS(zx_object_wait_many(items.data(), count, kPast), expected);
  const bool waited = expected == ZX_OK || expected == ZX_ERR_TIMED_OUT;
  for (uint32_t i = 0; i < count; ++i) {
    REQUIRE(items[i].pending == (waited ? names[i]->object->signals : 0xABCD));
  }
}

void ObjectWorld::WaitAsync(Input& input) {
  const NamePtr name = PickName(input, ZX_OBJ_TYPE_NONE);
  const NamePtr port = PickName(input, ZX_OBJ_TYPE_PORT);
  const uint64_t key = input.Below(kKeys);
  const zx_signals_t signals = PickSignals(input);
  const uint32_t options = input.OneIn(16) ? 8 : input.Below(8);
  const bool both_times = (options & kTimestamps) == kTimestamps;
  zx_status_t expected = options > 7 || both_times ? ZX_ERR_INVALID_ARGS
                                                   : Look(port, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE);
  if (expected == ZX_OK) expected = LookWaitable(name);
  REQUIRE_STATUS(zx_object_wait_async(ValueOf(name), ValueOf(port), key, signals, options),
                 expected);
  if (expected != ZX_OK) return;
  const AsyncWait wait = {name, port->object, key, signals, options};
  if ((options & ZX_WAIT_ASYNC_EDGE) == 0 && (name->object->signals & signals) != 0) {
    Match(wait, name->object->signals);
  } else {
    name->object->waits.push_back(wait);
  }
}

void ObjectWorld::Queue(Input& input) {
  const NamePtr port = PickName(input, ZX_OBJ_TYPE_PORT);
  zx_port_packet_t packet = {};
  packet.key = input.Below(kKeys);
  packet.type = input.Next<uint8_t>();
  packet.status = input.Next<int8_t>();
  packet.user.u64[0] = ++keys_;
  const zx_status_t expected = Look(port, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE);
  REQUIRE_STATUS(zx_port_queue(ValueOf(port), &packet), expected);
  if (expected != ZX_OK) return;
  Packet queued;
  queued.key = packet.key;
  queued.type = ZX_PKT_TYPE_USER;
  queued.batch = batch_;
  queued.word = keys_;
  port->object->packets.push_back(queued);
}

void ObjectWorld::PortWait(Input& input) {
  const NamePtr port = PickName(input, ZX_OBJ_TYPE_PORT);
  zx_status_t expected = Look(port, ZX_OBJ_TYPE_PORT, ZX_RIGHT_READ);
  if (expected == ZX_OK && port->object->packets.empty()) expected = ZX_ERR_TIMED_OUT;
  zx_port_packet_t got = {};
  REQUIRE_STATUS(zx_port_wait(ValueOf(port), kPast, &got), expected);
  if (expected != ZX_OK) return;
  std::deque<Packet>& packets = port->object->packets;
  const uint64_t batch = packets.front().batch;
  const auto match = std::find_if(packets.begin(), packets.end(), [&](const Packet& packet) {
    if (packet.batch != batch || packet.key != got.key || packet.type != got.type) return false;
    if (packet.type == ZX_PKT_TYPE_USER) return packet.word == got.user.u64[0];
    return packet.trigger == got.signal.trigger && packet.observed == got.signal.observed &&
           packet.has_time == (got.signal.timestamp != 0);
  });
  REQUIRE(match != packets.end());
  if (got.type == ZX_PKT_TYPE_SIGNAL_ONE) {
    REQUIRE(got.signal.count == 1 && got.status == ZX_OK && got.signal.reserved1 == 0);
  }
  packets.erase(match);
}

void ObjectWorld::Cancel(Input& input) {
  const NamePtr port = PickName(input, ZX_OBJ_TYPE_PORT);
  const NamePtr source = PickName(input, ZX_OBJ_TYPE_NONE);
  const uint64_t key = input.Below(kKeys);
  zx_status_t expected = Look(port, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE);
  if (expected == ZX_OK) expected = LookWaitable(source);
  if (expected == ZX_OK) {
    auto& packets = port->object->packets;
    const size_t taken = std::erase_if(packets, [&](const Packet& packet) {
      return packet.type == ZX_PKT_TYPE_SIGNAL_ONE && packet.source == source && packet.key == key;
    });
    const size_t ended = source->object->waits.remove_if([&](const AsyncWait& wait) {
      return wait.name == source && wait.port.lock() == port->object && wait.key == key;
    });
    if (taken + ended == 0) expected = ZX_ERR_NOT_FOUND;
  }
  REQUIRE_STATUS(zx_port_cancel(ValueOf(port), ValueOf(source), key), expected);
}

void ObjectWorld::CancelKey(Input& input) {
  const NamePtr port = PickName(input, ZX_OBJ_TYPE_PORT);
  const uint32_t options = input.OneIn(16) ? 1 : 0;
  const uint64_t key = input.Below(kKeys);
  zx_status_t expected =
      options != 0 ? ZX_ERR_INVALID_ARGS : Look(port, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE);
  if (expected == ZX_OK) {
    size_t found = std::erase_if(port->object->packets,
                                 [&](const Packet& packet) { return packet.key == key; });
    for (const ObjectPtr& object : Everything()) {
      found += object->waits.remove_if([&](const AsyncWait& wait) {
        return wait.port.lock() == port->object && wait.key == key;
      });
    }
    if (found == 0) expected = ZX_ERR_NOT_FOUND;
  }
  REQUIRE_STATUS(zx_port_cancel_key(ValueOf(port), options, key), expected);
}

void ObjectWorld::SetTimer(Input& input) {
  const NamePtr timer = PickName(input, ZX_OBJ_TYPE_TIMER);
  const zx_duration_t slack = input.OneIn(16) ? -1 : 0;
  zx_status_t expected =
      slack < 0 ? ZX_ERR_OUT_OF_RANGE : Look(timer, ZX_OBJ_TYPE_TIMER, ZX_RIGHT_WRITE);
  const uint32_t kind = input.Below(4);
  if (kind == 3) {
    expected = Look(timer, ZX_OBJ_TYPE_TIMER, ZX_RIGHT_WRITE);
    REQUIRE_STATUS(zx_timer_cancel(ValueOf(timer)), expected);
  } else {
    // In the past, for ever, or in an hour.
    const zx_time_t deadlines[] = {0, ZX_TIME_INFINITE, zx_deadline_after(ZX_SEC(3600))};
    REQUIRE_STATUS(zx_timer_set(ValueOf(timer), deadlines[kind], slack), expected);
  }
  if (expected != ZX_OK) return;
  Change(timer->object, ZX_TIMER_SIGNALED, 0);
  if (kind == 0) Change(timer->object, 0, ZX_TIMER_SIGNALED);
}

}  // namespace zircon::models
