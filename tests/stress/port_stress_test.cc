// Ports under load: many queue, wait, ring and close at once. Nothing is lost, doubled or
// reordered, and nobody waits for ever. Also meant for the thread sanitizer. Rows: PORT, TRAP-BELL.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "contract.h"
#include "objects/packet_reserve.h"
#include "objects/port.h"

namespace zircon::objects {
namespace {

constexpr zx_time_t kPast = ZX_TIME_INFINITE_PAST;

// What a VCPU does when it meets a bell: rings, and sleeps while there is no room.
class Ringer final : public RoomListener {
 public:
  void OnRoom() override {
    base::MutexLock lock(mutex_);
    room_ = true;
    changed_.Signal();
  }
  // ZX_OK, ZX_ERR_BAD_STATE, or ZX_ERR_CANCELED when it has waited for a long time.
  zx_status_t Ring(PacketReserve& reserve, uint64_t address) {
    for (;;) {
      const zx_status_t status = reserve.QueueBell(address, this);
      if (status != ZX_ERR_SHOULD_WAIT) return status;
      if (!AwaitRoom()) {
        reserve.RemoveListener(this);
        return ZX_ERR_CANCELED;
      }
    }
  }

 private:
  bool AwaitRoom() {
    base::MutexLock lock(mutex_);
    for (int tries = 0; !room_ && tries < 60; ++tries) changed_.WaitFor(mutex_, ZX_SEC(1));
    const bool room = room_;
    room_ = false;
    return room;
  }
  base::Mutex mutex_;
  base::CondVar changed_;
  bool room_ ABSL_GUARDED_BY(mutex_) = false;
};

void Join(std::vector<std::thread>& threads) {
  for (std::thread& thread : threads) thread.join();
  threads.clear();
}

TEST(PortStress, UserPacketsArriveOnceAndInOrder) {
  Shows("PORT-1 PORT-2");
  constexpr uint64_t kProducers = 3;
  constexpr uint64_t kConsumers = 3;
  constexpr uint64_t kEach = 20000;
  auto port = base::MakeRef<Port>(0u);
  std::vector<std::thread> threads;
  std::atomic<uint64_t> received{0};
  std::vector<std::atomic<uint8_t>> seen(kProducers * kEach);
  for (uint64_t consumer = 0; consumer < kConsumers; ++consumer) {
    threads.emplace_back([&] {
      std::vector<uint64_t> last(kProducers, 0);
      while (received.load() < kProducers * kEach) {
        zx_port_packet_t packet;
        if (port->Wait(zx_deadline_after(ZX_MSEC(5)), &packet) != ZX_OK) continue;
        received.fetch_add(1);
        const uint64_t producer = packet.key;
        const uint64_t number = packet.user.u64[0];
        ASSERT_LT(producer, kProducers);
        // What one consumer takes of one producer comes in the order of sending.
        EXPECT_GT(number, last[producer]);
        last[producer] = number;
        EXPECT_EQ(packet.user.u64[3], producer ^ number);
        EXPECT_EQ(seen[producer * kEach + number - 1].fetch_add(1), 0);
      }
    });
  }
  for (uint64_t producer = 0; producer < kProducers; ++producer) {
    threads.emplace_back([&, producer] {
      for (uint64_t number = 1; number <= kEach; ++number) {
        zx_port_packet_t packet{};
        packet.key = producer;
        packet.user.u64[0] = number;
        packet.user.u64[3] = producer ^ number;
        zx_status_t status;
        while ((status = port->Queue(packet)) == ZX_ERR_SHOULD_WAIT) std::this_thread::yield();
        ASSERT_EQ(status, ZX_OK);
      }
    });
  }
  Join(threads);
  EXPECT_EQ(received.load(), kProducers * kEach);
  for (std::atomic<uint8_t>& count : seen) ASSERT_EQ(count.load(), 1);
}

TEST(PortStress, TwoThreadsPlayPingPongByHandles) {
  zx_handle_t there = ZX_HANDLE_INVALID;
  zx_handle_t back = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &there), ZX_OK);
  ASSERT_EQ(zx_port_create(0, &back), ZX_OK);
  constexpr uint64_t kRounds = 5000;
  std::thread other([&] {
    for (uint64_t i = 0; i < kRounds; ++i) {
      zx_port_packet_t packet;
      ASSERT_EQ(zx_port_wait(there, ZX_TIME_INFINITE, &packet), ZX_OK);
      ASSERT_EQ(packet.key, i);
      ASSERT_EQ(zx_port_queue(back, &packet), ZX_OK);
    }
  });
  for (uint64_t i = 0; i < kRounds; ++i) {
    zx_port_packet_t packet{};
    packet.key = i;
    ASSERT_EQ(zx_port_queue(there, &packet), ZX_OK);
    ASSERT_EQ(zx_port_wait(back, ZX_TIME_INFINITE, &packet), ZX_OK);
    ASSERT_EQ(packet.key, i);
  }
  other.join();
  zx_handle_close(there);
  zx_handle_close(back);
}

