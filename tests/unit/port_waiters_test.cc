// Threads that wait at a port: whose turn it is, and signals. Rows: PORT-WAIT-6, PORT-WAIT-8.

#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <csignal>
#include <deque>
#include <vector>

#include "contract.h"
#include "sleeping_thread.h"

namespace {

class PortWaiters : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(zx_port_create(0, &port_), ZX_OK); }
  void TearDown() override { zx_handle_close(port_); }
  void Queue(uint64_t key) {
    zx_port_packet_t packet{};
    packet.key = key;
    ASSERT_EQ(zx_port_queue(port_, &packet), ZX_OK);
  }
  zx_handle_t port_ = ZX_HANDLE_INVALID;
};

TEST_F(PortWaiters, WhoHasWaitedLongestIsFirst) {
  Shows("PORT-WAIT-6");
  constexpr uint64_t kWaiters = 6;
  std::vector<uint64_t> keys(kWaiters, UINT64_MAX);
  std::deque<SleepingThread> threads;
  for (uint64_t i = 0; i < kWaiters; ++i) {
    threads.emplace_back([&, i] {
      zx_port_packet_t packet{};
      EXPECT_EQ(zx_port_wait(port_, ZX_TIME_INFINITE, &packet), ZX_OK);
      keys[i] = packet.key;
    });
    EXPECT_TRUE(threads.back().AwaitSleep());
  }
  for (uint64_t key = 0; key < kWaiters; ++key) Queue(key);
  for (SleepingThread& thread : threads) thread.Join();
  for (uint64_t i = 0; i < kWaiters; ++i) EXPECT_EQ(keys[i], i);
}

std::atomic<int> g_signals{0};

TEST_F(PortWaiters, ASignalDoesNotEndTheWait) {
  Shows("PORT-WAIT-8");
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) { g_signals.fetch_add(1); };  // without SA_RESTART
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  for (const bool with_deadline : {false, true}) {
    std::atomic<bool> returned{false};
    SleepingThread waiter([&] {
      zx_port_packet_t packet{};
      const zx_time_t deadline = with_deadline ? zx_deadline_after(ZX_SEC(60)) : ZX_TIME_INFINITE;
      EXPECT_EQ(zx_port_wait(port_, deadline, &packet), ZX_OK);
      EXPECT_EQ(packet.key, 7u);
      returned = true;
    });
    EXPECT_TRUE(waiter.AwaitSleep());
    for (int i = 1; i <= 10; ++i) {
      const int handled = g_signals;
      pthread_kill(waiter.native(), SIGUSR1);
      while (g_signals == handled) usleep(100);
    }
    EXPECT_TRUE(waiter.AwaitSleep());
    EXPECT_FALSE(returned);
    Queue(7);
    waiter.Join();
  }
  sigaction(SIGUSR1, &before, nullptr);
}

}  // namespace
