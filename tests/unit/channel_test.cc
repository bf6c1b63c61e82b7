// Channels: messages and the handles in them. Rows: CHANNEL but CHANNEL-CALL and CHANNEL-ETC.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "channel_fixture.h"
#include "contract.h"
#include "handles_in_tests.h"
#include "sleeping_thread.h"

namespace zircon::test {
namespace {

using ChannelTest = ChannelFixture;

TEST_F(ChannelTest, CreateGivesTwoEnds) {
  Shows("CHANNEL-2 CHANNEL-CREATE-4 RIGHTS-36");
  EXPECT_EQ(Basic(ends_.a).type, ZX_OBJ_TYPE_CHANNEL);
  EXPECT_EQ(Basic(ends_.a).rights, 0xF00Eu);
  EXPECT_EQ(Basic(ends_.b).rights, 0xF00Eu);
  EXPECT_EQ(Basic(ends_.a).related_koid, Basic(ends_.b).koid);
  EXPECT_EQ(Basic(ends_.b).related_koid, Basic(ends_.a).koid);
  EXPECT_EQ(Signals(ends_.a), ZX_CHANNEL_WRITABLE);
  zx_handle_t copy = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_handle_duplicate(ends_.a, ZX_RIGHT_SAME_RIGHTS, &copy), ZX_ERR_ACCESS_DENIED);
}

TEST_F(ChannelTest, CreateChecksInOrder) {
  Shows("CHANNEL-CREATE-1 CHANNEL-CREATE-3 PTR-5");
  zx_handle_t out = 7;
  for (const uint32_t options : {1u, 2u, 0x80000000u}) {
    EXPECT_EQ(zx_channel_create(options, nullptr, nullptr), ZX_ERR_INVALID_ARGS);
  }
  const uint32_t live = LiveHandles();
  EXPECT_EQ(zx_channel_create(0, nullptr, &out), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_channel_create(0, &out, Wild<zx_handle_t>()), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(LiveHandles(), live);
}

TEST_F(ChannelTest, MessagesComeOutWholeAndInOrder) {
  Shows("CHANNEL-1 CHANNEL-2 CHANNEL-READ-7 CHANNEL-WRITE-8");
  EXPECT_EQ(Write("first"), ZX_OK);
  EXPECT_EQ(Write(""), ZX_OK);
  EXPECT_EQ(Write("third"), ZX_OK);
  EXPECT_EQ(Signals(ends_.b), ZX_CHANNEL_READABLE | ZX_CHANNEL_WRITABLE);
  EXPECT_EQ(Read().bytes, "first");
  EXPECT_EQ(Read().bytes, "");
  EXPECT_EQ(Signals(ends_.b), ZX_CHANNEL_READABLE | ZX_CHANNEL_WRITABLE);
  EXPECT_EQ(Read().bytes, "third");
  EXPECT_EQ(Signals(ends_.b), ZX_CHANNEL_WRITABLE);
}

TEST_F(ChannelTest, TheLargestMessage) {
  Shows("CHANNEL-WRITE-3 CHANNEL-1");
  std::string most(65536, 'm');
  most[65535] = 'e';
  std::vector<zx_handle_t> handles;
  for (int i = 0; i < 64; ++i) handles.push_back(NewEvent());
  EXPECT_EQ(Write(most, handles), ZX_OK);
  const Received received = Read();
  EXPECT_EQ(received.bytes, most);
  EXPECT_EQ(received.handles.size(), 64u);
  CloseAll(received.handles);
}

TEST_F(ChannelTest, MessagesOutliveTheirSender) {
  Shows("CHANNEL-2 CHANNEL-3 CHANNEL-READ-3");
  EXPECT_EQ(TryRead(), ZX_ERR_SHOULD_WAIT);
  Write("left");
  zx_handle_close(ends_.a);
  EXPECT_EQ(Signals(ends_.b), ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED);
  EXPECT_EQ(Read().bytes, "left");
  EXPECT_EQ(TryRead(), ZX_ERR_PEER_CLOSED);
  EXPECT_EQ(Signals(ends_.b), ZX_CHANNEL_PEER_CLOSED);
}

TEST_F(ChannelTest, AHandleArrivesWithExactlyItsRights) {
  Shows("CHANNEL-4");
  const zx_handle_t event = NewEvent();
  const zx_koid_t koid = Basic(event).koid;
  for (const zx_rights_t rights : {0x2u, 0xD003u, 0x4002u}) {
    const zx_handle_t sent = WithRights(event, rights);
    EXPECT_EQ(Write("", {sent}), ZX_OK);
    EXPECT_FALSE(IsOpen(sent));
    const Received received = Read();
    ASSERT_EQ(received.handles.size(), 1u);
    EXPECT_NE(received.handles[0], sent);
    EXPECT_EQ(Basic(received.handles[0]).koid, koid);
    EXPECT_EQ(Basic(received.handles[0]).rights, rights);
    CloseAll(received.handles);
  }
  zx_handle_close(event);
}

TEST_F(ChannelTest, AHandleInAMessageCounts) {
  Shows("CHANNEL-4");
  Ends pair;
  ASSERT_EQ(zx_eventpair_create(0, &pair.a, &pair.b), ZX_OK);
  EXPECT_EQ(Write("", {pair.a}), ZX_OK);
  EXPECT_EQ(Signals(pair.b), 0u);
  CloseAll(Read().handles);
  EXPECT_EQ(Signals(pair.b), ZX_EVENTPAIR_PEER_CLOSED);
}

TEST_F(ChannelTest, ClosingAnEndClosesWhatIsQueuedThere) {
  Shows("CHANNEL-6");
  Ends pair;
  ASSERT_EQ(zx_eventpair_create(0, &pair.a, &pair.b), ZX_OK);
  EXPECT_EQ(Write("", {pair.a}), ZX_OK);
  zx_handle_close(ends_.b);
  EXPECT_EQ(Signals(pair.b), ZX_EVENTPAIR_PEER_CLOSED);
}

// Each channel's end lies in a message of the next: closing the last one closes them all.
TEST_F(ChannelTest, ClosingChannelsInChannelsInChannels) {
  Shows("CHANNEL-6 CALL-6");
  const uint32_t live = LiveHandles();
  Ends first;
  ASSERT_EQ(zx_channel_create(0, &first.a, &first.b), ZX_OK);
  zx_handle_t inner = first.b;
  for (int depth = 0; depth < 100'000; ++depth) {
    zx_handle_t out0 = ZX_HANDLE_INVALID;
    zx_handle_t out1 = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_channel_create(0, &out0, &out1), ZX_OK);
    ASSERT_EQ(zx_channel_write(out0, 0, nullptr, 0, &inner, 1), ZX_OK);
    ASSERT_EQ(zx_handle_close(out0), ZX_OK);
    inner = out1;
  }
  EXPECT_EQ(Signals(first.a), ZX_CHANNEL_WRITABLE);
  EXPECT_EQ(zx_handle_close(inner), ZX_OK);
  EXPECT_EQ(Signals(first.a), ZX_CHANNEL_PEER_CLOSED);
  zx_handle_close(first.a);
  EXPECT_EQ(LiveHandles(), live);
}

TEST_F(ChannelTest, WaitsOfTheSenderEndWhenTheHandleIsReceived) {
  Shows("CHANNEL-5 WAIT-1");
  const zx_handle_t event = NewEvent();
  const zx_handle_t keep = WithRights(event, 0xD003);
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  ASSERT_EQ(zx_object_wait_async(event, port, 1, ZX_USER_SIGNAL_0, 0), ZX_OK);
  ASSERT_EQ(zx_object_wait_async(event, port, 2, ZX_USER_SIGNAL_1, 0), ZX_OK);
  SleepingThread waiter([&] {
    EXPECT_EQ(zx_object_wait_one(event, ZX_USER_SIGNAL_2, ZX_TIME_INFINITE, nullptr),
              ZX_ERR_CANCELED);
  });
  ASSERT_TRUE(waiter.AwaitSleep());
  ASSERT_EQ(Write("", {event}), ZX_OK);
  // On its way the waits go on.
  ASSERT_EQ(zx_object_signal(keep, 0, ZX_USER_SIGNAL_0), ZX_OK);
  zx_port_packet_t packet{};
  EXPECT_EQ(zx_port_wait(port, kPast, &packet), ZX_OK);
  EXPECT_EQ(packet.key, 1u);
  ASSERT_TRUE(waiter.AwaitSleep());
  const Received received = Read();
  waiter.Join();
  ASSERT_EQ(zx_object_signal(keep, 0, ZX_USER_SIGNAL_1), ZX_OK);
  EXPECT_EQ(zx_port_wait(port, kPast, &packet), ZX_ERR_TIMED_OUT);
  CloseAll(received.handles);
  zx_handle_close(keep);
  zx_handle_close(port);
}

// ---- what is sent ----

TEST_F(ChannelTest, WriteChecksInOrderAndConsumesTheHandles) {
  Shows(
      "CHANNEL-WRITE-1 CHANNEL-WRITE-2 CHANNEL-WRITE-3 CHANNEL-WRITE-4 CHANNEL-WRITE-6 "
      "CHANNEL-WRITE-7 CHANNEL-HANDLES-1 RIGHTS-39");
  const zx_handle_t port = [] {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_port_create(0, &handle), ZX_OK);
    return handle;
  }();
  const zx_handle_t no_write = WithRights(ends_.a, 0xF00E & ~ZX_RIGHT_WRITE);
  Ends closed;
  ASSERT_EQ(zx_channel_create(0, &closed.a, &closed.b), ZX_OK);
  zx_handle_close(closed.b);
  struct Case {
    zx_handle_t channel;
    uint32_t options;
    const void* bytes;
    uint32_t num_bytes;
    zx_status_t expected;
  };
  const std::string large(65537, 'l');
  const Case cases[] = {
      {0, 1, large.data(), 65537, ZX_ERR_INVALID_ARGS},
      {0, 4, large.data(), 65537, ZX_ERR_INVALID_ARGS},
      {0, 0, large.data(), 65537, ZX_ERR_BAD_HANDLE},
      {port, 0, large.data(), 65537, ZX_ERR_WRONG_TYPE},
      {no_write, 0, large.data(), 65537, ZX_ERR_ACCESS_DENIED},
      {ends_.a, 0, large.data(), 65537, ZX_ERR_OUT_OF_RANGE},
      {ends_.a, 0, Wild<char>(), 65537, ZX_ERR_OUT_OF_RANGE},
      {closed.a, 0, Wild<char>(), 1, ZX_ERR_INVALID_ARGS},
      {closed.a, 0, nullptr, 1, ZX_ERR_INVALID_ARGS},
      {closed.a, 0, "x", 1, ZX_ERR_PEER_CLOSED},
  };
  for (const Case& each : cases) {
    const zx_handle_t sent = NewEvent();
    EXPECT_EQ(zx_channel_write(each.channel, each.options, each.bytes, each.num_bytes, &sent, 1),
              each.expected);
    EXPECT_FALSE(IsOpen(sent)) << each.expected;
  }
  EXPECT_EQ(TryRead(), ZX_ERR_SHOULD_WAIT);
  const zx_handle_t alone = WithRights(ends_.a, ZX_RIGHT_WRITE);
  EXPECT_EQ(zx_channel_write(alone, 0, "x", 1, nullptr, 0), ZX_OK);
  zx_handle_close(alone);
  zx_handle_close(no_write);
  zx_handle_close(port);
}

