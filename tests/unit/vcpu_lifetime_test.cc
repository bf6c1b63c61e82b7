// How VCPUs come and go: the rarer refusals of zx_vcpu_create, the last handle, the guest behind
// it, the owner's signal mask. Rows: VCPU-CREATE, LIFE, THREAD.

#include <gtest/gtest.h>
#include <signal.h>
#include <zircon-kvm/host.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include "contract.h"
#include "fake/machine_test.h"
#include "vcpu/kick_signal.h"

namespace zircon {
namespace {

using fake::Block;
using fake::DefaultHost;
using fake::Do;
using fake::Eventually;
using fake::FakeVcpu;
using fake::Machine;
using fake::PioOut;

zircon_kvm_stats_t Stats() {
  zircon_kvm_stats_t stats = {};
  EXPECT_EQ(zircon_kvm_get_stats(&stats, sizeof(stats)), ZX_OK);
  return stats;
}

bool KickSignalIsBlocked() {
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  return sigismember(&mask, vcpu::KickSignal::number()) == 1;
}

class VcpuLifetime : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
    zx_vcpu_state_t state = {};
    state.rdx = 0x60;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    machine().Code({0xEE});
  }
  void PushOut() {
    cpu().Push(Do([](FakeVcpu& vcpu) { vcpu.regs.rip = Machine::kEntry; }));
    cpu().Push(PioOut(0x60, 1));
  }
  void Close(zx_handle_t* handle) {
    EXPECT_EQ(zx_handle_close(*handle), ZX_OK);
    *handle = ZX_HANDLE_INVALID;
  }
};

// ---- Creating ----

