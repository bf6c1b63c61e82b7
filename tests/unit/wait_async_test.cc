// Waits that end by a packet, and their cancellation. Rows: WAIT-ASYNC, PORT-CANCEL.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <cstring>
#include <vector>

#include "contract.h"
#include "handles/handle_table.h"
#include "objects/port.h"
#include "sleeping_thread.h"

// Bound to the plain name by the headers under ZX_API_2018.
extern "C" zx_status_t zx_object_wait_async_2018(zx_handle_t handle, zx_handle_t port, uint64_t key,
                                                 zx_signals_t signals, uint32_t options);

namespace {

using zircon::base::RefPtr;
using zircon::handles::HandleRef;
using zircon::handles::HandleTable;

constexpr zx_time_t kPast = ZX_TIME_INFINITE_PAST;
constexpr zx_signals_t kSignaled = ZX_EVENT_SIGNALED;
constexpr uint64_t kKey = 0x1122334455667788;
constexpr uint32_t kRepeating2018 = 1;

class WaitAsyncTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(zx_event_create(0, &event_), ZX_OK);
    ASSERT_EQ(zx_port_create(0, &port_), ZX_OK);
  }
  void TearDown() override {
    zx_handle_close(event_);
    zx_handle_close(port_);
  }

  void Signal(zx_signals_t set, zx_signals_t clear = 0) {
    EXPECT_EQ(zx_object_signal(event_, clear, set), ZX_OK);
  }
  void Wait(zx_signals_t signals = kSignaled, uint32_t options = 0, uint64_t key = kKey) {
    EXPECT_EQ(zx_object_wait_async(event_, port_, key, signals, options), ZX_OK);
  }
  // The next packet, which must be there.
  zx_port_packet_t Next() {
    zx_port_packet_t packet{};
    EXPECT_EQ(zx_port_wait(port_, kPast, &packet), ZX_OK);
    return packet;
  }
  bool Empty() {
    zx_port_packet_t packet{};
    return zx_port_wait(port_, kPast, &packet) == ZX_ERR_TIMED_OUT;
  }
  void QueueUser(uint64_t key) {
    zx_port_packet_t packet{};
    packet.key = key;
    EXPECT_EQ(zx_port_queue(port_, &packet), ZX_OK);
  }
  static zx_handle_t Duplicate(zx_handle_t handle, zx_rights_t rights = ZX_RIGHT_SAME_RIGHTS) {
    zx_handle_t copy = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_handle_duplicate(handle, rights, &copy), ZX_OK);
    return copy;
  }

  zx_handle_t event_ = ZX_HANDLE_INVALID;
  zx_handle_t port_ = ZX_HANDLE_INVALID;
};

TEST_F(WaitAsyncTest, APacketWhenTheSignalComes) {
  Shows("WAIT-ASYNC-5 WAIT-ASYNC-6 WAIT-ASYNC-8");
  Wait(kSignaled | ZX_USER_SIGNAL_0);
  EXPECT_TRUE(Empty());
  Signal(ZX_USER_SIGNAL_1);
  EXPECT_TRUE(Empty());
  Signal(kSignaled);
  Signal(0, kSignaled);
  const zx_port_packet_t packet = Next();
  EXPECT_EQ(packet.key, kKey);
  EXPECT_EQ(packet.type, ZX_PKT_TYPE_SIGNAL_ONE);
  EXPECT_EQ(packet.status, ZX_OK);
  EXPECT_EQ(packet.signal.trigger, kSignaled | ZX_USER_SIGNAL_0);
  EXPECT_EQ(packet.signal.observed, kSignaled | ZX_USER_SIGNAL_1);
  EXPECT_EQ(packet.signal.count, 1u);
  EXPECT_EQ(packet.signal.timestamp, 0);
  EXPECT_EQ(packet.signal.reserved1, 0u);
  Signal(kSignaled);
  EXPECT_TRUE(Empty());  // once
}

