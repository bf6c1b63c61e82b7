// Timers and interrupts under load: set, cancelled, closed while they fire. Also meant for the
// thread sanitizer. Rows: TIMER, IRQ.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <thread>
#include <vector>

#include "contract.h"
#include "handles/handle_table.h"

namespace {

template <typename... Bodies>
void Together(Bodies... bodies) {
  std::vector<std::thread> threads;
  (threads.emplace_back(bodies), ...);
  for (std::thread& thread : threads) thread.join();
}

// After a cancel no earlier setting fires, whoever sets and cancels another timer meanwhile.
TEST(TimerStress, CancelAgainstFiring) {
  Shows("TIMER-2");
  const auto body = [] {
    zx_handle_t timer = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer), ZX_OK);
    for (int i = 0; i < 5000; ++i) {
      ASSERT_EQ(zx_timer_set(timer, zx_deadline_after(ZX_USEC(i % 100)), 0), ZX_OK);
      if (i % 3 == 0) std::this_thread::yield();
      ASSERT_EQ(zx_timer_cancel(timer), ZX_OK);
      ASSERT_EQ(zx_object_wait_one(timer, ZX_TIMER_SIGNALED, 0, nullptr), ZX_ERR_TIMED_OUT);
    }
    zx_handle_close(timer);
  };
  Together(body, body, body);
}

TEST(TimerStress, EverySettingFires) {
  Shows("TIMER-1 TIMER-2");
  const auto body = [] {
    zx_handle_t timer = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer), ZX_OK);
    for (int i = 0; i < 500; ++i) {
      const zx_time_t deadline = zx_deadline_after(ZX_USEC(i % 200));
      ASSERT_EQ(zx_timer_set(timer, deadline, 0), ZX_OK);
      ASSERT_EQ(zx_object_wait_one(timer, ZX_TIMER_SIGNALED, ZX_TIME_INFINITE, nullptr), ZX_OK);
      ASSERT_GE(zx_clock_get_monotonic(), deadline);
    }
    zx_handle_close(timer);
  };
  Together(body, body, body);
}

TEST(TimerStress, CloseAgainstFiring) {
  Shows("TIMER-3");
  const uint32_t live = zircon::handles::HandleTable::Process().live();
  const auto body = [] {
    for (int i = 0; i < 3000; ++i) {
      zx_handle_t timer = ZX_HANDLE_INVALID;
      ASSERT_EQ(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer), ZX_OK);
      ASSERT_EQ(zx_timer_set(timer, zx_deadline_after(ZX_USEC(i % 60)), 0), ZX_OK);
      ASSERT_EQ(zx_handle_close(timer), ZX_OK);
    }
  };
  Together(body, body);
  EXPECT_EQ(zircon::handles::HandleTable::Process().live(), live);
}

// Set by a thread that has the handle in its hands while another closes it.
TEST(TimerStress, SetAgainstClose) {
  Shows("TIMER-3");
  for (int round = 0; round < 3000; ++round) {
    zx_handle_t timer = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer), ZX_OK);
    Together(
        [&] {
          zx_status_t status = ZX_OK;
          for (int i = 0; status == ZX_OK; ++i) {
            status = zx_timer_set(timer, zx_deadline_after(ZX_USEC(i % 60)), 0);
          }
          EXPECT_EQ(status, ZX_ERR_BAD_HANDLE);
        },
        [&] { EXPECT_EQ(zx_handle_close(timer), ZX_OK); });
  }
}

// As many packets as acknowledgements, and the last trigger is not lost.
TEST(IrqStress, TriggerAgainstAcknowledgement) {
  Shows("IRQ-3");
  constexpr zx_time_t kTriggers = 20'000;
  zx_handle_t irq = ZX_HANDLE_INVALID;
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_interrupt_create(0, 0, ZX_INTERRUPT_VIRTUAL, &irq), ZX_OK);
  ASSERT_EQ(zx_port_create(ZX_PORT_BIND_TO_INTERRUPT, &port), ZX_OK);
  ASSERT_EQ(zx_interrupt_bind(irq, port, 1, ZX_INTERRUPT_BIND), ZX_OK);
  std::atomic<zx_time_t> triggered{0};
  Together(
      [&] {
        for (zx_time_t time = 1; time <= kTriggers; ++time) {
          triggered = time;
          ASSERT_EQ(zx_interrupt_trigger(irq, 0, time), ZX_OK);
        }
      },
      [&] {
        // Each packet's time is later than the one's before; after the last trigger one more comes.
        zx_time_t last = 0;
        for (bool done = false; !done;) {
          zx_port_packet_t packet{};
          done = triggered == kTriggers;
          const zx_status_t status = zx_port_wait(port, zx_deadline_after(ZX_MSEC(50)), &packet);
          if (status != ZX_OK) continue;
          done = false;
          ASSERT_GT(packet.interrupt.timestamp, last);
          last = packet.interrupt.timestamp;
          ASSERT_EQ(zx_interrupt_ack(irq), ZX_OK);
        }
        EXPECT_GT(last, 0);
      });
  zx_handle_close(irq);
  zx_handle_close(port);
}

TEST(IrqStress, WaitAgainstTriggerAndDestroy) {
  Shows("IRQ-2 IRQ-7 IRQ-DESTROY-3");
  for (int round = 0; round < 2000; ++round) {
    zx_handle_t irq = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_interrupt_create(0, 0, ZX_INTERRUPT_VIRTUAL, &irq), ZX_OK);
    Together(
        [&] {
          zx_status_t status;
          while ((status = zx_interrupt_wait(irq, nullptr)) == ZX_OK) {
          }
          EXPECT_TRUE(status == ZX_ERR_CANCELED || status == ZX_ERR_BAD_HANDLE) << status;
        },
        [&] {
          for (int i = 0; i < 5; ++i) (void)zx_interrupt_trigger(irq, 0, i);
          EXPECT_EQ(round % 2 == 0 ? zx_interrupt_destroy(irq) : zx_handle_close(irq), ZX_OK);
        });
    if (round % 2 == 0) zx_handle_close(irq);
  }
}

}  // namespace
