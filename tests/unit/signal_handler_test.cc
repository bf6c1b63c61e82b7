// Calls from signal handlers: whatever the handler has interrupted. Rows: CALL-8, KICK-13.

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <zircon-kvm/host.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "contract.h"
#include "fake/exits.h"
#include "fake/machine_test.h"

namespace zircon {
namespace {

using fake::Block;
using fake::FakeVcpu;

// What the handler works on, and what it has found.
zx_handle_t g_vcpu = ZX_HANDLE_INVALID;
std::atomic<int> g_kicks{0};
std::atomic<int> g_wrong{0};

void KickTheVcpu(int /*signo*/) {
  const int before = errno;
  errno = 77;
  if (zx_vcpu_kick(g_vcpu) != ZX_OK || errno != 77) ++g_wrong;
  // The others of CALL-8.
  if (zx_clock_get_monotonic() <= 0 || zx_ticks_per_second() <= 0) ++g_wrong;
  if (zx_handle_close(ZX_HANDLE_INVALID) != ZX_OK) ++g_wrong;
  if (zx_status_get_string(ZX_OK) == nullptr) ++g_wrong;
  if (zircon_kvm_kick_signal() == 0) ++g_wrong;
  errno = before;
  ++g_kicks;
}

class SignalHandler : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    g_vcpu = machine().vcpu;
    g_kicks = 0;
    g_wrong = 0;
    struct sigaction action = {};
    action.sa_handler = KickTheVcpu;
    action.sa_flags = SA_RESTART;
    ASSERT_EQ(sigaction(SIGUSR1, &action, &before_), 0);
  }
  void TearDown() override {
    EXPECT_EQ(g_wrong, 0);
    sigaction(SIGUSR1, &before_, nullptr);
    OnMachine::TearDown();
  }

 private:
  struct sigaction before_ = {};
};

// Into the middle of calls that lock what there is to lock.
TEST_F(SignalHandler, KicksFromTheMiddleOfOtherCalls) {
  Shows("KICK-13 CALL-8");
  constexpr int kKicks = 300;
  cpu().Always(Block());
  std::atomic<bool> over{false};
  std::thread sender([&, target = pthread_self()] {
    while (g_kicks < kKicks) {
      const int seen = g_kicks;
      pthread_kill(target, SIGUSR1);
      while (g_kicks == seen) std::this_thread::yield();
    }
    over = true;
  });
  zx_handle_t port = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_port_create(0, &port), ZX_OK);
  while (!over) {
    zx_handle_t event = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_event_create(0, &event), ZX_OK);
    ASSERT_EQ(zx_object_wait_async(event, port, 1, ZX_EVENT_SIGNALED, 0), ZX_OK);
    ASSERT_EQ(zx_object_signal(event, 0, ZX_EVENT_SIGNALED), ZX_OK);
    zx_port_packet_t packet;
    ASSERT_EQ(zx_port_wait(port, 0, &packet), ZX_OK);
    ASSERT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
    ASSERT_EQ(machine().Enter(), ZX_ERR_CANCELED);
    ASSERT_EQ(zx_handle_close(event), ZX_OK);
  }
  sender.join();
  zx_handle_close(port);
}

// A signal that ends KVM_RUN, and whose handler then kicks.
TEST_F(SignalHandler, EndsTheEnterThatItHasInterrupted) {
  Shows("KICK-13 KICK-2");
  cpu().Push([](FakeVcpu&) {
    raise(SIGUSR1);
    return -EINTR;
  });
  cpu().Push(Block());
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  EXPECT_EQ(g_kicks, 1);
}

// Nobody waits for room that only the interrupted thread could make.
TEST_F(SignalHandler, EndsItAlsoWhereNoSignalCanBeQueued) {
  Shows("KICK-13 KICK-2");
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_SIGPENDING, &before), 0);
  const rlimit none = {0, before.rlim_max};
  cpu().Push([&](FakeVcpu&) {
    EXPECT_EQ(setrlimit(RLIMIT_SIGPENDING, &none), 0);
    raise(SIGUSR1);  // its handler runs when KVM_RUN has returned, so the limit stays until then
    return -EINTR;
  });
  cpu().Push(Block());
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  EXPECT_EQ(setrlimit(RLIMIT_SIGPENDING, &before), 0);
  EXPECT_EQ(g_kicks, 1);
}

}  // namespace
}  // namespace zircon