TEST_F(WaitAsyncTest, APacketAtOnceWhenTheSignalIsThere) {
  Shows("WAIT-ASYNC-6");
  Signal(kSignaled);
  Wait();
  EXPECT_EQ(Next().signal.observed, kSignaled);
  Signal(0, kSignaled);
  Signal(kSignaled);
  EXPECT_TRUE(Empty());
}

TEST_F(WaitAsyncTest, AThreadThatWaitsAtThePortGetsIt) {
  Shows("WAIT-ASYNC-6");
  Wait();
  zx_port_packet_t packet{};
  SleepingThread waiter([&] { EXPECT_EQ(zx_port_wait(port_, ZX_TIME_INFINITE, &packet), ZX_OK); });
  ASSERT_TRUE(waiter.AwaitSleep());
  Signal(kSignaled);
  waiter.Join();
  EXPECT_EQ(packet.type, ZX_PKT_TYPE_SIGNAL_ONE);
  EXPECT_EQ(packet.signal.observed, kSignaled);
}

TEST_F(WaitAsyncTest, EdgeTakesAChange) {
  Shows("WAIT-ASYNC-7");
  Signal(kSignaled);
  Wait(kSignaled, ZX_WAIT_ASYNC_EDGE);
  EXPECT_TRUE(Empty());
  Signal(kSignaled | ZX_USER_SIGNAL_0);  // another bit is new, not this one
  EXPECT_TRUE(Empty());
  Signal(kSignaled, kSignaled);  // no change is seen
  EXPECT_TRUE(Empty());
  Signal(0, kSignaled);
  EXPECT_TRUE(Empty());
  Signal(kSignaled);
  EXPECT_EQ(Next().signal.observed, kSignaled | ZX_USER_SIGNAL_0);
  EXPECT_TRUE(Empty());
}

TEST_F(WaitAsyncTest, TimestampTellsWhen) {
  Shows("WAIT-ASYNC-8");
  for (const bool at_once : {false, true}) {
    Signal(0, kSignaled);
    if (at_once) Signal(kSignaled);
    const zx_time_t before = zx_clock_get_monotonic();
    Wait(kSignaled, ZX_WAIT_ASYNC_TIMESTAMP);
    if (!at_once) Signal(kSignaled);
    const zx_time_t after = zx_clock_get_monotonic();
    const zx_port_packet_t packet = Next();
    EXPECT_GE(packet.signal.timestamp, before);
    EXPECT_LE(packet.signal.timestamp, after);
  }
  Signal(0, kSignaled);
  Wait(kSignaled, ZX_WAIT_ASYNC_TIMESTAMP | ZX_WAIT_ASYNC_EDGE);
  Signal(kSignaled);
  EXPECT_NE(Next().signal.timestamp, 0);
}

TEST_F(WaitAsyncTest, TimestampOfTheBootClock) {
  Shows("WAIT-ASYNC-1 WAIT-ASYNC-8");
  constexpr uint32_t kBoot = ZX_WAIT_ASYNC_BOOT_TIMESTAMP;
  for (const bool at_once : {false, true}) {
    Signal(0, kSignaled);
    if (at_once) Signal(kSignaled);
    const zx_instant_boot_t before = zx_clock_get_boot();
    Wait(kSignaled, kBoot);
    if (!at_once) Signal(kSignaled);
    const zx_instant_boot_t after = zx_clock_get_boot();
    const zx_port_packet_t packet = Next();
    EXPECT_GE(packet.signal.timestamp, before);
    EXPECT_LE(packet.signal.timestamp, after);
  }
  Signal(0, kSignaled);
  Wait(kSignaled, kBoot | ZX_WAIT_ASYNC_EDGE);
  Signal(kSignaled);
  EXPECT_NE(Next().signal.timestamp, 0);
  // Not both; before any handle.
  for (const uint32_t options : {kBoot | ZX_WAIT_ASYNC_TIMESTAMP, 8u}) {
    EXPECT_EQ(zx_object_wait_async(0, 0, kKey, kSignaled, options), ZX_ERR_INVALID_ARGS);
  }
}