TEST(PortStress, BellsBlockAndAllArriveInOrder) {
  Shows("TRAP-BELL-4 TRAP-BELL-5");
  constexpr uint64_t kRingers = 4;
  constexpr uint64_t kEach = 5000;
  auto port = base::MakeRef<Port>(0u);
  // Two traps, each rung by two threads, with so little room that they wait all the time.
  std::unique_ptr<PacketReserve> reserves[2] = {PacketReserve::Create(port, 0, 2),
                                                PacketReserve::Create(port, 1, 3)};
  std::vector<std::thread> threads;
  for (uint64_t ringer = 0; ringer < kRingers; ++ringer) {
    threads.emplace_back([&, ringer] {
      Ringer self;
      for (uint64_t number = 1; number <= kEach; ++number) {
        ASSERT_EQ(self.Ring(*reserves[ringer % 2], ringer << 32 | number), ZX_OK);
      }
      reserves[ringer % 2]->RemoveListener(&self);
    });
  }
  std::vector<uint64_t> last(kRingers, 0);
  for (uint64_t i = 0; i < kRingers * kEach; ++i) {
    zx_port_packet_t packet;
    ASSERT_EQ(port->Wait(zx_deadline_after(ZX_SEC(60)), &packet), ZX_OK);
    ASSERT_EQ(packet.type, ZX_PKT_TYPE_GUEST_BELL);
    const uint64_t ringer = packet.guest_bell.addr >> 32;
    const uint64_t number = packet.guest_bell.addr & UINT32_MAX;
    ASSERT_LT(ringer, kRingers);
    EXPECT_EQ(packet.key, ringer % 2);
    ASSERT_EQ(number, ++last[ringer]);
  }
  Join(threads);
}

