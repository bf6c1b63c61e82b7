// Threads that wait at a port: whose turn it is, and signals. Rows: PORT-WAIT-6, PORT-WAIT-8.

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "contract.h"

namespace {

// Whether a thread of this process sleeps in the kernel.
bool Sleeps(pid_t tid) {
  std::ifstream stat("/proc/self/task/" + std::to_string(tid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  const size_t name_end = text.rfind(") ");
  return name_end != std::string::npos && text[name_end + 2] == 'S';
}

// Until the thread has told its id and sleeps, for ten seconds at most.
bool AwaitSleep(const std::atomic<pid_t>& tid) {
  for (int tries = 0; tries < 10'000; ++tries) {
    if (tid != 0 && Sleeps(tid)) return true;
    usleep(1000);
  }
  return false;
}

pid_t Tid() { return static_cast<pid_t>(syscall(SYS_gettid)); }

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
  std::vector<std::atomic<pid_t>> tids(kWaiters);
  std::vector<uint64_t> keys(kWaiters, UINT64_MAX);
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < kWaiters; ++i) {
    threads.emplace_back([&, i] {
      tids[i] = Tid();
      zx_port_packet_t packet{};
      EXPECT_EQ(zx_port_wait(port_, ZX_TIME_INFINITE, &packet), ZX_OK);
      keys[i] = packet.key;
    });
    EXPECT_TRUE(AwaitSleep(tids[i]));
  }
  for (uint64_t key = 0; key < kWaiters; ++key) Queue(key);
  for (std::thread& thread : threads) thread.join();
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
    std::atomic<pid_t> tid{0};
    std::atomic<bool> returned{false};
    std::thread waiter([&] {
      tid = Tid();
      zx_port_packet_t packet{};
      const zx_time_t deadline = with_deadline ? zx_deadline_after(ZX_SEC(60)) : ZX_TIME_INFINITE;
      EXPECT_EQ(zx_port_wait(port_, deadline, &packet), ZX_OK);
      EXPECT_EQ(packet.key, 7u);
      returned = true;
    });
    EXPECT_TRUE(AwaitSleep(tid));
    for (int i = 1; i <= 10; ++i) {
      const int handled = g_signals;
      pthread_kill(waiter.native_handle(), SIGUSR1);
      while (g_signals == handled) usleep(100);
    }
    EXPECT_TRUE(AwaitSleep(tid));
    EXPECT_FALSE(returned);
    Queue(7);
    waiter.join();
  }
  sigaction(SIGUSR1, &before, nullptr);
}

}  // namespace
