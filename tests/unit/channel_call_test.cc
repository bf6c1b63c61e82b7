// Calls through channels. Rows: CHANNEL-CALL.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <cstring>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "channel_fixture.h"
#include "contract.h"
#include "objects/channel.h"
#include "sleeping_thread.h"

namespace zircon::test {
namespace {

uint32_t FirstWord(const std::string& bytes) {
  uint32_t word = 0;
  std::memcpy(&word, bytes.data(), sizeof(word));
  return word;
}

class ChannelCallTest : public ChannelFixture {
 protected:
  // A call from a, with room for a reply.
  struct Call {
    std::string bytes = "????request";
    std::vector<zx_handle_t> handles;
    std::string reply = std::string(64, '?');
    std::vector<zx_handle_t> reply_handles = std::vector<zx_handle_t>(4);
    uint32_t actual_bytes = 77;
    uint32_t actual_handles = 77;

    zx_channel_call_args_t Args() {
      return {bytes.data(),
              handles.data(),
              reply.data(),
              reply_handles.data(),
              static_cast<uint32_t>(bytes.size()),
              static_cast<uint32_t>(handles.size()),
              static_cast<uint32_t>(reply.size()),
              static_cast<uint32_t>(reply_handles.size())};
    }
    zx_status_t Make(zx_handle_t end, zx_time_t deadline = ZX_TIME_INFINITE) {
      const zx_channel_call_args_t args = Args();
      return function(end, 0, deadline, &args, &actual_bytes, &actual_handles);
    }
    decltype(&zx_channel_call) function = &zx_channel_call;
  };