TEST_F(WaitAsyncTest, TwoWaitsTwoPackets) {
  Shows("WAIT-ASYNC-10");
  Wait();
  Wait();
  Signal(kSignaled);
  EXPECT_EQ(Next().key, kKey);
  EXPECT_EQ(Next().key, kKey);
  EXPECT_TRUE(Empty());
}

TEST_F(WaitAsyncTest, TheNewestComesFirst) {
  Shows("WAIT-ASYNC-13");
  for (uint64_t key : {11, 12, 13, 14}) Wait(kSignaled, 0, key);
  // One in the middle has gone.
  ASSERT_EQ(zx_port_cancel_key(port_, 0, 13), ZX_OK);
  Wait(kSignaled, 0, 15);
  Signal(kSignaled);
  for (uint64_t key : {15, 14, 12, 11}) EXPECT_EQ(Next().key, key);
  EXPECT_TRUE(Empty());
}

TEST_F(WaitAsyncTest, AFullPortTakesThem) {
  Shows("WAIT-ASYNC-9 PORT-1");
  for (uint64_t i = 0; i <= 4096; ++i) QueueUser(i);
  zx_port_packet_t packet{};
  ASSERT_EQ(zx_port_queue(port_, &packet), ZX_ERR_SHOULD_WAIT);
  for (uint64_t i = 0; i < 100; ++i) Wait(kSignaled, 0, 5000 + i);
  Signal(kSignaled);
  for (uint64_t i = 0; i <= 4096; ++i) ASSERT_EQ(Next().key, i);
  for (uint64_t i = 100; i-- > 0;) ASSERT_EQ(Next().key, 5000 + i);
}

TEST_F(WaitAsyncTest, ClosingTheHandleEndsTheWait) {
  Shows("WAIT-1 WAIT-ASYNC-11");
  const zx_handle_t pending = Duplicate(event_);
  const zx_handle_t fired = Duplicate(event_);
  EXPECT_EQ(zx_object_wait_async(fired, port_, 1, kSignaled, 0), ZX_OK);
  Signal(kSignaled);
  Signal(0, kSignaled);
  EXPECT_EQ(zx_object_wait_async(pending, port_, 2, kSignaled, 0), ZX_OK);
  zx_handle_close(pending);
  zx_handle_close(fired);
  Signal(kSignaled);
  EXPECT_EQ(Next().key, 1u);
  EXPECT_TRUE(Empty());
}

TEST_F(WaitAsyncTest, ClosingThePortEndsItsWaits) {
  Shows("WAIT-ASYNC-12");
  HandleRef ref;
  ASSERT_EQ(HandleTable::Process().Lookup(event_, &ref), ZX_OK);
  const auto event = ref.share();
  ASSERT_EQ(HandleTable::Process().Lookup(port_, &ref), ZX_OK);
  const auto port =
      RefPtr<zircon::objects::Port>::Adopt(static_cast<zircon::objects::Port*>(ref.share().Leak()));
  ref.reset();
  Wait();
  Wait(kSignaled, 0, kKey + 1);
  Signal(kSignaled);
  Wait(ZX_USER_SIGNAL_0);
  zx_handle_close(port_);
  Signal(ZX_USER_SIGNAL_0);
  zx_port_packet_t packet{};
  EXPECT_EQ(port->Wait(kPast, &packet), ZX_ERR_TIMED_OUT);
  EXPECT_FALSE(port->CancelKey(kKey));
}

