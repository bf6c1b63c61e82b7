// VCPUs that come and go while other threads are in calls on them. Also meant for the thread
// sanitizer. Rows: LIFE-1, THREAD-3, VCPU-CREATE-14.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <thread>
#include <vector>

#include "contract.h"
#include "fake/machine.h"
#include "stress/duel.h"

namespace zircon {
namespace {

using fake::DefaultHost;
using fake::Machine;

// Whatever the thread that kicks is at: when the last handle is closed the thread may have another
// VCPU, and gets the same id.
TEST(VcpuLifeStress, CreateBehindCloseAgainstKick) {
  Shows("LIFE-1 THREAD-3 VCPU-CREATE-14 VCPU-CREATE-5");
  Machine machine(DefaultHost(), false);
  ASSERT_EQ(machine.status(), ZX_OK);
  const uint64_t made = machine.kernel.calls(KVM_CREATE_VCPU);
  std::atomic<zx_handle_t> shared{ZX_HANDLE_INVALID};
  std::atomic<bool> over{false};
  std::vector<std::thread> others;
  for (int i = 0; i < 2; ++i) {
    others.emplace_back([&, i] {
      while (!over.load()) {
        const zx_handle_t vcpu = shared.load();
        const zx_status_t status = i == 0 ? zx_vcpu_kick(vcpu) : zx_vcpu_interrupt(vcpu, 40);
        ASSERT_TRUE(status == ZX_OK || status == ZX_ERR_BAD_HANDLE) << status;
      }
    });
  }
  int refused = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  for (int i = 0; i < 20'000 && std::chrono::steady_clock::now() < end; ++i) {
    zx_handle_t vcpu = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_vcpu_create(machine.guest, 0, 0, &vcpu);
    if (status != ZX_OK) {
      ++refused;
      continue;
    }
    shared.store(vcpu);
    // Some are entered, so that a kick finds them in there.
    if (i % 4 == 0) {
      zx_port_packet_t packet;
      EXPECT_EQ(zx_vcpu_kick(vcpu), ZX_OK);
      EXPECT_EQ(zx_vcpu_enter(vcpu, &packet), ZX_ERR_CANCELED);
    }
    ASSERT_EQ(zx_handle_close(vcpu), ZX_OK);
  }
  over = true;
  for (std::thread& other : others) other.join();
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(machine.kernel.calls(KVM_CREATE_VCPU), made + 1) << "always the same id";
}

// The owner is at the beginning of a call, or at its end, when another thread closes the last
// handle.
TEST(VcpuLifeStress, CloseAgainstTheOwnersCalls) {
  Shows("LIFE-1 LIFE-2");
  Machine machine(DefaultHost(), false);
  ASSERT_EQ(machine.status(), ZX_OK);
  const uint64_t made = machine.kernel.calls(KVM_CREATE_VCPU);
  std::atomic<int> first{0};
  int round = 0;
  zx_handle_t vcpu = ZX_HANDLE_INVALID;
  zx_status_t read = ZX_OK;
  Duel(
      [&] {
        ASSERT_EQ(zx_vcpu_create(machine.guest, 0, 0, &vcpu), ZX_OK);
        // Else enter would stay.
        ASSERT_EQ(zx_vcpu_kick(vcpu), ZX_OK);
        first = 0;
        ++round;
      },
      [&] {
        zx_vcpu_state_t state;
        zx_port_packet_t packet;
        read = round % 2 == 0 ? zx_vcpu_read_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state))
                              : zx_vcpu_enter(vcpu, &packet);
        int none = 0;
        first.compare_exchange_strong(none, 1);
      },
      [&] {
        EXPECT_EQ(zx_handle_close(vcpu), ZX_OK);
        int none = 0;
        first.compare_exchange_strong(none, 2);
      },
      [&] {
        EXPECT_TRUE(read == ZX_OK || read == ZX_ERR_CANCELED || read == ZX_ERR_BAD_HANDLE) << read;
        return first == 1;
      });
  EXPECT_EQ(machine.kernel.calls(KVM_CREATE_VCPU), made + 1);
}

}  // namespace
}  // namespace zircon
