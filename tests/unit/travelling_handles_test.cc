// Handles to guests, VCPUs and what belongs to them, sent through channels. Rows: CHANNEL-4,
// CHANNEL-7.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <thread>
#include <vector>

#include "contract.h"
#include "fake/exits.h"
#include "fake/machine_test.h"
#include "handles_in_tests.h"

namespace zircon::test {
namespace {

class TravellingHandles : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    ASSERT_EQ(zx_channel_create(0, &ends_.a, &ends_.b), ZX_OK);
  }
  zx_handle_t Send(zx_handle_t handle) {
    EXPECT_EQ(zx_channel_write(ends_.a, 0, nullptr, 0, &handle, 1), ZX_OK);
    zx_handle_t received = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_channel_read(ends_.b, 0, nullptr, &received, 0, 1, nullptr, nullptr), ZX_OK);
    return received;
  }
  Ends ends_;
};

TEST_F(TravellingHandles, EachKindArrivesWithItsRights) {
  Shows("CHANNEL-4");
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_vmo_create(4096, 0, &vmo), ZX_OK);
  for (const zx_handle_t sent : {machine().guest, machine().vcpu, machine().port, vmo}) {
    const auto before = Basic(sent);
    const zx_handle_t copy = WithRights(sent, before.rights);
    const zx_handle_t received = Send(copy);
    EXPECT_FALSE(IsOpen(copy));
    EXPECT_EQ(Basic(received).koid, before.koid);
    EXPECT_EQ(Basic(received).type, before.type);
    EXPECT_EQ(Basic(received).rights, before.rights);
    zx_handle_close(received);
  }
  zx_handle_close(vmo);
}

TEST_F(TravellingHandles, AGuestCanBeGivenATrapByAnotherThread) {
  Shows("CHANNEL-4");
  const zx_handle_t copy = WithRights(machine().guest, ZX_RIGHT_TRANSFER | ZX_RIGHT_WRITE);
  ASSERT_EQ(zx_channel_write(ends_.a, 0, nullptr, 0, &copy, 1), ZX_OK);
  std::thread device([&] {
    zx_handle_t guest = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_channel_read(ends_.b, 0, nullptr, &guest, 0, 1, nullptr, nullptr), ZX_OK);
    EXPECT_EQ(zx_guest_set_trap(guest, ZX_GUEST_TRAP_BELL, 0x40000000, 0x1000, machine().port, 7),
              ZX_OK);
    zx_handle_close(guest);
  });
  device.join();
  EXPECT_EQ(
      zx_guest_set_trap(machine().guest, ZX_GUEST_TRAP_BELL, 0x40000000, 0x1000, machine().port, 7),
      ZX_ERR_ALREADY_EXISTS);
}

TEST_F(TravellingHandles, AVcpuStaysWithItsThread) {
  Shows("CHANNEL-7");
  const zx_handle_t copy = WithRights(machine().vcpu, 0xD01F);
  const zx_handle_t received = Send(copy);
  zx_vcpu_state_t state{};
  std::thread other([&] {
    zx_port_packet_t packet;
    EXPECT_EQ(zx_vcpu_enter(received, &packet), ZX_ERR_BAD_STATE);
    EXPECT_EQ(zx_vcpu_read_state(received, ZX_VCPU_STATE, &state, sizeof(state)), ZX_ERR_BAD_STATE);
    EXPECT_EQ(zx_vcpu_kick(received), ZX_OK);
  });
  other.join();
  EXPECT_EQ(zx_vcpu_read_state(received, ZX_VCPU_STATE, &state, sizeof(state)), ZX_OK);
  zx_port_packet_t packet;
  EXPECT_EQ(zx_vcpu_enter(received, &packet), ZX_ERR_CANCELED);
  zx_handle_close(received);
}

}  // namespace
}  // namespace zircon::test