TEST(PortStress, TrapsComeAndGoWhilePacketsAreDelivered) {
  Shows("TRAP-BELL-11");
  auto port = base::MakeRef<Port>(0u);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> users_received{0};
  std::atomic<uint64_t> users_sent{0};
  std::vector<std::thread> threads;
  for (int consumer = 0; consumer < 2; ++consumer) {
    threads.emplace_back([&] {
      zx_port_packet_t packet;
      for (;;) {
        if (port->Wait(zx_deadline_after(ZX_MSEC(1)), &packet) == ZX_OK) {
          if (packet.type == ZX_PKT_TYPE_USER) users_received.fetch_add(1);
        } else if (stop.load()) {
          break;
        }
      }
    });
  }
  threads.emplace_back([&] {
    zx_port_packet_t packet{};
    packet.key = 5;  // the same as the bells'
    for (int i = 0; i < 3000; ++i) {
      if (port->Queue(packet) == ZX_OK) users_sent.fetch_add(1);
      if (i % 64 == 0) std::this_thread::yield();
    }
  });
  for (int trap = 0; trap < 2; ++trap) {
    threads.emplace_back([&] {
      for (int round = 0; round < 400; ++round) {
        auto reserve = PacketReserve::Create(port, 5, 4);
        std::thread vcpu([&] {
          Ringer self;
          for (uint64_t i = 0; i < 12; ++i) ASSERT_EQ(self.Ring(*reserve, i), ZX_OK);
          reserve->RemoveListener(&self);
        });
        vcpu.join();
        reserve.reset();  // up to 4 are undelivered, or being delivered
      }
    });
  }
  for (size_t i = 2; i < threads.size(); ++i) threads[i].join();
  stop = true;
  threads[0].join();
  threads[1].join();
  zx_port_packet_t packet;
  EXPECT_EQ(port->Wait(kPast, &packet), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(users_received.load(), users_sent.load());
}

TEST(PortStress, ClosingReleasesEveryRinger) {
  Shows("PORT-3 TRAP-BELL-10");
  for (int round = 0; round < 200; ++round) {
    auto port = base::MakeRef<Port>(0u);
    port->AddHandle();
    auto reserve = PacketReserve::Create(port, 0, 2);
    std::vector<std::thread> threads;
    for (int ringer = 0; ringer < 3; ++ringer) {
      threads.emplace_back([&] {
        Ringer self;
        zx_status_t status;
        do {
          status = self.Ring(*reserve, 1);
        } while (status == ZX_OK);
        EXPECT_EQ(status, ZX_ERR_BAD_STATE);
        reserve->RemoveListener(&self);
      });
    }
    threads.emplace_back([&] {
      zx_port_packet_t packet;
      for (int i = 0; i < round; ++i) (void)port->Wait(zx_deadline_after(ZX_USEC(10)), &packet);
      port->DropHandle();
      (void)port->Wait(zx_deadline_after(ZX_USEC(100)), &packet);
      EXPECT_EQ(port->Wait(kPast, &packet), ZX_ERR_TIMED_OUT);
    });
    Join(threads);
  }
}

TEST(PortStress, HandlesAreClosedUnderUse) {
  Shows("HANDLE-3 PORT-QUEUE-6");
  for (int round = 0; round < 300; ++round) {
    zx_handle_t port = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
    std::vector<std::thread> threads;
    threads.emplace_back([&] {
      const zx_port_packet_t packet{};
      zx_status_t status;
      do {
        status = zx_port_queue(port, &packet);
      } while (status == ZX_OK || status == ZX_ERR_SHOULD_WAIT);
      EXPECT_EQ(status, ZX_ERR_BAD_HANDLE);
    });
    threads.emplace_back([&] {
      zx_port_packet_t packet;
      zx_status_t status;
      do {
        status = zx_port_wait(port, zx_deadline_after(ZX_USEC(200)), &packet);
      } while (status == ZX_OK || status == ZX_ERR_TIMED_OUT);
      EXPECT_EQ(status, ZX_ERR_BAD_HANDLE);
    });
    threads.emplace_back([&] {
      zx_handle_t copy = ZX_HANDLE_INVALID;
      if (zx_handle_duplicate(port, ZX_RIGHT_SAME_RIGHTS, &copy) == ZX_OK) zx_handle_close(copy);
      zx_nanosleep(zx_deadline_after(ZX_USEC(round)));
      EXPECT_EQ(zx_handle_close(port), ZX_OK);
    });
    Join(threads);
  }
}

TEST(PortStress, WaitersWithDeadlinesLoseNothing) {
  Shows("PORT-WAIT-9");
  auto port = base::MakeRef<Port>(0u);
  auto reserve = PacketReserve::Create(port, 1, 8);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> received{0};
  std::vector<std::thread> threads;
  for (uint32_t waiter = 0; waiter < 3; ++waiter) {
    threads.emplace_back([&, waiter] {
      std::mt19937 random(waiter);
      zx_port_packet_t packet;
      while (!stop.load()) {
        const zx_time_t deadline = zx_deadline_after(ZX_USEC(random() % 60));
        if (port->Wait(deadline, &packet) == ZX_OK) received.fetch_add(1);
      }
    });
  }
  uint64_t sent = 0;
  Ringer self;
  for (uint64_t i = 0; i < 4000; ++i) {
    if (i % 2 == 0) {
      ASSERT_EQ(port->Queue(zx_port_packet_t{}), ZX_OK);
    } else {
      ASSERT_EQ(self.Ring(*reserve, i), ZX_OK);
    }
    ++sent;
    if (i % 8 == 0) zx_nanosleep(zx_deadline_after(ZX_USEC(20)));
  }
  stop = true;
  Join(threads);
  reserve->RemoveListener(&self);
  zx_port_packet_t packet;
  while (port->Wait(kPast, &packet) == ZX_OK) received.fetch_add(1);
  EXPECT_EQ(received.load(), sent);
}

}  // namespace
}  // namespace zircon::objects