TEST_F(ChannelTest, TooManyHandlesAreClosedToo) {
  Shows("CHANNEL-WRITE-3 CHANNEL-HANDLES-1");
  std::vector<zx_handle_t> handles;
  for (int i = 0; i < 130; ++i) handles.push_back(NewEvent());
  EXPECT_EQ(Write("", handles), ZX_ERR_OUT_OF_RANGE);
  for (const zx_handle_t handle : handles) EXPECT_FALSE(IsOpen(handle));
  EXPECT_EQ(TryRead(), ZX_ERR_SHOULD_WAIT);
}

TEST_F(ChannelTest, WhatTooManyHandlesNameHearsOfIt) {
  Shows("CHANNEL-WRITE-3 CHANNEL-HANDLES-1");
  for (const bool etc : {false, true}) {
    std::array<Ends, 3> pairs;  // one for each 64
    std::vector<zx_handle_t> handles;
    for (int i = 0; i < 130; ++i) {
      if (i % 64 != 1) {
        handles.push_back(NewEvent());
        continue;
      }
      Ends& pair = pairs[i / 64];
      ASSERT_EQ(zx_eventpair_create(0, &pair.a, &pair.b), ZX_OK);
      handles.push_back(pair.a);
    }
    if (etc) {
      std::vector<zx_handle_disposition_t> dispositions;
      for (const zx_handle_t handle : handles) {
        dispositions.push_back(
            {ZX_HANDLE_OP_MOVE, handle, ZX_OBJ_TYPE_NONE, ZX_RIGHT_SAME_RIGHTS, ZX_OK});
      }
      EXPECT_EQ(zx_channel_write_etc(ends_.a, 0, nullptr, 0, dispositions.data(), 130),
                ZX_ERR_OUT_OF_RANGE);
    } else {
      EXPECT_EQ(Write("", handles), ZX_ERR_OUT_OF_RANGE);
    }
    for (const Ends& pair : pairs) EXPECT_EQ(Signals(pair.b), ZX_EVENTPAIR_PEER_CLOSED) << etc;
  }
}