  // What arrives at b; waits for it.
  Received Await() {
    EXPECT_EQ(zx_object_wait_one(ends_.b, ZX_CHANNEL_READABLE, ZX_TIME_INFINITE, nullptr), ZX_OK);
    return Read();
  }
};

TEST_F(ChannelCallTest, TheReplyGoesToTheCaller) {
  Shows("CHANNEL-CALL-10 CHANNEL-CALL-11 CHANNEL-CALL-12");
  Call call;
  call.handles = {NewEvent()};
  SleepingThread caller([&] { EXPECT_EQ(call.Make(ends_.a), ZX_OK); });
  const Received request = Await();
  EXPECT_GE(FirstWord(request.bytes), 0x80000000u);
  EXPECT_EQ(request.bytes.substr(4), "request");
  ASSERT_EQ(request.handles.size(), 1u);
  EXPECT_EQ(WriteTo(ends_.b, "not to the call"), ZX_OK);
  EXPECT_EQ(WriteTo(ends_.b, "abc"), ZX_OK);  // less than 4 bytes
  ASSERT_TRUE(caller.AwaitSleep());
  EXPECT_EQ(WriteTo(ends_.b, request.bytes.substr(0, 4) + "reply", request.handles), ZX_OK);
  caller.Join();
  EXPECT_EQ(call.actual_bytes, 9u);
  EXPECT_EQ(call.actual_handles, 1u);
  EXPECT_EQ(call.reply.substr(4, 5), "reply");
  EXPECT_EQ(FirstWord(call.reply), FirstWord(request.bytes));
  EXPECT_EQ(Basic(call.reply_handles[0]).type, ZX_OBJ_TYPE_EVENT);
  zx_handle_close(call.reply_handles[0]);
  EXPECT_EQ(ReadFrom(ends_.a).bytes, "not to the call");
  EXPECT_EQ(ReadFrom(ends_.a).bytes, "abc");
  EXPECT_EQ(Signals(ends_.a), ZX_CHANNEL_WRITABLE);
}

TEST_F(ChannelCallTest, WithoutRetriesTheSame) {
  Shows("CHANNEL-CALL-14");
  Call call;
  call.function = &zx_channel_call_noretry;
  EXPECT_EQ(call.Make(ZX_HANDLE_INVALID), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(call.Make(ends_.a, 0), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(Read().bytes.substr(4), "request");
  SleepingThread caller([&] { EXPECT_EQ(call.Make(ends_.a), ZX_OK); });
  EXPECT_EQ(WriteTo(ends_.b, Await().bytes), ZX_OK);
  caller.Join();
  EXPECT_EQ(call.reply.substr(4, 7), "request");
}

TEST_F(ChannelCallTest, AReplyDoesNotMakeTheChannelReadable) {
  Shows("CHANNEL-CALL-12");
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  ASSERT_EQ(zx_object_wait_async(ends_.a, port, 1, ZX_CHANNEL_READABLE, 0), ZX_OK);
  Call call;
  SleepingThread caller([&] { EXPECT_EQ(call.Make(ends_.a), ZX_OK); });
  EXPECT_EQ(WriteTo(ends_.b, Await().bytes), ZX_OK);
  caller.Join();
  zx_port_packet_t packet;
  EXPECT_EQ(zx_port_wait(port, kPast, &packet), ZX_ERR_TIMED_OUT);
  zx_handle_close(port);
}

TEST_F(ChannelCallTest, ADeadlineInThePastSends) {
  Shows("CHANNEL-CALL-6 CHANNEL-CALL-7 CHANNEL-CALL-12");
  Call call;
  EXPECT_EQ(call.Make(ends_.a, kPast), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(call.actual_bytes, 77u);
  const Received request = Read();
  EXPECT_EQ(request.bytes.substr(4), "request");
  // The reply comes too late: it is a message like any.
  EXPECT_EQ(WriteTo(ends_.b, request.bytes), ZX_OK);
  EXPECT_EQ(Signals(ends_.a), ZX_CHANNEL_READABLE | ZX_CHANNEL_WRITABLE);
  EXPECT_EQ(ReadFrom(ends_.a).bytes, request.bytes);
}

TEST_F(ChannelCallTest, SeveralCallers) {
  Shows("CHANNEL-CALL-11 CHANNEL-CALL-13");
  constexpr size_t kCallers = 5;
  std::vector<Call> calls(kCallers);
  std::deque<SleepingThread> threads;
  std::set<uint32_t> ids;
  std::vector<Received> requests;
  for (size_t i = 0; i < kCallers; ++i) {
    calls[i].bytes = "????" + std::to_string(i);
    threads.emplace_back([&, i] { EXPECT_EQ(calls[i].Make(ends_.a), ZX_OK); });
    requests.push_back(Await());
    ids.insert(FirstWord(requests.back().bytes));
  }
  EXPECT_EQ(ids.size(), kCallers);
  for (size_t i = kCallers; i-- > 0;) EXPECT_EQ(WriteTo(ends_.b, requests[i].bytes), ZX_OK);
  for (SleepingThread& thread : threads) thread.Join();
  for (size_t i = 0; i < kCallers; ++i) {
    EXPECT_EQ(calls[i].reply.substr(4, calls[i].actual_bytes - 4), std::to_string(i));
  }
}

TEST_F(ChannelCallTest, ClosingEitherEndEndsIt) {
  Shows("CHANNEL-CALL-5 CHANNEL-CALL-7");
  {
    Call call;
    SleepingThread caller([&] { EXPECT_EQ(call.Make(ends_.a), ZX_ERR_PEER_CLOSED); });
    ASSERT_TRUE(caller.AwaitSleep());
    zx_handle_close(ends_.b);
  }
  Call call;
  EXPECT_EQ(call.Make(ends_.a), ZX_ERR_PEER_CLOSED);
  zx_handle_close(ends_.a);
  ASSERT_EQ(zx_channel_create(0, &ends_.a, &ends_.b), ZX_OK);
  SleepingThread caller([&] { EXPECT_EQ(call.Make(ends_.a), ZX_ERR_CANCELED); });
  ASSERT_TRUE(caller.AwaitSleep());
  zx_handle_close(ends_.a);
}

TEST_F(ChannelCallTest, AReplyThatDoesNotFitIsLost) {
  Shows("CHANNEL-CALL-8");
  for (const bool handles : {false, true}) {
    Ends pair;
    ASSERT_EQ(zx_eventpair_create(0, &pair.a, &pair.b), ZX_OK);
    Call call;
    call.reply.resize(handles ? 64 : 10);
    call.reply_handles.resize(handles ? 0 : 4);
    SleepingThread caller([&] { EXPECT_EQ(call.Make(ends_.a), ZX_ERR_BUFFER_TOO_SMALL); });
    EXPECT_EQ(WriteTo(ends_.b, Await().bytes, {pair.a}), ZX_OK);
    caller.Join();
    EXPECT_EQ(call.actual_bytes, 77u);
    EXPECT_EQ(call.actual_handles, 77u);
    EXPECT_EQ(Signals(pair.b), ZX_EVENTPAIR_PEER_CLOSED);
  }
}

// It is told so before anything is written.
TEST_F(ChannelCallTest, AReplyThatDoesNotFitAndCannotBeTold) {
  Shows("CHANNEL-CALL-8 CHANNEL-CALL-9");
  Call call;
  call.reply.resize(10);
  const zx_channel_call_args_t args = call.Args();
  SleepingThread caller([&] {
    EXPECT_EQ(zx_channel_call(ends_.a, 0, ZX_TIME_INFINITE, &args, nullptr, nullptr),
              ZX_ERR_BUFFER_TOO_SMALL);
  });
  EXPECT_EQ(WriteTo(ends_.b, Await().bytes, {}), ZX_OK);
  caller.Join();
}

TEST_F(ChannelCallTest, AReplyThatCannotBeGivenIsLost) {
  Shows("CHANNEL-CALL-9");
  ReadOnlyPage page;
  uint32_t number = 0;
  for (int wrong = 0; wrong < 6; ++wrong) {
    Ends pair;
    ASSERT_EQ(zx_eventpair_create(0, &pair.a, &pair.b), ZX_OK);
    Call call;
    zx_channel_call_args_t args = call.Args();
    uint32_t* actual_bytes = &number;
    uint32_t* actual_handles = &number;
    if (wrong == 0) args.rd_bytes = page.as<void>();
    if (wrong == 1) args.rd_handles = page.as<zx_handle_t>();
    if (wrong == 2) actual_bytes = nullptr;
    if (wrong == 3) actual_handles = nullptr;
    if (wrong == 4) actual_bytes = page.as<uint32_t>();
    if (wrong == 5) actual_handles = page.as<uint32_t>();
    SleepingThread caller([&] {
      EXPECT_EQ(zx_channel_call(ends_.a, 0, ZX_TIME_INFINITE, &args, actual_bytes, actual_handles),
                ZX_ERR_INVALID_ARGS);
    });
    EXPECT_EQ(WriteTo(ends_.b, Await().bytes, {pair.a}), ZX_OK);
    caller.Join();
    EXPECT_EQ(Signals(pair.b), ZX_EVENTPAIR_PEER_CLOSED) << wrong;
  }
}

TEST_F(ChannelCallTest, ChecksInOrderAndConsumesTheHandles) {
  Shows("CHANNEL-CALL-1 CHANNEL-CALL-2 CHANNEL-CALL-3 CHANNEL-CALL-4 RIGHTS-39");
  const zx_handle_t event = NewEvent();
  const zx_handle_t no_write = WithRights(ends_.a, 0xF00E & ~ZX_RIGHT_WRITE);
  const zx_handle_t no_read = WithRights(ends_.a, 0xF00E & ~ZX_RIGHT_READ);
  EXPECT_EQ(zx_channel_call(0, 1, kPast, nullptr, nullptr, nullptr), ZX_ERR_INVALID_ARGS);
  const auto call = [&](zx_handle_t channel, uint32_t options, uint32_t size, const char* bytes,
                        zx_status_t expected) {
    Call made;
    made.handles = {WithRights(event, 0xD003)};
    zx_channel_call_args_t args = made.Args();
    args.wr_bytes = bytes;
    args.wr_num_bytes = size;
    EXPECT_EQ(zx_channel_call(channel, options, kPast, &args, nullptr, nullptr), expected);
    EXPECT_FALSE(IsOpen(made.handles[0]));
  };
  const std::string large(65537, 'l');
  call(0, 1, 65537, large.data(), ZX_ERR_INVALID_ARGS);
  call(0, 4, 65537, large.data(), ZX_ERR_INVALID_ARGS);
  call(0, 0, 65537, large.data(), ZX_ERR_BAD_HANDLE);
  call(event, 0, 65537, large.data(), ZX_ERR_WRONG_TYPE);
  call(no_write, 0, 65537, large.data(), ZX_ERR_ACCESS_DENIED);
  call(no_read, 0, 65537, large.data(), ZX_ERR_ACCESS_DENIED);
  call(ends_.a, 0, 65537, large.data(), ZX_ERR_OUT_OF_RANGE);
  call(ends_.a, 0, 3, Wild<char>(), ZX_ERR_INVALID_ARGS);
  call(ends_.a, 0, 3, "abc", ZX_ERR_INVALID_ARGS);
  call(ends_.a, 0, 0, nullptr, ZX_ERR_INVALID_ARGS);
  call(ends_.a, 0, 4, "abcd", ZX_ERR_TIMED_OUT);
  CloseAll(Read().handles);
  // Less than 4 bytes comes before a wrong handle, that before the closed peer.
  Call made;
  made.handles = {ZX_HANDLE_INVALID};
  made.bytes = "abc";
  EXPECT_EQ(made.Make(ends_.a, kPast), ZX_ERR_INVALID_ARGS);
  zx_handle_close(ends_.b);
  made.bytes = "abcd";
  EXPECT_EQ(made.Make(ends_.a, kPast), ZX_ERR_BAD_HANDLE);
  for (const zx_handle_t handle : {event, no_write, no_read}) zx_handle_close(handle);
}

TEST_F(ChannelCallTest, ArgsThatCannotBeReadConsumeNothing) {
  Shows("CHANNEL-CALL-1");
  uint32_t number = 0;
  EXPECT_EQ(zx_channel_call(ends_.a, 0, kPast, Wild<zx_channel_call_args_t>(), &number, &number),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(TryRead(), ZX_ERR_SHOULD_WAIT);
}

TEST_F(ChannelCallTest, CallEtc) {
  Shows("CHANNEL-CALL-10 CHANNEL-ETC-8 CHANNEL-ETC-9 CHANNEL-READ-8");
  const zx_handle_t event = NewEvent();
  zx_handle_disposition_t sent = {ZX_HANDLE_OP_DUPLICATE, event, ZX_OBJ_TYPE_EVENT,
                                  ZX_RIGHT_TRANSFER, ZX_OK};
  zx_handle_info_t received[1];
  char reply[16];
  const zx_channel_iovec_t pieces[] = {{"ab", 2, 0}, {"cdef", 4, 0}};
  zx_channel_call_etc_args_t args = {pieces, &sent, reply, received, 2, 1, 16, 1};
  uint32_t bytes = 0;
  uint32_t handles = 0;
  SleepingThread caller([&] {
    EXPECT_EQ(zx_channel_call_etc(ends_.a, ZX_CHANNEL_WRITE_USE_IOVEC, ZX_TIME_INFINITE, &args,
                                  &bytes, &handles),
              ZX_OK);
  });
  const Received request = Await();
  EXPECT_EQ(request.bytes.substr(4), "ef");
  EXPECT_EQ(WriteTo(ends_.b, request.bytes, request.handles), ZX_OK);
  caller.Join();
  EXPECT_EQ(bytes, 6u);
  EXPECT_EQ(handles, 1u);
  EXPECT_EQ(received[0].type, ZX_OBJ_TYPE_EVENT);
  EXPECT_EQ(received[0].rights, ZX_RIGHT_TRANSFER);
  EXPECT_EQ(Basic(received[0].handle).koid, Basic(event).koid);
  zx_handle_close(received[0].handle);
  sent.type = ZX_OBJ_TYPE_PORT;
  EXPECT_EQ(
      zx_channel_call_etc(ends_.a, ZX_CHANNEL_WRITE_USE_IOVEC, kPast, &args, &bytes, &handles),
      ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(sent.result, ZX_ERR_WRONG_TYPE);
  EXPECT_TRUE(IsOpen(event));
  zx_handle_close(event);
}

// Whose last handle has gone between the look at it and the call.
TEST(ChannelObject, ACallFromAClosedEndIsCanceled) {
  Shows("CHANNEL-CALL-7");
  base::RefPtr<objects::Channel> closed;
  base::RefPtr<objects::Channel> other;
  ASSERT_EQ(objects::Channel::Create(&closed, &other), ZX_OK);
  other->AddHandle();
  closed->AddHandle();
  closed->DropHandle();
  objects::MessagePtr reply = objects::NoMessage();
  EXPECT_EQ(closed->Call(objects::Message::Create(4, 0), kPast, &reply), ZX_ERR_CANCELED);
  EXPECT_EQ(other->queued_messages(), 0u);
  other->DropHandle();
  EXPECT_EQ(other->Call(objects::Message::Create(4, 0), kPast, &reply), ZX_ERR_CANCELED);
}

}  // namespace
}  // namespace zircon::test
