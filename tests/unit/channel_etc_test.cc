// Handles that are sent with dispositions. Rows: CHANNEL-ETC.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <iterator>
#include <vector>

#include "channel_fixture.h"
#include "contract.h"

namespace zircon::test {
namespace {

class ChannelEtcTest : public ChannelFixture {
 protected:
  void SetUp() override {
    ChannelFixture::SetUp();
    event_ = NewEvent();
  }
  void TearDown() override { zx_handle_close(event_); }

  zx_handle_t Event(zx_rights_t rights = 0xD003) const { return WithRights(event_, rights); }
  static zx_handle_disposition_t Move(zx_handle_t handle, zx_obj_type_t type = ZX_OBJ_TYPE_NONE,
                                      zx_rights_t rights = ZX_RIGHT_SAME_RIGHTS) {
    return {ZX_HANDLE_OP_MOVE, handle, type, rights, ZX_OK};
  }
  static zx_handle_disposition_t Copy(zx_handle_t handle, zx_obj_type_t type = ZX_OBJ_TYPE_NONE,
                                      zx_rights_t rights = ZX_RIGHT_SAME_RIGHTS) {
    return {ZX_HANDLE_OP_DUPLICATE, handle, type, rights, ZX_OK};
  }
  zx_status_t Send(std::vector<zx_handle_disposition_t>& handles) {
    return zx_channel_write_etc(ends_.a, 0, nullptr, 0, handles.data(),
                                static_cast<uint32_t>(handles.size()));
  }
  // One wrong handle gives this, and its result tells so.
  void ExpectRefused(const zx_handle_disposition_t& wrong, zx_status_t expected) {
    std::vector<zx_handle_disposition_t> handles{Move(Event()), wrong, Move(Event())};
    EXPECT_EQ(Send(handles), expected);
    EXPECT_EQ(handles[0].result, ZX_OK);
    EXPECT_EQ(handles[1].result, expected);
    EXPECT_EQ(handles[2].result, ZX_OK);
    EXPECT_FALSE(IsOpen(handles[0].handle));
    EXPECT_FALSE(IsOpen(handles[2].handle));
    EXPECT_EQ(TryRead(), ZX_ERR_SHOULD_WAIT);
  }