TEST_F(ChannelTest, TheFirstWrongHandleDecides) {
  Shows(
      "CHANNEL-HANDLES-3 CHANNEL-HANDLES-4 CHANNEL-HANDLES-5 CHANNEL-HANDLES-6 CHANNEL-HANDLES-1");
  const zx_handle_t event = NewEvent();
  const auto no_transfer = [&] { return WithRights(event, 0xD003 & ~ZX_RIGHT_TRANSFER); };
  const auto good = [&] { return WithRights(event, 0xD003); };
  const auto itself = [&](zx_rights_t rights = 0xF00E) { return WithRights(ends_.a, rights); };
  const zx_handle_t twice = good();
  struct Case {
    std::vector<zx_handle_t> handles;
    zx_status_t expected;
  };
  const Case cases[] = {
      {{0}, ZX_ERR_BAD_HANDLE},
      {{good(), no_transfer(), 0}, ZX_ERR_ACCESS_DENIED},
      {{good(), 0, no_transfer()}, ZX_ERR_BAD_HANDLE},
      {{itself(), no_transfer()}, ZX_ERR_NOT_SUPPORTED},
      {{itself(0xF00E & ~ZX_RIGHT_TRANSFER)}, ZX_ERR_ACCESS_DENIED},
      {{good(), twice, good(), twice}, ZX_ERR_BAD_HANDLE},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(Write("x", each.handles), each.expected);
    for (const zx_handle_t handle : each.handles) EXPECT_FALSE(IsOpen(handle));
  }
  EXPECT_EQ(TryRead(), ZX_ERR_SHOULD_WAIT);
  zx_handle_close(event);
}

