// Bell packets: what they say, how many may be undelivered, who is told of room, and what happens
// when the port dies or the trap goes. Rows: TRAP-BELL.

#include "objects/packet_reserve.h"

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "contract.h"
#include "handles/handle_table.h"
#include "rights/rights.h"
#include "sleeping_thread.h"

namespace zircon::objects {
namespace {

constexpr zx_time_t kPast = ZX_TIME_INFINITE_PAST;
constexpr uint64_t kKey = 0xFEDCBA9876543210;

class Listener final : public RoomListener {
 public:
  void OnRoom() override { calls.fetch_add(1); }
  std::atomic<int> calls{0};
};

// Stays inside OnRoom() until it is let go.
class SlowListener final : public RoomListener {
 public:
  void OnRoom() override {
    base::MutexLock lock(mutex_);
    inside_ = true;
    changed_.SignalAll();
    while (!released_) changed_.Wait(mutex_);
    left_ = true;
  }
  void AwaitInside() {
    base::MutexLock lock(mutex_);
    while (!inside_) changed_.Wait(mutex_);
  }
  void Release() {
    base::MutexLock lock(mutex_);
    released_ = true;
    changed_.SignalAll();
  }
  bool left() {
    base::MutexLock lock(mutex_);
    return left_;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  bool inside_ ABSL_GUARDED_BY(mutex_) = false;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
  bool left_ ABSL_GUARDED_BY(mutex_) = false;
};

class PacketReserveTest : public testing::Test {
 protected:
  void SetUp() override {
    port_ = base::MakeRef<Port>(0u);
    port_->AddHandle();
  }
  std::unique_ptr<PacketReserve> Reserve(uint32_t capacity, uint64_t key = kKey) {
    auto reserve = PacketReserve::Create(port_, key, capacity);
    EXPECT_NE(reserve, nullptr);
    return reserve;
  }
  void QueueUser(uint64_t key, uint64_t value) {
    zx_port_packet_t packet{};
    packet.key = key;
    packet.user.u64[0] = value;
    ASSERT_EQ(port_->Queue(packet), ZX_OK);
  }
  // The next packet's first word: a bell's address or a user's value; UINT64_MAX for none.
  uint64_t Next() {
    zx_port_packet_t packet;
    return port_->Wait(kPast, &packet) == ZX_OK ? packet.user.u64[0] : UINT64_MAX;
  }
  void Die() { port_->DropHandle(); }