  zx_handle_t event_ = ZX_HANDLE_INVALID;
};

TEST_F(ChannelEtcTest, MovesAndDuplicates) {
  Shows("CHANNEL-ETC-7 CHANNEL-ETC-8 CHANNEL-ETC-9");
  const zx_handle_t kept = Event();
  std::vector<zx_handle_disposition_t> handles{
      Move(Event(), ZX_OBJ_TYPE_EVENT), Copy(kept, ZX_OBJ_TYPE_EVENT, ZX_RIGHT_WAIT),
      Move(Event(), ZX_OBJ_TYPE_NONE, ZX_RIGHT_NONE), Copy(kept)};
  for (auto& handle : handles) handle.result = 77;
  EXPECT_EQ(Send(handles), ZX_OK);
  for (const auto& handle : handles) EXPECT_EQ(handle.result, 77);
  EXPECT_FALSE(IsOpen(handles[0].handle));
  EXPECT_FALSE(IsOpen(handles[2].handle));
  EXPECT_TRUE(IsOpen(kept));
  const Received received = Read();
  ASSERT_EQ(received.handles.size(), 4u);
  const zx_rights_t expected[] = {0xD003, ZX_RIGHT_WAIT, 0, 0xD003};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(Basic(received.handles[i]).rights, expected[i]);
    EXPECT_EQ(Basic(received.handles[i]).koid, Basic(event_).koid);
  }
  CloseAll(received.handles);
  zx_handle_close(kept);
}

TEST_F(ChannelEtcTest, EachKindOfWrongHandle) {
  Shows(
      "CHANNEL-ETC-1 CHANNEL-ETC-2 CHANNEL-ETC-3 CHANNEL-ETC-4 CHANNEL-ETC-5 CHANNEL-ETC-6 "
      "CHANNEL-ETC-8");
  ExpectRefused(Move(ZX_HANDLE_INVALID), ZX_ERR_BAD_HANDLE);
  ExpectRefused(Copy(ZX_HANDLE_INVALID), ZX_ERR_BAD_HANDLE);
  ExpectRefused({2, ZX_HANDLE_INVALID, 0, 0, ZX_OK}, ZX_ERR_BAD_HANDLE);  // first of all
  ExpectRefused({2, Event(0), 0, 0, ZX_OK}, ZX_ERR_INVALID_ARGS);
  const zx_rights_t no_transfer = 0xD003 & ~ZX_RIGHT_TRANSFER;
  ExpectRefused(Move(Event(no_transfer), ZX_OBJ_TYPE_PORT), ZX_ERR_ACCESS_DENIED);
  const zx_handle_t stays = Event(no_transfer);
  ExpectRefused(Copy(stays), ZX_ERR_ACCESS_DENIED);
  ExpectRefused(Copy(stays, ZX_OBJ_TYPE_PORT), ZX_ERR_ACCESS_DENIED);
  zx_handle_close(stays);
  const zx_handle_t itself = WithRights(ends_.a, 0xF00F);
  ExpectRefused(Copy(itself, ZX_OBJ_TYPE_PORT), ZX_ERR_NOT_SUPPORTED);
  ExpectRefused(Move(itself, ZX_OBJ_TYPE_PORT), ZX_ERR_NOT_SUPPORTED);
  ExpectRefused(Move(Event(), ZX_OBJ_TYPE_PORT, ZX_RIGHT_READ), ZX_ERR_WRONG_TYPE);
  ExpectRefused(Move(Event(), ZX_OBJ_TYPE_EVENT, ZX_RIGHT_READ), ZX_ERR_INVALID_ARGS);
  const zx_handle_t no_duplicate = Event(0xD003 & ~ZX_RIGHT_DUPLICATE);
  ExpectRefused(Copy(no_duplicate, ZX_OBJ_TYPE_EVENT, ZX_RIGHT_READ), ZX_ERR_INVALID_ARGS);
  ExpectRefused(Copy(no_duplicate), ZX_ERR_ACCESS_DENIED);
  EXPECT_TRUE(IsOpen(no_duplicate));
  zx_handle_close(no_duplicate);
}

TEST_F(ChannelEtcTest, WhatIsConsumedByAWrongCall) {
  Shows("CHANNEL-ETC-7 CHANNEL-HANDLES-1");
  const auto send = [&](zx_handle_t channel, uint32_t options, const void* bytes,
                        zx_status_t expected) {
    const zx_handle_t kept = Event();
    zx_handle_disposition_t handles[] = {
        Move(Event()), Copy(kept), {7, Event(), 0, ZX_RIGHT_SAME_RIGHTS, ZX_OK}};
    EXPECT_EQ(zx_channel_write_etc(channel, options, bytes, 1, handles, 3), expected);
    EXPECT_FALSE(IsOpen(handles[0].handle));
    EXPECT_TRUE(IsOpen(kept));
    EXPECT_FALSE(IsOpen(handles[2].handle));
    zx_handle_close(kept);
  };
  send(ends_.a, 1, "x", ZX_ERR_INVALID_ARGS);
  send(ZX_HANDLE_INVALID, 0, "x", ZX_ERR_BAD_HANDLE);
  send(event_, 0, "x", ZX_ERR_WRONG_TYPE);
  send(ends_.a, 0, nullptr, ZX_ERR_INVALID_ARGS);
  zx_handle_disposition_t good[] = {Move(Event()), Copy(event_)};
  zx_handle_close(ends_.b);
  EXPECT_EQ(zx_channel_write_etc(ends_.a, 0, "x", 1, good, 2), ZX_ERR_PEER_CLOSED);
  EXPECT_FALSE(IsOpen(good[0].handle));
  EXPECT_TRUE(IsOpen(event_));
}

TEST_F(ChannelEtcTest, EachThatIsWrongIsToldAndTheFirstDecides) {
  Shows("CHANNEL-ETC-8 CHANNEL-HANDLES-6");
  const zx_rights_t no_transfer = 0xD003 & ~ZX_RIGHT_TRANSFER;
  zx_handle_disposition_t handles[] = {
      Move(Event()), Move(Event(), ZX_OBJ_TYPE_PORT), Move(Event(no_transfer)),
      Move(Event()), Move(ZX_HANDLE_INVALID),         {7, Event(), 0, ZX_RIGHT_SAME_RIGHTS, ZX_OK}};
  EXPECT_EQ(zx_channel_write_etc(ends_.a, 0, "x", 1, handles, std::size(handles)),
            ZX_ERR_WRONG_TYPE);
  const zx_status_t expected[] = {ZX_OK, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED,
                                  ZX_OK, ZX_ERR_BAD_HANDLE, ZX_ERR_INVALID_ARGS};
  for (size_t i = 0; i < std::size(expected); ++i) EXPECT_EQ(handles[i].result, expected[i]) << i;
}

TEST_F(ChannelEtcTest, TooMany) {
  Shows("CHANNEL-ETC-7 CHANNEL-WRITE-3");
  std::vector<zx_handle_disposition_t> handles;
  for (int i = 0; i < 65; ++i) handles.push_back(Move(Event()));
  EXPECT_EQ(Send(handles), ZX_ERR_OUT_OF_RANGE);
  for (const auto& handle : handles) EXPECT_FALSE(IsOpen(handle.handle));
  EXPECT_EQ(zx_channel_write_etc(ends_.a, 0, "x", 1, nullptr, 1), ZX_ERR_INVALID_ARGS);
}

}  // namespace
}  // namespace zircon::test