TEST_F(ChannelTest, TheChannelsOnlyHandleIsConsumed) {
  Shows("CHANNEL-HANDLES-1 CHANNEL-HANDLES-5");
  const zx_handle_t itself = ends_.a;
  EXPECT_EQ(zx_channel_write(ends_.a, 0, nullptr, 0, &itself, 1), ZX_ERR_NOT_SUPPORTED);
  EXPECT_FALSE(IsOpen(ends_.a));
  EXPECT_EQ(Signals(ends_.b), ZX_CHANNEL_PEER_CLOSED);
}

TEST_F(ChannelTest, TheOtherEndMayBeSent) {
  Shows("CHANNEL-HANDLES-5");
  Ends carrier;
  ASSERT_EQ(zx_channel_create(0, &carrier.a, &carrier.b), ZX_OK);
  const zx_handle_t second = WithRights(ends_.b, 0xF00E);
  EXPECT_EQ(Write("x", {second}), ZX_OK);
  const Received received = Read();
  ASSERT_EQ(received.handles.size(), 1u);
  EXPECT_EQ(Basic(received.handles[0]).koid, Basic(ends_.b).koid);
  CloseAll(received.handles);
}

TEST_F(ChannelTest, AnEndWhoseOnlyHandleIsInItsOwnQueue) {
  Shows("CHANNEL-HANDLES-5");
  // No Ends, which would close a: with it the last way to the other end would go, which a leak
  // checker tells.
  zx_handle_t a = ZX_HANDLE_INVALID;
  zx_handle_t b = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_channel_create(0, &a, &b), ZX_OK);
  EXPECT_EQ(zx_channel_write(a, 0, nullptr, 0, &b, 1), ZX_OK);
  EXPECT_FALSE(IsOpen(b));
  // It has a handle, so that it is not closed.
  EXPECT_EQ(Signals(a), ZX_CHANNEL_WRITABLE);
  EXPECT_EQ(zx_channel_write(a, 0, "x", 1, nullptr, 0), ZX_OK);
}

