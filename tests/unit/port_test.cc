// Ports: order, limits, deadlines, waiters, death; and the port calls with their orders of errors.
// Rows: PORT.

#include "objects/port.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <time.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <deque>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "contract.h"
#include "handles/handle_table.h"
#include "objects/packet_reserve.h"
#include "rights/rights.h"
#include "sleeping_thread.h"

namespace zircon::objects {
namespace {

constexpr uint64_t kPage = 4096;
constexpr zx_time_t kPast = ZX_TIME_INFINITE_PAST;

zx_port_packet_t User(uint64_t key) {
  zx_port_packet_t packet{};
  packet.key = key;
  packet.type = ZX_PKT_TYPE_USER;
  return packet;
}

zx_handle_t CreatePort() {
  zx_handle_t handle = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_port_create(0, &handle), ZX_OK);
  return handle;
}

zx_handle_t WithRights(zx_handle_t handle, zx_rights_t rights) {
  zx_handle_t reduced = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_handle_duplicate(handle, rights, &reduced), ZX_OK);
  return reduced;
}

zx_time_t After(zx_duration_t nanoseconds) { return zx_deadline_after(nanoseconds); }

// ---- zx_port_create ----

TEST(PortCreate, TakesTheTwoOptions) {
  Shows("PORT-CREATE-1 PORT-CREATE-4 RIGHTS-9");
  for (uint32_t options : {0u, ZX_PORT_BIND_TO_INTERRUPT}) {
    zx_handle_t port = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_port_create(options, &port), ZX_OK);
    zx_info_handle_basic_t info{};
    EXPECT_EQ(zx_object_get_info(port, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr),
              ZX_OK);
    EXPECT_EQ(info.rights, 0x800Fu);
    EXPECT_EQ(info.type, ZX_OBJ_TYPE_PORT);
    zx_handle_close(port);
  }
  zx_handle_t port = 7;
  for (uint32_t options : {2u, 3u, 0x80000000u}) {
    EXPECT_EQ(zx_port_create(options, &port), ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(port, 7u);
}

TEST(PortCreate, DropsTheHandleWhenItCannotBeGiven) {
  Shows("PORT-CREATE-3 PTR-5");
  const uint32_t before = handles::HandleTable::Process().live();
  EXPECT_EQ(zx_port_create(0, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(handles::HandleTable::Process().live(), before);
}

// ---- Kinds of packets ----

class PortKinds : public testing::Test {
 protected:
  void SetUp() override {
    port_->AddHandle();
    ASSERT_EQ(handles::HandleTable::Process().Insert(port_, rights::kPort, &handle_), ZX_OK);
    reserve_ = PacketReserve::Create(port_, 2, PacketReserve::kBellPackets);
    ASSERT_NE(reserve_, nullptr);
    ASSERT_EQ(zx_event_create(0, &event_), ZX_OK);
    ASSERT_EQ(zx_object_signal(event_, 0, ZX_EVENT_SIGNALED), ZX_OK);
  }
  void TearDown() override {
    reserve_.reset();
    zx_handle_close(handle_);
    port_->DropHandle();
    zx_handle_close(event_);
  }
  // Of the kind with that key: a user's, a bell's or a signal's.
  void Queue(uint64_t key) {
    const zx_port_packet_t user = User(1);
    zx_status_t status = ZX_OK;
    if (key == 1) status = zx_port_queue(handle_, &user);
    if (key == 2) status = reserve_->QueueBell(0x1000, nullptr);
    if (key == 3) status = zx_object_wait_async(event_, handle_, 3, ZX_EVENT_SIGNALED, 0);
    ASSERT_EQ(status, ZX_OK) << key;
  }
  std::vector<uint64_t> TakeAll() {
    std::vector<uint64_t> keys;
    zx_port_packet_t packet;
    while (zx_port_wait(handle_, kPast, &packet) == ZX_OK) keys.push_back(packet.key);
    return keys;
  }

  const base::RefPtr<Port> port_ = base::MakeRef<Port>(0u);
  zx_handle_t handle_ = ZX_HANDLE_INVALID;
  std::unique_ptr<PacketReserve> reserve_;
  zx_handle_t event_ = ZX_HANDLE_INVALID;
};

TEST_F(PortKinds, ComeInTheOrderInWhichTheyWereQueued) {
  Shows("PORT-1");
  const std::vector<uint64_t> order = {3, 1, 2, 2, 3, 1, 1, 3, 2, 1};
  for (const uint64_t key : order) Queue(key);
  EXPECT_EQ(TakeAll(), order);
}

TEST_F(PortKinds, AreCancelledByKeyAmongTheOthers) {
  Shows("PORT-CANCEL-KEY-4");
  for (const uint64_t cancelled : {1, 2, 3}) {
    std::vector<uint64_t> rest;
    for (const uint64_t key : {3, 1, 2, 2, 3, 1, 1, 3, 2, 1}) {
      Queue(key);
      if (key != cancelled) rest.push_back(key);
    }
    EXPECT_EQ(zx_port_cancel_key(handle_, 0, cancelled), ZX_OK);
    EXPECT_EQ(zx_port_cancel_key(handle_, 0, cancelled), ZX_ERR_NOT_FOUND);
    EXPECT_EQ(TakeAll(), rest) << cancelled;
  }
}

// ---- zx_port_queue, zx_port_wait ----

class PortCalls : public testing::Test {
 protected:
  void SetUp() override {
    port_ = CreatePort();
    nowhere_ = mmap(nullptr, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(nowhere_, MAP_FAILED);
  }
  void TearDown() override {
    zx_handle_close(port_);
    munmap(nowhere_, kPage);
  }
  zx_port_packet_t* nowhere() const { return static_cast<zx_port_packet_t*>(nowhere_); }
  zx_status_t Queue(uint64_t key) {
    const zx_port_packet_t packet = User(key);
    return zx_port_queue(port_, &packet);
  }
  // The key of the next packet, or UINT64_MAX for an empty port.
  uint64_t Next() {
    zx_port_packet_t packet;
    return zx_port_wait(port_, kPast, &packet) == ZX_OK ? packet.key : UINT64_MAX;
  }

  zx_handle_t port_ = ZX_HANDLE_INVALID;
  void* nowhere_ = nullptr;
};

TEST_F(PortCalls, KeepEverythingButTheType) {
  Shows("PORT-QUEUE-5");
  zx_port_packet_t in;
  std::memset(&in, 0xA5, sizeof(in));
  in.key = 0x1122334455667788;
  in.status = -77;
  for (size_t i = 0; i < sizeof(in.user.c8); ++i) in.user.c8[i] = static_cast<uint8_t>(i);
  zx_port_packet_t wanted = in;
  wanted.type = ZX_PKT_TYPE_USER;
  for (uint32_t type : {ZX_PKT_TYPE_USER, ZX_PKT_TYPE_GUEST_BELL, ZX_PKT_TYPE_INTERRUPT, ~0u}) {
    in.type = type;
    ASSERT_EQ(zx_port_queue(port_, &in), ZX_OK);
    EXPECT_EQ(in.type, type);
    zx_port_packet_t out;
    std::memset(&out, 0, sizeof(out));
    ASSERT_EQ(zx_port_wait(port_, ZX_TIME_INFINITE, &out), ZX_OK);
    EXPECT_EQ(std::memcmp(&out, &wanted, sizeof(out)), 0);
  }
}

TEST_F(PortCalls, AreFirstInFirstOut) {
  Shows("PORT-1");
  for (uint64_t key = 0; key < 300; ++key) ASSERT_EQ(Queue(key), ZX_OK);
  for (uint64_t key = 0; key < 150; ++key) ASSERT_EQ(Next(), key);
  for (uint64_t key = 300; key < 400; ++key) ASSERT_EQ(Queue(key), ZX_OK);
  for (uint64_t key = 150; key < 400; ++key) ASSERT_EQ(Next(), key);
  EXPECT_EQ(Next(), UINT64_MAX);
}

TEST_F(PortCalls, TheLimitIsBehind4097Packets) {
  Shows("PORT-QUEUE-3");
  for (int round = 0; round < 2; ++round) {
    for (uint64_t key = 0; key < 4097; ++key) ASSERT_EQ(Queue(key), ZX_OK) << key;
    EXPECT_EQ(Queue(9999), ZX_ERR_SHOULD_WAIT);
    EXPECT_EQ(Queue(9999), ZX_ERR_SHOULD_WAIT);
    EXPECT_EQ(Next(), 0u);
    EXPECT_EQ(Queue(4097), ZX_OK);
    EXPECT_EQ(Queue(9999), ZX_ERR_SHOULD_WAIT);
    for (uint64_t key = 1; key <= 4097; ++key) ASSERT_EQ(Next(), key);
    EXPECT_EQ(Next(), UINT64_MAX);
  }
}

TEST_F(PortCalls, QueueLooksAtHandleThenTypeThenRightThenPacket) {
  Shows("CALL-1 PORT-QUEUE-1 PORT-QUEUE-2 RIGHTS-21");
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(0, 0, &vmo), ZX_OK);
  const zx_handle_t bare_vmo = WithRights(vmo, ZX_RIGHT_NONE);
  const zx_handle_t read_only = WithRights(port_, ZX_RIGHT_READ);
  const zx_handle_t write_only = WithRights(port_, ZX_RIGHT_WRITE);
  for (const zx_port_packet_t* bad : {static_cast<const zx_port_packet_t*>(nullptr),
                                      static_cast<const zx_port_packet_t*>(nowhere())}) {
    EXPECT_EQ(zx_port_queue(ZX_HANDLE_INVALID, bad), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(zx_port_queue(bare_vmo, bad), ZX_ERR_WRONG_TYPE);
    EXPECT_EQ(zx_port_queue(read_only, bad), ZX_ERR_ACCESS_DENIED);
    EXPECT_EQ(zx_port_queue(write_only, bad), ZX_ERR_INVALID_ARGS);
  }
  const zx_port_packet_t packet = User(5);
  EXPECT_EQ(zx_port_queue(write_only, &packet), ZX_OK);
  EXPECT_EQ(Next(), 5u);
  for (zx_handle_t handle : {vmo, bare_vmo, read_only, write_only}) zx_handle_close(handle);
}

TEST_F(PortCalls, QueueLooksAtThePacketBeforeTheLimit) {
  Shows("PORT-QUEUE-2");
  for (uint64_t key = 0; key < 4097; ++key) ASSERT_EQ(Queue(key), ZX_OK);
  EXPECT_EQ(zx_port_queue(port_, nullptr), ZX_ERR_INVALID_ARGS);
}

TEST_F(PortCalls, WaitLooksAtHandleThenTypeThenRight) {
  Shows("CALL-1 PORT-WAIT-1 PORT-WAIT-5 RIGHTS-21");
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(0, 0, &vmo), ZX_OK);
  const zx_handle_t bare_vmo = WithRights(vmo, ZX_RIGHT_NONE);
  const zx_handle_t write_only = WithRights(port_, ZX_RIGHT_WRITE);
  const zx_handle_t read_only = WithRights(port_, ZX_RIGHT_READ);
  EXPECT_EQ(zx_port_wait(ZX_HANDLE_INVALID, kPast, nullptr), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_port_wait(bare_vmo, kPast, nullptr), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(zx_port_wait(write_only, kPast, nullptr), ZX_ERR_ACCESS_DENIED);
  // The pointer is last: nothing to write, nothing to complain of.
  EXPECT_EQ(zx_port_wait(read_only, kPast, nullptr), ZX_ERR_TIMED_OUT);
  for (zx_handle_t handle : {vmo, bare_vmo, read_only, write_only}) zx_handle_close(handle);
}

TEST_F(PortCalls, APacketThatCannotBeGivenIsLost) {
  Shows("PORT-WAIT-5 PTR-6");
  ASSERT_EQ(Queue(1), ZX_OK);
  ASSERT_EQ(Queue(2), ZX_OK);
  ASSERT_EQ(Queue(3), ZX_OK);
  EXPECT_EQ(zx_port_wait(port_, kPast, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_port_wait(port_, ZX_TIME_INFINITE, nowhere()), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Next(), 3u);
}

TEST_F(PortCalls, APacketMayStraddlePages) {
  Shows("PTR-2");
  auto* pages = static_cast<uint8_t*>(
      mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pages, MAP_FAILED);
  auto* packet = reinterpret_cast<zx_port_packet_t*>(pages + kPage - 24);
  *packet = User(8);
  ASSERT_EQ(mprotect(pages + kPage, kPage, PROT_NONE), 0);
  EXPECT_EQ(zx_port_queue(port_, packet), ZX_ERR_INVALID_ARGS);
  ASSERT_EQ(mprotect(pages + kPage, kPage, PROT_READ | PROT_WRITE), 0);
  ASSERT_EQ(zx_port_queue(port_, packet), ZX_OK);
  *packet = User(0);
  EXPECT_EQ(zx_port_wait(port_, kPast, packet), ZX_OK);
  EXPECT_EQ(packet->key, 8u);
  munmap(pages, 2 * kPage);
}

// ---- Deadlines ----

TEST_F(PortCalls, APastDeadlineDoesNotWait) {
  Shows("PORT-WAIT-3");
  zx_port_packet_t packet = User(77);
  for (zx_time_t deadline : {ZX_TIME_INFINITE_PAST, zx_time_t{-1}, zx_time_t{0}, zx_time_t{1},
                             zx_clock_get_monotonic()}) {
    const zx_time_t begin = zx_clock_get_monotonic();
    EXPECT_EQ(zx_port_wait(port_, deadline, &packet), ZX_ERR_TIMED_OUT);
    EXPECT_LT(zx_clock_get_monotonic() - begin, ZX_SEC(1));
    EXPECT_EQ(packet.key, 77u);
  }
}

TEST_F(PortCalls, APacketThatIsThereComesAlsoAfterTheDeadline) {
  Shows("PORT-WAIT-2");
  for (zx_time_t deadline : {ZX_TIME_INFINITE_PAST, zx_time_t{0}, zx_clock_get_monotonic()}) {
    ASSERT_EQ(Queue(4), ZX_OK);
    zx_port_packet_t packet;
    EXPECT_EQ(zx_port_wait(port_, deadline, &packet), ZX_OK);
    EXPECT_EQ(packet.key, 4u);
  }
}

TEST_F(PortCalls, AWaitEndsAtItsDeadline) {
  Shows("PORT-WAIT-4 TIME-2");
  zx_port_packet_t packet;
  const zx_time_t deadline = After(ZX_MSEC(30));
  EXPECT_EQ(zx_port_wait(port_, deadline, &packet), ZX_ERR_TIMED_OUT);
  EXPECT_GE(zx_clock_get_monotonic(), deadline);
  // A waiter that has left is not given anything.
  ASSERT_EQ(Queue(6), ZX_OK);
  EXPECT_EQ(Next(), 6u);
}

// ---- Waiters ----

TEST_F(PortCalls, AWaiterIsWoken) {
  Shows("PORT-WAIT-4");
  std::thread queuer([&, waiter = ThisThread()] {
    EXPECT_TRUE(AwaitAsleep(waiter));
    EXPECT_EQ(Queue(11), ZX_OK);
  });
  zx_port_packet_t packet;
  EXPECT_EQ(zx_port_wait(port_, ZX_TIME_INFINITE, &packet), ZX_OK);
  EXPECT_EQ(packet.key, 11u);
  EXPECT_EQ(packet.type, ZX_PKT_TYPE_USER);
  queuer.join();
}

TEST_F(PortCalls, AWaiterGetsAUserPacketWhateverTypeWasSent) {
  Shows("PORT-QUEUE-5");
  zx_port_packet_t sent = User(12);
  sent.type = ZX_PKT_TYPE_GUEST_BELL;
  std::thread queuer([&, waiter = ThisThread()] {
    EXPECT_TRUE(AwaitAsleep(waiter));
    EXPECT_EQ(zx_port_queue(port_, &sent), ZX_OK);
  });
  zx_port_packet_t packet;
  EXPECT_EQ(zx_port_wait(port_, ZX_TIME_INFINITE, &packet), ZX_OK);
  EXPECT_EQ(packet.type, ZX_PKT_TYPE_USER);
  queuer.join();
}

TEST_F(PortCalls, EachPacketGoesToOneWaiter) {
  Shows("PORT-2");
  constexpr uint64_t kWaiters = 8;
  std::vector<uint64_t> keys(kWaiters);
  std::deque<SleepingThread> waiters;
  for (uint64_t& key : keys) {
    waiters.emplace_back([&] {
      zx_port_packet_t packet;
      EXPECT_EQ(zx_port_wait(port_, ZX_TIME_INFINITE, &packet), ZX_OK);
      key = packet.key;
    });
  }
  for (SleepingThread& waiter : waiters) EXPECT_TRUE(waiter.AwaitSleep());
  for (uint64_t key = 0; key < kWaiters; ++key) ASSERT_EQ(Queue(key), ZX_OK);
  for (SleepingThread& waiter : waiters) waiter.Join();
  EXPECT_EQ(std::set<uint64_t>(keys.begin(), keys.end()).size(), kWaiters);
  EXPECT_EQ(Next(), UINT64_MAX);
}

TEST_F(PortCalls, AWaiterKeepsWaitingWhenTheLastHandleIsClosed) {
  Shows("PORT-WAIT-7");
  const zx_time_t deadline = After(ZX_MSEC(100));
  const zx_handle_t other = CreatePort();
  SleepingThread waiter([&] {
    zx_port_packet_t packet;
    const zx_status_t status = zx_port_wait(other, deadline, &packet);
    if (status == ZX_ERR_BAD_HANDLE) return;  // came too late to wait
    EXPECT_EQ(status, ZX_ERR_TIMED_OUT);
    EXPECT_GE(zx_clock_get_monotonic(), deadline);
  });
  (void)waiter.AwaitSleep();  // its deadline may be over already
  EXPECT_EQ(zx_handle_close(other), ZX_OK);
  waiter.Join();
}

TEST_F(PortCalls, AClosedPortsHandleIsFreeWhileAThreadStillWaits) {
  Shows("HANDLE-8 PORT-WAIT-7");
  const zx_time_t deadline = After(ZX_MSEC(100));
  const zx_handle_t other = CreatePort();
  const uint32_t before = handles::HandleTable::Process().live();
  SleepingThread waiter([&] {
    zx_port_packet_t packet;
    EXPECT_NE(zx_port_wait(other, deadline, &packet), ZX_OK);
  });
  (void)waiter.AwaitSleep();  // its deadline may be over already
  EXPECT_EQ(zx_handle_close(other), ZX_OK);
  EXPECT_EQ(handles::HandleTable::Process().live(), before - 1);
  EXPECT_EQ(zx_handle_close(other), ZX_ERR_BAD_HANDLE);
  waiter.Join();
}

// ---- Death ----

TEST(PortObject, FreesWhatIsQueuedWithTheLastHandle) {
  Shows("PORT-3");
  auto port = base::MakeRef<Port>(0u);
  port->AddHandle();
  port->AddHandle();
  ASSERT_EQ(port->Queue(User(1)), ZX_OK);
  port->DropHandle();
  zx_port_packet_t packet;
  EXPECT_EQ(port->Wait(kPast, &packet), ZX_OK);
  ASSERT_EQ(port->Queue(User(2)), ZX_OK);
  port->DropHandle();
  EXPECT_EQ(port->Wait(kPast, &packet), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(port->Queue(User(3)), ZX_ERR_BAD_HANDLE);
}

TEST(PortObject, KeepsItsOptions) {
  EXPECT_EQ(base::MakeRef<Port>(1u)->options(), 1u);
  EXPECT_EQ(base::MakeRef<Port>(0u)->type(), ZX_OBJ_TYPE_PORT);
}

TEST(PortObject, AWaiterKeepsWaitingWhenThePortDies) {
  Shows("PORT-WAIT-7");
  auto port = base::MakeRef<Port>(0u);
  port->AddHandle();
  const zx_time_t deadline = After(ZX_MSEC(60));
  SleepingThread waiter([&] {
    zx_port_packet_t packet;
    EXPECT_EQ(port->Wait(deadline, &packet), ZX_ERR_TIMED_OUT);
    EXPECT_GE(zx_clock_get_monotonic(), deadline);
  });
  (void)waiter.AwaitSleep();  // its deadline may be over already
  port->DropHandle();
  waiter.Join();
}

// ---- A delivery and a deadline at the same moment ----

TEST(PortObject, ADeliveryAtTheDeadlineIsNeitherLostNorDoubled) {
  Shows("PORT-WAIT-9");
  auto port = base::MakeRef<Port>(0u);
  std::atomic<uint64_t> received{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> waiters;
  for (int i = 0; i < 2; ++i) {
    waiters.emplace_back([&] {
      zx_port_packet_t packet;
      while (!stop.load()) {
        if (port->Wait(After(ZX_USEC(30)), &packet) == ZX_OK) received.fetch_add(1);
      }
    });
  }
  constexpr uint64_t kPackets = 3000;
  for (uint64_t key = 0; key < kPackets; ++key) {
    ASSERT_EQ(port->Queue(User(key)), ZX_OK);
    const timespec pause{.tv_sec = 0, .tv_nsec = 20'000};
    nanosleep(&pause, nullptr);
  }
  stop = true;
  for (std::thread& waiter : waiters) waiter.join();
  zx_port_packet_t packet;
  uint64_t left = 0;
  while (port->Wait(kPast, &packet) == ZX_OK) ++left;
  EXPECT_EQ(received.load() + left, kPackets);
}

}  // namespace
}  // namespace zircon::objects