  base::RefPtr<Port> port_;
  Listener listener_;
};

TEST_F(PacketReserveTest, ATrapHas256) { EXPECT_EQ(PacketReserve::kBellPackets, 256u); }

TEST_F(PacketReserveTest, ABellSaysKeyAndAddress) {
  Shows("TRAP-18 TRAP-BELL-1");
  auto reserve = Reserve(1);
  ASSERT_EQ(reserve->QueueBell(0x1234567890ABC, &listener_), ZX_OK);
  zx_port_packet_t packet;
  std::memset(&packet, 0xEE, sizeof(packet));
  ASSERT_EQ(port_->Wait(kPast, &packet), ZX_OK);
  zx_port_packet_t wanted{};
  wanted.key = kKey;
  wanted.type = ZX_PKT_TYPE_GUEST_BELL;
  wanted.status = ZX_OK;
  wanted.guest_bell.addr = 0x1234567890ABC;
  EXPECT_EQ(std::memcmp(&packet, &wanted, sizeof(packet)), 0);
}

TEST_F(PacketReserveTest, BellsAndUserPacketsShareOneQueue) {
  Shows("PORT-1 TRAP-BELL-4");
  auto reserve = Reserve(8);
  auto other = Reserve(8, 1);
  for (uint64_t i = 0; i < 24; i += 3) {
    ASSERT_EQ(reserve->QueueBell(i, &listener_), ZX_OK);
    QueueUser(kKey, i + 1);
    ASSERT_EQ(other->QueueBell(i + 2, &listener_), ZX_OK);
  }
  for (uint64_t i = 0; i < 24; ++i) ASSERT_EQ(Next(), i);
  EXPECT_EQ(Next(), UINT64_MAX);
}

TEST_F(PacketReserveTest, AFullReserveTellsOnceThereIsRoom) {
  Shows("TRAP-BELL-5");
  auto reserve = Reserve(3);
  for (uint64_t i = 0; i < 3; ++i) ASSERT_EQ(reserve->QueueBell(i, &listener_), ZX_OK);
  EXPECT_EQ(reserve->QueueBell(3, &listener_), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(reserve->QueueBell(3, &listener_), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(listener_.calls, 0);
  EXPECT_EQ(Next(), 0u);
  EXPECT_EQ(listener_.calls, 1);
  EXPECT_EQ(Next(), 1u);
  EXPECT_EQ(listener_.calls, 1);
  EXPECT_EQ(reserve->QueueBell(3, &listener_), ZX_OK);
  EXPECT_EQ(reserve->QueueBell(4, &listener_), ZX_OK);
  EXPECT_EQ(reserve->QueueBell(5, &listener_), ZX_ERR_SHOULD_WAIT);
  for (uint64_t i = 2; i < 5; ++i) EXPECT_EQ(Next(), i);
  EXPECT_EQ(listener_.calls, 2);
  EXPECT_EQ(Next(), UINT64_MAX);
}

TEST_F(PacketReserveTest, OnlyItsOwnPacketsMakeRoom) {
  Shows("TRAP-BELL-6");
  auto reserve = Reserve(1);
  auto other = Reserve(1);
  QueueUser(kKey, 1);
  ASSERT_EQ(other->QueueBell(2, nullptr), ZX_OK);
  ASSERT_EQ(reserve->QueueBell(3, &listener_), ZX_OK);
  ASSERT_EQ(reserve->QueueBell(4, &listener_), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(Next(), 1u);
  EXPECT_EQ(Next(), 2u);
  EXPECT_EQ(listener_.calls, 0);
  EXPECT_EQ(Next(), 3u);
  EXPECT_EQ(listener_.calls, 1);
}

TEST_F(PacketReserveTest, AllListenersAreTold) {
  auto reserve = Reserve(1);
  Listener second;
  ASSERT_EQ(reserve->QueueBell(0, nullptr), ZX_OK);
  ASSERT_EQ(reserve->QueueBell(1, &listener_), ZX_ERR_SHOULD_WAIT);
  ASSERT_EQ(reserve->QueueBell(1, &second), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(reserve->QueueBell(1, nullptr), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(Next(), 0u);
  EXPECT_EQ(listener_.calls, 1);
  EXPECT_EQ(second.calls, 1);
}

TEST_F(PacketReserveTest, WhatIsCancelledMakesRoomToo) {
  Shows("PORT-CANCEL-KEY-4 TRAP-BELL-5");
  auto reserve = Reserve(2);
  auto other = Reserve(1, kKey + 1);
  Listener second;
  Listener of_other;
  for (uint64_t i = 0; i < 2; ++i) ASSERT_EQ(reserve->QueueBell(i, nullptr), ZX_OK);
  ASSERT_EQ(reserve->QueueBell(2, &listener_), ZX_ERR_SHOULD_WAIT);
  ASSERT_EQ(reserve->QueueBell(3, &second), ZX_ERR_SHOULD_WAIT);
  ASSERT_EQ(other->QueueBell(4, nullptr), ZX_OK);
  ASSERT_EQ(other->QueueBell(5, &of_other), ZX_ERR_SHOULD_WAIT);
  EXPECT_TRUE(port_->CancelKey(kKey));
  EXPECT_EQ(listener_.calls, 1);
  EXPECT_EQ(second.calls, 1);
  EXPECT_EQ(of_other.calls, 0);
  EXPECT_EQ(reserve->QueueBell(2, &listener_), ZX_OK);
  EXPECT_EQ(Next(), 4u);
  EXPECT_EQ(of_other.calls, 1);
  EXPECT_EQ(Next(), 2u);
  EXPECT_EQ(Next(), UINT64_MAX);
}

TEST_F(PacketReserveTest, ARemovedListenerIsNotTold) {
  auto reserve = Reserve(1);
  Listener second;
  ASSERT_EQ(reserve->QueueBell(0, nullptr), ZX_OK);
  ASSERT_EQ(reserve->QueueBell(1, &listener_), ZX_ERR_SHOULD_WAIT);
  ASSERT_EQ(reserve->QueueBell(1, &second), ZX_ERR_SHOULD_WAIT);
  reserve->RemoveListener(&listener_);
  reserve->RemoveListener(&listener_);  // not registered: fine
  EXPECT_EQ(Next(), 0u);
  EXPECT_EQ(listener_.calls, 0);
  EXPECT_EQ(second.calls, 1);
}

TEST_F(PacketReserveTest, AListenerThatComesBackAtOnceIsToldOncePerDelivery) {
  auto reserve = Reserve(1);
  SlowListener second;
  ASSERT_EQ(reserve->QueueBell(0, nullptr), ZX_OK);
  ASSERT_EQ(reserve->QueueBell(1, &listener_), ZX_ERR_SHOULD_WAIT);
  ASSERT_EQ(reserve->QueueBell(1, &second), ZX_ERR_SHOULD_WAIT);
  std::thread deliverer([&] { EXPECT_EQ(Next(), 0u); });
  second.AwaitInside();  // listener_ has had its turn
  EXPECT_EQ(listener_.calls, 1);
  ASSERT_EQ(reserve->QueueBell(2, nullptr), ZX_OK);
  ASSERT_EQ(reserve->QueueBell(3, &listener_), ZX_ERR_SHOULD_WAIT);
  second.Release();
  deliverer.join();
  EXPECT_EQ(listener_.calls, 1);
  EXPECT_EQ(Next(), 2u);
  EXPECT_EQ(listener_.calls, 2);
}

TEST_F(PacketReserveTest, BellsDoNotCountAsUserPackets) {
  Shows("TRAP-BELL-6");
  auto reserve = Reserve(PacketReserve::kBellPackets);
  for (uint64_t i = 0; i <= Port::kMaxUserPackets; ++i) QueueUser(0, i);
  EXPECT_EQ(port_->Queue(zx_port_packet_t{}), ZX_ERR_SHOULD_WAIT);
  for (uint64_t i = 0; i < PacketReserve::kBellPackets; ++i) {
    ASSERT_EQ(reserve->QueueBell(10000 + i, &listener_), ZX_OK);
  }
  EXPECT_EQ(reserve->QueueBell(1, &listener_), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(Next(), 0u);
  QueueUser(0, 1);
  EXPECT_EQ(port_->Queue(zx_port_packet_t{}), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(listener_.calls, 0);
}

TEST_F(PacketReserveTest, AWaiterGetsABellAtOnce) {
  auto reserve = Reserve(1);
  std::thread waiter([&] {
    for (uint64_t i = 0; i < 200; ++i) {
      zx_port_packet_t packet;
      ASSERT_EQ(port_->Wait(ZX_TIME_INFINITE, &packet), ZX_OK);
      EXPECT_EQ(packet.guest_bell.addr, i);
      EXPECT_EQ(packet.key, kKey);
    }
  });
  for (uint64_t i = 0; i < 200; ++i) {
    while (reserve->QueueBell(i, &listener_) != ZX_OK) std::this_thread::yield();
  }
  waiter.join();
  reserve->RemoveListener(&listener_);
}

// ---- Death of the port ----

TEST_F(PacketReserveTest, ADeadPortTakesNoBells) {
  Shows("TRAP-BELL-10");
  auto reserve = Reserve(2);
  auto full = Reserve(1);
  Listener other;
  ASSERT_EQ(reserve->QueueBell(0, &listener_), ZX_OK);
  ASSERT_EQ(full->QueueBell(0, nullptr), ZX_OK);
  ASSERT_EQ(full->QueueBell(0, &listener_), ZX_ERR_SHOULD_WAIT);
  ASSERT_EQ(full->QueueBell(0, &other), ZX_ERR_SHOULD_WAIT);
  Die();
  EXPECT_EQ(listener_.calls, 1);
  EXPECT_EQ(other.calls, 1);
  EXPECT_EQ(Next(), UINT64_MAX);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(reserve->QueueBell(1, &listener_), ZX_ERR_BAD_STATE);
    EXPECT_EQ(full->QueueBell(1, &listener_), ZX_ERR_BAD_STATE);
  }
  EXPECT_EQ(Reserve(1)->QueueBell(1, &listener_), ZX_ERR_BAD_STATE);
  EXPECT_EQ(listener_.calls, 1);
}

TEST_F(PacketReserveTest, ADeadPortTellsTheListenersOfAllItsReserves) {
  Shows("TRAP-BELL-10");
  std::vector<std::unique_ptr<PacketReserve>> reserves;
  std::vector<std::unique_ptr<Listener>> listeners;
  for (int i = 0; i < 5; ++i) {
    reserves.push_back(Reserve(1));
    listeners.push_back(std::make_unique<Listener>());
    ASSERT_EQ(reserves.back()->QueueBell(0, nullptr), ZX_OK);
    if (i == 2) continue;  // one where nobody waits
    ASSERT_EQ(reserves.back()->QueueBell(0, listeners.back().get()), ZX_ERR_SHOULD_WAIT);
  }
  Die();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(listeners[i]->calls, i == 2 ? 0 : 1) << i;
}

TEST_F(PacketReserveTest, APortDiesAtOnceAlsoWhileAThreadWaitsByItsHandle) {
  auto port = base::MakeRef<Port>(0u);
  zx_handle_t handle = ZX_HANDLE_INVALID;
  ASSERT_EQ(handles::HandleTable::Process().Insert(port, rights::kPort, &handle), ZX_OK);
  auto reserve = PacketReserve::Create(port, kKey, 1);
  // Only its deadline ends that wait, which on a busy machine may be over before it has begun.
  SleepingThread waiter([&] {
    zx_port_packet_t packet;
    const zx_status_t status = zx_port_wait(handle, zx_deadline_after(ZX_MSEC(500)), &packet);
    EXPECT_TRUE(status == ZX_ERR_TIMED_OUT || status == ZX_ERR_BAD_HANDLE) << status;
  });
  (void)waiter.AwaitSleep();
  EXPECT_EQ(zx_handle_close(handle), ZX_OK);
  EXPECT_EQ(reserve->QueueBell(0, &listener_), ZX_ERR_BAD_STATE);
  waiter.Join();
}

TEST_F(PacketReserveTest, AReserveMayOutliveTheLastOtherReference) {
  auto reserve = Reserve(2);
  ASSERT_EQ(reserve->QueueBell(0, &listener_), ZX_OK);
  Die();
  port_.reset();
  EXPECT_EQ(reserve->QueueBell(0, &listener_), ZX_ERR_BAD_STATE);
  reserve.reset();
  port_ = base::MakeRef<Port>(0u);
}

// ---- Going of the trap ----

TEST_F(PacketReserveTest, DestroyingWithdrawsItsOwnPacketsOnly) {
  Shows("TRAP-BELL-11");
  auto reserve = Reserve(4);
  auto other = Reserve(4);  // with the same key
  ASSERT_EQ(reserve->QueueBell(100, nullptr), ZX_OK);
  QueueUser(kKey, 0);
  ASSERT_EQ(reserve->QueueBell(101, nullptr), ZX_OK);
  ASSERT_EQ(reserve->QueueBell(102, nullptr), ZX_OK);
  ASSERT_EQ(other->QueueBell(1, nullptr), ZX_OK);
  ASSERT_EQ(reserve->QueueBell(103, nullptr), ZX_OK);
  EXPECT_EQ(Next(), 100u);
  reserve.reset();
  QueueUser(kKey, 2);
  for (uint64_t i = 0; i < 3; ++i) EXPECT_EQ(Next(), i);
  EXPECT_EQ(Next(), UINT64_MAX);
}

TEST_F(PacketReserveTest, DestroyingTheOnlyPacketsEmptiesThePort) {
  auto reserve = Reserve(4);
  for (uint64_t i = 0; i < 4; ++i) ASSERT_EQ(reserve->QueueBell(i, nullptr), ZX_OK);
  reserve.reset();
  EXPECT_EQ(Next(), UINT64_MAX);
  QueueUser(1, 5);
  EXPECT_EQ(Next(), 5u);
}

// ---- Calls that are running ----

class RunningCall : public PacketReserveTest {
 protected:
  // Leaves a thread inside slow_'s OnRoom().
  void Begin() {
    reserve_ = Reserve(1);
    ASSERT_EQ(reserve_->QueueBell(0, nullptr), ZX_OK);
    ASSERT_EQ(reserve_->QueueBell(1, &slow_), ZX_ERR_SHOULD_WAIT);
    deliverer_ = std::thread([&] { EXPECT_EQ(Next(), 0u); });
    slow_.AwaitInside();
  }
  // Runs `body` in a thread; it must not return before the call has ended.
  template <typename Body>
  void ExpectWaits(Body body) {
    SleepingThread waiting([&] {
      body();
      EXPECT_TRUE(slow_.left());
    });
    EXPECT_TRUE(waiting.AwaitSleep());
    slow_.Release();
    waiting.Join();
    deliverer_.join();
  }
  std::unique_ptr<PacketReserve> reserve_;
  SlowListener slow_;
  std::thread deliverer_;
};

TEST_F(RunningCall, RemoveListenerWaitsForIt) {
  Begin();
  ExpectWaits([&] { reserve_->RemoveListener(&slow_); });
}

TEST_F(RunningCall, QueueBellWaitsForIt) {
  Begin();
  ExpectWaits([&] { EXPECT_EQ(reserve_->QueueBell(1, &slow_), ZX_OK); });
}

TEST_F(RunningCall, DestroyingWaitsForIt) {
  Begin();
  ExpectWaits([&] { reserve_.reset(); });
}

TEST_F(RunningCall, HoldsUpNobodyElse) {
  Begin();
  Listener other;
  ASSERT_EQ(reserve_->QueueBell(1, nullptr), ZX_OK);
  ASSERT_EQ(reserve_->QueueBell(2, &other), ZX_ERR_SHOULD_WAIT);
  reserve_->RemoveListener(&listener_);
  EXPECT_EQ(Next(), 1u);
  EXPECT_EQ(other.calls, 1);
  QueueUser(0, 3);
  EXPECT_EQ(Next(), 3u);
  slow_.Release();
  deliverer_.join();
}

}  // namespace
}  // namespace zircon::objects