// Which of two ends is closed first is seen by whoever waits with one for the other's end.
TEST_F(ChannelTest, HandlesAreClosedInTheArraysOrder) {
  Shows("CHANNEL-HANDLES-7 WAIT-ASYNC-11");
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  for (const bool sent : {false, true}) {
    for (const bool waiting_first : {true, false}) {
      Ends channel;
      ASSERT_EQ(zx_channel_create(0, &channel.a, &channel.b), ZX_OK);
      zx_handle_t pair[2];
      ASSERT_EQ(zx_eventpair_create(0, &pair[0], &pair[1]), ZX_OK);
      ASSERT_EQ(zx_object_wait_async(pair[0], port, 1, ZX_EVENTPAIR_PEER_CLOSED, 0), ZX_OK);
      if (!waiting_first) std::swap(pair[0], pair[1]);
      EXPECT_EQ(zx_channel_write(channel.a, sent ? 0 : 1, nullptr, 0, pair, 2),
                sent ? ZX_OK : ZX_ERR_INVALID_ARGS);
      if (sent) {
        EXPECT_EQ(zx_channel_read(channel.b, ZX_CHANNEL_READ_MAY_DISCARD, nullptr, nullptr, 0, 0,
                                  nullptr, nullptr),
                  ZX_ERR_BUFFER_TOO_SMALL);
      }
      zx_port_packet_t packet;
      EXPECT_EQ(zx_port_wait(port, 0, &packet), waiting_first ? ZX_ERR_TIMED_OUT : ZX_OK) << sent;
    }
  }
  zx_handle_close(port);
}