TEST(VcpuCreateDeathTest, NoRealTimeSignalIsLeft) {
  Shows("VCPU-CREATE-6 VCPU-CREATE-12 HOST-18");
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        struct sigaction action = {};
        action.sa_handler = SIG_IGN;
        for (int signo = SIGRTMIN; signo <= SIGRTMAX; ++signo) sigaction(signo, &action, nullptr);
        Machine machine(DefaultHost(), false);
        zx_handle_t vcpu = ZX_HANDLE_INVALID;
        const bool refused = zx_vcpu_create(machine.guest, 0, 0, &vcpu) == ZX_ERR_NO_RESOURCES;
        action.sa_handler = SIG_DFL;
        sigaction(SIGRTMIN + 1, &action, nullptr);
        const bool later = zx_vcpu_create(machine.guest, 0, 0, &vcpu) == ZX_OK &&
                           zircon_kvm_kick_signal() == SIGRTMIN + 1;
        std::exit(refused && later && machine.kernel.vcpu()->id() == 0 ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(VcpuLifetime, TheHandleTableIsFull) {
  Shows("VCPU-CREATE-9 VCPU-CREATE-12 HANDLE-6");
  Close(&machine().vcpu);
  std::vector<zx_handle_t> handles;
  zx_handle_t handle = ZX_HANDLE_INVALID;
  while (zx_handle_duplicate(machine().guest, ZX_RIGHT_SAME_RIGHTS, &handle) == ZX_OK) {
    handles.push_back(handle);
  }
  zx_handle_t vcpu = ZX_HANDLE_INVALID;
  EXPECT_EQ(zx_vcpu_create(machine().guest, 0, 0, &vcpu), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(zx_vcpu_create(machine().guest, 0, 0, nullptr), ZX_ERR_NO_MEMORY)
      << "before the pointer is used";
  EXPECT_EQ(vcpu, ZX_HANDLE_INVALID);
  ASSERT_EQ(zx_handle_close(handles.back()), ZX_OK);
  handles.pop_back();
  EXPECT_EQ(zx_vcpu_create(machine().guest, 0, 0, &machine().vcpu), ZX_OK);
  EXPECT_EQ(machine().kernel.vcpu()->id(), 0u) << "the id was free again";
  for (const zx_handle_t each : handles) ASSERT_EQ(zx_handle_close(each), ZX_OK);
}

TEST_F(VcpuLifetime, ANewVcpuHasTheRightsOfItsPage) {
  Shows("VCPU-CREATE-11 RIGHTS-5");
  zx_info_handle_basic_t info = {};
  ASSERT_EQ(zx_object_get_info(machine().vcpu, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr,
                               nullptr),
            ZX_OK);
  EXPECT_EQ(info.rights, 0xD01Fu);
  EXPECT_EQ(info.type, ZX_OBJ_TYPE_VCPU);
}

// ---- Going ----

void DoNothing(int) {}

TEST_F(VcpuLifetime, TheLastHandleIsClosedWhileTheGuestRuns) {
  Shows("LIFE-1 LIFE-2");
  struct sigaction action = {};
  action.sa_handler = DoNothing;
  struct sigaction before;
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  const uint64_t created = machine().kernel.calls(KVM_CREATE_VCPU);
  const uint64_t vcpus = Stats().vcpus;
  const zx_handle_t vcpu = machine().vcpu;
  cpu().Push(Block());
  const pthread_t owner = pthread_self();
  std::thread other([&] {
    EXPECT_TRUE(Eventually([&] { return cpu().blocked() == 1; }));
    Close(&machine().vcpu);
    EXPECT_EQ(zx_vcpu_kick(vcpu), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(zx_vcpu_interrupt(vcpu, 0x40), ZX_ERR_BAD_HANDLE);
    EXPECT_EQ(Stats().vcpus, vcpus) << "it lives until enter has a result";
    PushOut();
    pthread_kill(owner, SIGUSR1);
  });
  zx_port_packet_t packet = {};
  EXPECT_EQ(zx_vcpu_enter(vcpu, &packet), ZX_OK);
  EXPECT_EQ(packet.type, ZX_PKT_TYPE_GUEST_IO);
  other.join();
  EXPECT_EQ(Stats().vcpus, vcpus - 1);
  EXPECT_EQ(zx_vcpu_create(machine().guest, 0, 0, &machine().vcpu), ZX_OK);
  EXPECT_EQ(machine().kernel.calls(KVM_CREATE_VCPU), created) << "the id is used again";
  sigaction(SIGUSR1, &before, nullptr);
}

TEST_F(VcpuLifetime, AGuestLivesAsLongAsItsVcpus) {
  Shows("LIFE-3 LIFE-5");
  const uint64_t guests = Stats().guests;
  Close(&machine().guest);
  Close(&machine().vmar);
  Close(&machine().vmo);
  EXPECT_EQ(Stats().guests, guests);
  for (int i = 0; i < 3; ++i) {
    PushOut();
    ASSERT_EQ(machine().Enter(), ZX_OK);
    EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO) << "its traps are there";
  }
  EXPECT_NE(machine().memory(Machine::kEntry), nullptr) << "so is its memory";
  Close(&machine().vcpu);
  EXPECT_EQ(Stats().guests, guests - 1);
  EXPECT_EQ(machine().kernel.open_descriptors(), 0u);
}

TEST_F(VcpuLifetime, WhatGoesWithAGuest) {
  Shows("LIFE-4");
  constexpr uint64_t kBell = Machine::kDeviceAddress;
  ASSERT_EQ(machine().TrapBell(kBell, 0x1000, 5), ZX_OK);
  machine().CodeAt(0x8000, {0x89, 0x03});
  cpu().Push([](FakeVcpu& vcpu) {
    vcpu.regs.rip = 0x8000;
    vcpu.regs.rbx = kBell;
    return fake::MmioWrite(kBell, 0, 4, 2)(vcpu);
  });
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  Close(&machine().vcpu);
  Close(&machine().guest);
  // Its space is no more, nor is the machine behind it, nor the bell that waited.
  zx_vaddr_t at = 0;
  EXPECT_EQ(zx_vmar_map(machine().vmar, ZX_VM_PERM_READ, 0, machine().vmo, 0, 0x1000, &at),
            ZX_ERR_BAD_STATE);
  EXPECT_EQ(machine().kernel.open_descriptors(), 0u);
  zx_port_packet_t packet = {};
  EXPECT_EQ(zx_port_wait(machine().port, ZX_TIME_INFINITE_PAST, &packet), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(zx_port_queue(machine().port, &packet), ZX_OK) << "the port works on";
}

TEST_F(VcpuLifetime, EverythingMayBeClosedInAnyOrder) {
  Shows("LIFE-7 LIFE-6");
  const zircon_kvm_stats_t before = [&] {
    machine().Close();
    return Stats();
  }();
  std::array<int, 5> order = {0, 1, 2, 3, 4};
  do {
    Machine one;
    ASSERT_EQ(one.status(), ZX_OK);
    ASSERT_EQ(one.TrapBell(Machine::kDeviceAddress, 0x1000), ZX_OK);
    zx_handle_t* const handles[] = {&one.guest, &one.vmar, &one.vmo, &one.port, &one.vcpu};
    for (const int next : order) {
      ASSERT_EQ(zx_handle_close(*handles[next]), ZX_OK);
      *handles[next] = ZX_HANDLE_INVALID;
    }
    EXPECT_EQ(one.kernel.open_descriptors(), 0u);
    EXPECT_EQ(one.kernel.mapped_pages(), 0u);
    EXPECT_EQ(one.kernel.misuses(), 0);
  } while (std::next_permutation(order.begin(), order.end()));
  const zircon_kvm_stats_t after = Stats();
  EXPECT_EQ(after.live_handles, before.live_handles);
  EXPECT_EQ(after.guests, before.guests);
  EXPECT_EQ(after.vcpus, before.vcpus);
  EXPECT_EQ(after.memory_slots, before.memory_slots);
}

// ---- Threads ----

TEST_F(VcpuLifetime, OtherThreadsUseItsHandles) {
  Shows("THREAD-2 KICK-11 INT-3");
  std::thread([&] {
    zx_handle_t copy = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_handle_duplicate(machine().vcpu, ZX_RIGHT_SAME_RIGHTS, &copy), ZX_OK);
    zx_handle_t replaced = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_handle_replace(copy, ZX_RIGHT_SAME_RIGHTS, &replaced), ZX_OK);
    zx_info_vcpu_t info = {};
    EXPECT_EQ(zx_object_get_info(replaced, ZX_INFO_VCPU, &info, sizeof(info), nullptr, nullptr),
              ZX_OK);
    EXPECT_EQ(info.flags, 0u);
    EXPECT_EQ(zx_vcpu_interrupt(replaced, 0x40), ZX_OK);
    EXPECT_EQ(zx_vcpu_kick(replaced), ZX_OK);
    EXPECT_EQ(zx_object_get_info(replaced, ZX_INFO_VCPU, &info, sizeof(info), nullptr, nullptr),
              ZX_OK);
    EXPECT_EQ(info.flags, uint32_t{ZX_INFO_VCPU_FLAG_KICKED});
    EXPECT_EQ(zx_handle_close(replaced), ZX_OK);
  }).join();
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
}

TEST_F(VcpuLifetime, TheOwnersSignalMaskComesBack) {
  Shows("THREAD-8");
  const int signo = vcpu::KickSignal::number();
  std::thread([&] {
    for (const bool blocked_before : {false, true}) {
      sigset_t set;
      sigemptyset(&set);
      sigaddset(&set, signo);
      pthread_sigmask(blocked_before ? SIG_BLOCK : SIG_UNBLOCK, &set, nullptr);
      zx_handle_t vcpu = ZX_HANDLE_INVALID;
      ASSERT_EQ(zx_vcpu_create(machine().guest, 0, 0, &vcpu), ZX_OK);
      EXPECT_FALSE(KickSignalIsBlocked());
      ASSERT_EQ(zx_handle_close(vcpu), ZX_OK);
      EXPECT_EQ(KickSignalIsBlocked(), blocked_before);
    }
  }).join();
}

TEST_F(VcpuLifetime, AVcpuThatGoesElsewhereLeavesTheSignalOpen) {
  Shows("THREAD-8");
  const int signo = vcpu::KickSignal::number();
  std::thread([&] {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signo);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    zx_handle_t vcpu = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_vcpu_create(machine().guest, 0, 0, &vcpu), ZX_OK);
    std::thread([&] { ASSERT_EQ(zx_handle_close(vcpu), ZX_OK); }).join();
    EXPECT_FALSE(KickSignalIsBlocked());
    // One that comes still (its timer's) hits nothing.
    pthread_kill(pthread_self(), signo);
    ASSERT_EQ(zx_vcpu_create(machine().guest, 0, 0, &vcpu), ZX_OK);
    ASSERT_EQ(zx_handle_close(vcpu), ZX_OK);
    EXPECT_TRUE(KickSignalIsBlocked()) << "as the thread had it";
  }).join();
}

}  // namespace
}  // namespace zircon