TEST_F(WaitAsyncTest, ChecksInOrder) {
  Shows("WAIT-ASYNC-1 WAIT-ASYNC-2 WAIT-ASYNC-3 RIGHTS-26");
  for (const uint32_t options : {8u, 16u, 0x80000000u}) {
    EXPECT_EQ(zx_object_wait_async(0, 0, kKey, 0, options), ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(zx_object_wait_async(0, 0, kKey, 0, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_object_wait_async(0, event_, kKey, 0, 0), ZX_ERR_WRONG_TYPE);
  const zx_handle_t closed_port = Duplicate(port_, 0x800Fu & ~ZX_RIGHT_WRITE);
  EXPECT_EQ(zx_object_wait_async(0, closed_port, kKey, 0, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_object_wait_async(0, port_, kKey, 0, 0), ZX_ERR_BAD_HANDLE);
  const zx_handle_t without = Duplicate(event_, 0xD003u & ~ZX_RIGHT_WAIT);
  EXPECT_EQ(zx_object_wait_async(without, port_, kKey, 0, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_object_wait_async(port_, port_, kKey, 0, 0), ZX_ERR_ACCESS_DENIED);
  HandleRef ref;
  ASSERT_EQ(HandleTable::Process().Lookup(port_, &ref), ZX_OK);
  zx_handle_t waitable = ZX_HANDLE_INVALID;
  ASSERT_EQ(HandleTable::Process().Insert(ref.share(), ZX_RIGHT_WAIT, &waitable), ZX_OK);
  EXPECT_EQ(zx_object_wait_async(waitable, port_, kKey, 0, 0), ZX_ERR_NOT_SUPPORTED);
  const zx_handle_t alone = Duplicate(event_, ZX_RIGHT_WAIT);
  const zx_handle_t write_only = Duplicate(port_, ZX_RIGHT_WRITE);
  EXPECT_EQ(zx_object_wait_async(alone, write_only, kKey, kSignaled, 0), ZX_OK);
  for (const zx_handle_t handle : {closed_port, without, waitable, alone, write_only}) {
    zx_handle_close(handle);
  }
}

// ---- zx_port_cancel ----

TEST_F(WaitAsyncTest, CancelTakesTheWait) {
  Shows("PORT-CANCEL-3 PORT-CANCEL-4 WAIT-1");
  EXPECT_EQ(zx_port_cancel(port_, event_, kKey), ZX_ERR_NOT_FOUND);
  Wait();
  const zx_handle_t other = Duplicate(event_);
  EXPECT_EQ(zx_port_cancel(port_, other, kKey), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(zx_port_cancel(port_, event_, kKey + 1), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(zx_port_cancel(port_, event_, kKey), ZX_OK);
  EXPECT_EQ(zx_port_cancel(port_, event_, kKey), ZX_ERR_NOT_FOUND);
  Signal(kSignaled);
  EXPECT_TRUE(Empty());
  zx_handle_close(other);
}

TEST_F(WaitAsyncTest, CancelTakesAllWaitsThatAreEqual) {
  Shows("PORT-CANCEL-4");
  for (int i = 0; i < 3; ++i) Wait();
  Wait(kSignaled, 0, kKey + 1);
  Wait(kSignaled, 0, kKey - 1);
  EXPECT_EQ(zx_port_cancel(port_, event_, kKey), ZX_OK);
  EXPECT_EQ(zx_port_cancel(port_, event_, kKey), ZX_ERR_NOT_FOUND);
  Signal(kSignaled);
  EXPECT_NE(Next().key, kKey);
  EXPECT_NE(Next().key, kKey);
  EXPECT_TRUE(Empty());
}

TEST_F(WaitAsyncTest, CancelFindsAPacketWhoseWaitIsOver) {
  Shows("PORT-CANCEL-3 PORT-CANCEL-4");
  Wait();
  Signal(kSignaled);
  EXPECT_EQ(zx_port_cancel(port_, event_, kKey), ZX_OK);
  EXPECT_EQ(zx_port_cancel(port_, event_, kKey), ZX_ERR_NOT_FOUND);
  EXPECT_TRUE(Empty());
}

TEST_F(WaitAsyncTest, CancelTakesThePacketAndNoOther) {
  Shows("PORT-CANCEL-3 PORT-CANCEL-4");
  const zx_handle_t other = Duplicate(event_);
  QueueUser(kKey);
  Wait();
  Wait(kSignaled, 0, kKey + 1);
  EXPECT_EQ(zx_object_wait_async(other, port_, kKey, kSignaled, 0), ZX_OK);
  Signal(kSignaled);
  Wait();  // fires at once
  Wait(ZX_USER_SIGNAL_0);
  EXPECT_EQ(zx_port_cancel(port_, event_, kKey), ZX_OK);
  Signal(ZX_USER_SIGNAL_0);
  EXPECT_EQ(Next().type, ZX_PKT_TYPE_USER);
  EXPECT_EQ(Next().key, kKey);  // of the other handle
  EXPECT_EQ(Next().key, kKey + 1);
  EXPECT_TRUE(Empty());
  zx_handle_close(other);
}

TEST_F(WaitAsyncTest, CancelIsForOnePort) {
  Shows("PORT-CANCEL-3");
  zx_handle_t second = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &second), ZX_OK);
  Wait();
  EXPECT_EQ(zx_port_cancel(second, event_, kKey), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(zx_port_cancel_key(second, 0, kKey), ZX_ERR_NOT_FOUND);
  Signal(kSignaled);
  EXPECT_EQ(Next().key, kKey);
  zx_handle_close(second);
}

TEST_F(WaitAsyncTest, CancelChecksInOrder) {
  Shows("PORT-CANCEL-1 PORT-CANCEL-2 RIGHTS-27");
  EXPECT_EQ(zx_port_cancel(0, 0, kKey), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_port_cancel(event_, 0, kKey), ZX_ERR_WRONG_TYPE);
  const zx_handle_t read_only = Duplicate(port_, 0x800Fu & ~ZX_RIGHT_WRITE);
  EXPECT_EQ(zx_port_cancel(read_only, 0, kKey), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(zx_port_cancel(port_, 0, kKey), ZX_ERR_BAD_HANDLE);
  const zx_handle_t without = Duplicate(event_, 0xD003u & ~ZX_RIGHT_WAIT);
  EXPECT_EQ(zx_port_cancel(port_, without, kKey), ZX_ERR_ACCESS_DENIED);
  HandleRef ref;
  ASSERT_EQ(HandleTable::Process().Lookup(port_, &ref), ZX_OK);
  zx_handle_t waitable = ZX_HANDLE_INVALID;
  ASSERT_EQ(HandleTable::Process().Insert(ref.share(), ZX_RIGHT_WAIT, &waitable), ZX_OK);
  EXPECT_EQ(zx_port_cancel(port_, waitable, kKey), ZX_ERR_NOT_SUPPORTED);
  for (const zx_handle_t handle : {read_only, without, waitable}) zx_handle_close(handle);
}

TEST_F(WaitAsyncTest, CancelKeyTakesAllWithTheKey) {
  Shows("PORT-CANCEL-KEY-1 PORT-CANCEL-KEY-2 PORT-CANCEL-KEY-3 PORT-CANCEL-KEY-4 RIGHTS-27");
  EXPECT_EQ(zx_port_cancel_key(0, 1, kKey), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_port_cancel_key(0, 0, kKey), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_port_cancel_key(event_, 0, kKey), ZX_ERR_WRONG_TYPE);
  const zx_handle_t read_only = Duplicate(port_, 0x800Fu & ~ZX_RIGHT_WRITE);
  EXPECT_EQ(zx_port_cancel_key(read_only, 0, kKey), ZX_ERR_ACCESS_DENIED);
  zx_handle_close(read_only);
  EXPECT_EQ(zx_port_cancel_key(port_, 0, kKey), ZX_ERR_NOT_FOUND);

  const zx_handle_t other = Duplicate(event_);
  QueueUser(kKey);
  QueueUser(kKey + 1);
  Signal(kSignaled);
  Wait();
  EXPECT_EQ(zx_object_wait_async(other, port_, kKey, ZX_USER_SIGNAL_0, 0), ZX_OK);
  EXPECT_EQ(zx_port_cancel_key(port_, 0, kKey), ZX_OK);
  EXPECT_EQ(zx_port_cancel_key(port_, 0, kKey), ZX_ERR_NOT_FOUND);
  Signal(ZX_USER_SIGNAL_0);
  EXPECT_EQ(Next().key, kKey + 1);
  EXPECT_TRUE(Empty());
  zx_handle_close(other);
}

// ---- 2018 ----

TEST_F(WaitAsyncTest, The2018OptionsAreOnceAndRepeating) {
  Shows("GEN-11");
  for (const uint32_t options : {2u, 3u, 0x80000000u}) {
    EXPECT_EQ(zx_object_wait_async_2018(0, 0, kKey, 0, options), ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(zx_object_wait_async_2018(event_, port_, kKey, kSignaled, 0), ZX_OK);
  Signal(kSignaled);
  const zx_port_packet_t packet = Next();
  EXPECT_EQ(packet.type, ZX_PKT_TYPE_SIGNAL_ONE);
  EXPECT_EQ(packet.signal.timestamp, 0);
  EXPECT_EQ(packet.signal.count, 1u);
}

TEST_F(WaitAsyncTest, RepeatingGoesOn) {
  Shows("GEN-12 GEN-13");
  Signal(kSignaled);
  EXPECT_EQ(zx_object_wait_async_2018(event_, port_, kKey, kSignaled, kRepeating2018), ZX_OK);
  zx_port_packet_t packet = Next();
  EXPECT_EQ(packet.type, 2u);
  EXPECT_EQ(packet.signal.observed, kSignaled);
  EXPECT_EQ(packet.signal.count, 1u);
  Signal(ZX_USER_SIGNAL_0);  // any bit, while one of those asked for is active
  EXPECT_EQ(Next().signal.observed, kSignaled | ZX_USER_SIGNAL_0);
  Signal(kSignaled | ZX_USER_SIGNAL_0, ZX_USER_SIGNAL_1);
  EXPECT_TRUE(Empty()) << "nothing has changed";
  Signal(0, kSignaled);
  Signal(ZX_USER_SIGNAL_1);
  EXPECT_TRUE(Empty());
  Signal(kSignaled, ZX_USER_SIGNAL_1);
  Signal(ZX_USER_SIGNAL_2);  // the packet is queued: it takes this in
  packet = Next();
  EXPECT_EQ(packet.signal.observed, kSignaled | ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_2);
  EXPECT_TRUE(Empty());
  Signal(ZX_USER_SIGNAL_3);
  EXPECT_EQ(zx_port_cancel(port_, event_, kKey), ZX_OK);
  Signal(ZX_USER_SIGNAL_4);
  EXPECT_TRUE(Empty());
}

TEST_F(WaitAsyncTest, AQueuedPacketGathersAlsoWhatIsOverAgain) {
  Shows("GEN-12 GEN-13");
  EXPECT_EQ(zx_object_wait_async_2018(event_, port_, kKey, kSignaled, kRepeating2018), ZX_OK);
  Signal(kSignaled | ZX_USER_SIGNAL_0);
  Signal(ZX_USER_SIGNAL_1, ZX_USER_SIGNAL_0);
  Signal(ZX_USER_SIGNAL_2, ZX_USER_SIGNAL_1);
  const zx_port_packet_t packet = Next();
  EXPECT_EQ(packet.signal.observed,
            kSignaled | ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_1 | ZX_USER_SIGNAL_2);
  EXPECT_EQ(packet.signal.count, 1u);
  EXPECT_TRUE(Empty());
  Signal(ZX_USER_SIGNAL_3);  // the next one begins anew
  EXPECT_EQ(Next().signal.observed, kSignaled | ZX_USER_SIGNAL_2 | ZX_USER_SIGNAL_3);
  EXPECT_EQ(zx_port_cancel(port_, event_, kKey), ZX_OK);
}

TEST_F(WaitAsyncTest, RepeatingEndsWithItsHandle) {
  Shows("GEN-12");
  const zx_handle_t other = Duplicate(event_);
  EXPECT_EQ(zx_object_wait_async_2018(other, port_, kKey, kSignaled, kRepeating2018), ZX_OK);
  Signal(kSignaled);
  zx_handle_close(other);
  Signal(ZX_USER_SIGNAL_0);
  EXPECT_EQ(Next().signal.observed, kSignaled);  // was queued
  EXPECT_TRUE(Empty());
}

}  // namespace