TEST_F(ChannelTest, HandlesThatCannotBeRead) {
  Shows("CHANNEL-HANDLES-2 CHANNEL-WRITE-6");
  EXPECT_EQ(zx_channel_write(ends_.a, 0, "x", 1, nullptr, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_channel_write(ends_.a, 0, "x", 1, Wild<zx_handle_t>(), 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_channel_write(ends_.a, 0, nullptr, 0, nullptr, 0), ZX_OK);
  EXPECT_EQ(Read().bytes, "");
}

// ---- what is received ----

TEST_F(ChannelTest, ReadChecksInOrder) {
  Shows("CHANNEL-READ-1 CHANNEL-READ-2 CHANNEL-READ-3 RIGHTS-39");
  const zx_handle_t event = NewEvent();
  const zx_handle_t no_read = WithRights(ends_.b, 0xF00E & ~ZX_RIGHT_READ);
  const auto read = [](zx_handle_t handle, uint32_t options) {
    return zx_channel_read(handle, options, nullptr, nullptr, 0, 0, nullptr, nullptr);
  };
  EXPECT_EQ(read(0, 2), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(read(event, 2), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(read(no_read, 2), ZX_ERR_ACCESS_DENIED);
  for (const uint32_t options : {2u, 4u, 0x80000001u}) {
    EXPECT_EQ(read(ends_.b, options), ZX_ERR_NOT_SUPPORTED);
  }
  EXPECT_EQ(read(ends_.b, ZX_CHANNEL_READ_MAY_DISCARD), ZX_ERR_SHOULD_WAIT);
  const zx_handle_t alone = WithRights(ends_.b, ZX_RIGHT_READ);
  Write("");
  EXPECT_EQ(read(alone, 0), ZX_OK);
  for (const zx_handle_t handle : {event, no_read, alone}) zx_handle_close(handle);
}

TEST_F(ChannelTest, WhatDoesNotFitStaysOrIsLost) {
  Shows("CHANNEL-READ-4 CHANNEL-READ-7");
  Ends pair;
  ASSERT_EQ(zx_eventpair_create(0, &pair.a, &pair.b), ZX_OK);
  Write("12345", {pair.a});
  char bytes[5];
  zx_handle_t handle = 7;
  uint32_t num_bytes = 77;
  uint32_t num_handles = 77;
  const auto read = [&](uint32_t room_bytes, uint32_t room_handles, uint32_t options) {
    num_bytes = num_handles = 77;
    return zx_channel_read(ends_.b, options, bytes, &handle, room_bytes, room_handles, &num_bytes,
                           &num_handles);
  };
  EXPECT_EQ(read(4, 1, 0), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(num_bytes, 5u);
  EXPECT_EQ(num_handles, 1u);
  EXPECT_EQ(read(5, 0, 0), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(num_handles, 1u);
  EXPECT_EQ(zx_channel_read(ends_.b, 0, bytes, &handle, 0, 0, nullptr, nullptr),
            ZX_ERR_BUFFER_TOO_SMALL);
  // Each is told without the other.
  num_bytes = num_handles = 77;
  EXPECT_EQ(zx_channel_read(ends_.b, 0, bytes, &handle, 0, 0, &num_bytes, nullptr),
            ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(zx_channel_read(ends_.b, 0, bytes, &handle, 0, 0, nullptr, &num_handles),
            ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(num_bytes, 5u);
  EXPECT_EQ(num_handles, 1u);
  EXPECT_EQ(zx_channel_read(ends_.b, 0, bytes, &handle, 0, 0, Wild<uint32_t>(), nullptr),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Signals(pair.b), 0u);
  EXPECT_EQ(read(5, 1, ZX_CHANNEL_READ_MAY_DISCARD), ZX_OK);
  EXPECT_EQ(num_bytes, 5u);
  EXPECT_EQ(num_handles, 1u);
  Write("12345", {handle});
  EXPECT_EQ(read(4, 1, ZX_CHANNEL_READ_MAY_DISCARD), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(num_bytes, 5u);
  EXPECT_EQ(Signals(pair.b), ZX_EVENTPAIR_PEER_CLOSED);
  EXPECT_EQ(TryRead(), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(Signals(ends_.b), ZX_CHANNEL_WRITABLE);
}

TEST_F(ChannelTest, AMessageThatCannotBeGivenIsLost) {
  Shows("CHANNEL-READ-5");
  ReadOnlyPage page;
  char bytes[8];
  zx_handle_t handle = 7;
  uint32_t number = 0;
  struct Case {
    void* bytes;
    zx_handle_t* handles;
    uint32_t* actual_bytes;
    uint32_t* actual_handles;
  };
  for (const Case& each : {Case{page.as<void>(), &handle, &number, &number},
                           {nullptr, &handle, &number, &number},
                           {bytes, page.as<zx_handle_t>(), &number, &number},
                           {bytes, nullptr, &number, &number},
                           {bytes, &handle, page.as<uint32_t>(), &number},
                           {bytes, &handle, &number, page.as<uint32_t>()}}) {
    Ends pair;
    ASSERT_EQ(zx_eventpair_create(0, &pair.a, &pair.b), ZX_OK);
    const uint32_t live = LiveHandles();
    Write("abc", {pair.a});
    EXPECT_EQ(zx_channel_read(ends_.b, 0, each.bytes, each.handles, 8, 1, each.actual_bytes,
                              each.actual_handles),
              ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(LiveHandles(), live - 1);
    EXPECT_EQ(Signals(pair.b), ZX_EVENTPAIR_PEER_CLOSED);
    EXPECT_EQ(TryRead(), ZX_ERR_SHOULD_WAIT);
  }
}

TEST_F(ChannelTest, ReadEtcTellsWhatTheHandlesAre) {
  Shows("CHANNEL-READ-8");
  const zx_handle_t event = NewEvent();
  const zx_handle_t reduced = WithRights(event, ZX_RIGHT_TRANSFER | ZX_RIGHT_WAIT);
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  Write("", {reduced, port});
  zx_handle_info_t infos[3];
  std::fill_n(reinterpret_cast<unsigned char*>(infos), sizeof(infos), 0xEE);
  uint32_t count = 0;
  EXPECT_EQ(zx_channel_read_etc(ends_.b, 0, nullptr, infos, 0, 3, nullptr, &count), ZX_OK);
  EXPECT_EQ(count, 2u);
  EXPECT_EQ(infos[0].type, ZX_OBJ_TYPE_EVENT);
  EXPECT_EQ(infos[0].rights, ZX_RIGHT_TRANSFER | ZX_RIGHT_WAIT);
  EXPECT_EQ(infos[0].unused, 0u);
  EXPECT_EQ(Basic(infos[0].handle).koid, Basic(event).koid);
  EXPECT_EQ(infos[1].type, ZX_OBJ_TYPE_PORT);
  EXPECT_EQ(infos[1].rights, 0x800Fu);
  EXPECT_EQ(infos[2].handle, 0xEEEEEEEEu);
  for (const zx_handle_t handle : {event, infos[0].handle, infos[1].handle}) {
    zx_handle_close(handle);
  }
}

TEST_F(ChannelTest, The2018PacketCountsTheMessages) {
  Shows("GEN-13");
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  for (int i = 0; i < 3; ++i) Write("x");
  ASSERT_EQ(zx_object_wait_async_2018(ends_.b, port, 1, ZX_CHANNEL_READABLE, 0), ZX_OK);
  zx_port_packet_t packet{};
  EXPECT_EQ(zx_port_wait(port, kPast, &packet), ZX_OK);
  EXPECT_EQ(packet.signal.count, 3u);
  zx_handle_close(port);
}

// ---- pieces ----

TEST_F(ChannelTest, AMessageInPieces) {
  Shows("CHANNEL-WRITE-11");
  const zx_channel_iovec_t pieces[] = {
      {"ab", 2, 0}, {Wild<char>(), 0, 0}, {"cdef", 3, 0}, {"g", 1, 0}};
  EXPECT_EQ(zx_channel_write(ends_.a, ZX_CHANNEL_WRITE_USE_IOVEC, pieces, 4, nullptr, 0), ZX_OK);
  EXPECT_EQ(Read().bytes, "abcdeg");
  EXPECT_EQ(zx_channel_write(ends_.a, ZX_CHANNEL_WRITE_USE_IOVEC, nullptr, 0, nullptr, 0), ZX_OK);
  EXPECT_EQ(Read().bytes, "");
}

// More than the kernel takes at once, with pieces of nothing between them.
TEST_F(ChannelTest, ALargeMessageInManyPieces) {
  Shows("CHANNEL-WRITE-11");
  std::string bytes(65536, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i / 251);
  std::vector<zx_channel_iovec_t> pieces;
  std::string expected;
  for (size_t at = 0; pieces.size() < 8192;) {
    const size_t size = pieces.size() % 4 == 3 ? 0 : pieces.size() % 19;
    // Backwards, so that the pieces do not continue each other.
    const char* const from = size == 0 ? nullptr : &bytes[bytes.size() - at - size];
    pieces.push_back({from, static_cast<uint32_t>(size), 0});
    if (size != 0) expected.append(from, size);
    at += size;
  }
  ASSERT_GT(expected.size(), 50000u);
  EXPECT_EQ(zx_channel_write(ends_.a, ZX_CHANNEL_WRITE_USE_IOVEC, pieces.data(), 8192, nullptr, 0),
            ZX_OK);
  EXPECT_EQ(Read().bytes, expected);
  pieces[8100] = {Wild<char>(), 1, 0};
  EXPECT_EQ(zx_channel_write(ends_.a, ZX_CHANNEL_WRITE_USE_IOVEC, pieces.data(), 8192, nullptr, 0),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(TryRead(), ZX_ERR_SHOULD_WAIT);
}

TEST_F(ChannelTest, PiecesAreChecked) {
  Shows("CHANNEL-WRITE-9 CHANNEL-WRITE-10 CHANNEL-WRITE-4");
  const std::string bytes(65536, 'b');
  const auto write = [&](const void* pieces, uint32_t count) {
    return zx_channel_write(ends_.a, ZX_CHANNEL_WRITE_USE_IOVEC, pieces, count, nullptr, 0);
  };
  std::vector<zx_channel_iovec_t> many(8193, {bytes.data(), 1, 0});
  EXPECT_EQ(write(many.data(), 8193), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(write(Wild<char>(), 8193), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(write(many.data(), 8192), ZX_OK);
  EXPECT_EQ(Read().bytes.size(), 8192u);
  EXPECT_EQ(write(Wild<char>(), 1), ZX_ERR_INVALID_ARGS);
  const zx_channel_iovec_t reserved[] = {{bytes.data(), 1, 0}, {bytes.data(), 1, 1}};
  EXPECT_EQ(write(reserved, 2), ZX_ERR_INVALID_ARGS);
  const zx_channel_iovec_t both[] = {{bytes.data(), 65537, 1}};
  EXPECT_EQ(write(both, 1), ZX_ERR_INVALID_ARGS) << "of a piece this is looked at first";
  const zx_channel_iovec_t large[] = {{bytes.data(), 65535, 0}, {bytes.data(), 2, 0}};
  EXPECT_EQ(write(large, 2), ZX_ERR_OUT_OF_RANGE);
  const zx_channel_iovec_t wrapped[] = {{bytes.data(), 2, 0}, {bytes.data(), UINT32_MAX, 0}};
  EXPECT_EQ(write(wrapped, 2), ZX_ERR_OUT_OF_RANGE);
  const zx_channel_iovec_t most[] = {{bytes.data(), 65535, 0}, {bytes.data(), 1, 0}};
  EXPECT_EQ(write(most, 2), ZX_OK);
  EXPECT_EQ(Read().bytes.size(), 65536u);
  const zx_channel_iovec_t wild[] = {{bytes.data(), 1, 0}, {Wild<char>(), 1, 0}};
  EXPECT_EQ(write(wild, 2), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(TryRead(), ZX_ERR_SHOULD_WAIT);
}

}  // namespace
}  // namespace zircon::test
