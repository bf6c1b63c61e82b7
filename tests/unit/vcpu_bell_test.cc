// BELL traps, and a kick against a VCPU that waits for room. Rows: TRAP-BELL.

#include <gtest/gtest.h>

#include <thread>

#include "contract.h"
#include "unit/bell_guest.h"

namespace zircon {
namespace {

using fake::Eventually;
using fake::FakeVcpu;
using fake::kGoOn;
using fake::Machine;
using fake::MmioReadThen;
using fake::MmioWrite;
using fake::PioOut;

class VcpuBell : public fake::BellGuest {
 protected:
  zx_status_t Next(zx_port_packet_t* packet) {
    return zx_port_wait(machine().port, ZX_TIME_INFINITE_PAST, packet);
  }
  void ClosePort() {
    ASSERT_EQ(zx_handle_close(machine().port), ZX_OK);
    machine().port = ZX_HANDLE_INVALID;
  }
};

TEST_F(VcpuBell, AStoreIsAPacketAndTheGuestRunsOn) {
  Shows("TRAP-18 TRAP-BELL-1 TRAP-BELL-2");
  Ring(0x10);
  Ring(0x18);
  PushOut();
  // "bell: 1 VCPU ioctl each"
  ASSERT_EQ(EnterWithRuns(3), ZX_OK);
  for (const uint64_t offset : {0x10u, 0x18u}) {
    zx_port_packet_t bell;
    ASSERT_EQ(Next(&bell), ZX_OK);
    EXPECT_EQ(bell.key, kKey);
    EXPECT_EQ(bell.type, ZX_PKT_TYPE_GUEST_BELL);
    EXPECT_EQ(bell.status, ZX_OK);
    EXPECT_EQ(bell.guest_bell.addr, kBell + offset);
    EXPECT_EQ(bell.guest_bell.reserved0, 0u);
    EXPECT_EQ(bell.guest_bell.reserved2, 0u);
  }
  zx_port_packet_t none;
  EXPECT_EQ(Next(&none), ZX_ERR_TIMED_OUT);
}

TEST_F(VcpuBell, LoadIsRefusedWithRipPast) {
  Shows("TRAP-BELL-3");
  const uint64_t rip = cpu().regs.rip;
  machine().CodeAt(rip, {0x8B, 0x03, 0xEE});  // mov (%rbx),%eax
  cpu().Push(fake::MmioRead(kBell, 4, 2));
  EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(machine().State().rax, 0u);
  cpu().Push([rip](FakeVcpu& vcpu) {
    EXPECT_EQ(vcpu.regs.rip, rip + 2);
    return PioOut(0x60, 1)(vcpu);
  });
  EXPECT_EQ(machine().Enter(), ZX_OK);
  zx_port_packet_t none;
  EXPECT_EQ(Next(&none), ZX_ERR_TIMED_OUT);
}

TEST_F(VcpuBell, ReadModifyWriteIsRefusedAndRingsNothing) {
  Shows("TRAP-BELL-3");
  const uint64_t rip = cpu().regs.rip;
  machine().CodeAt(rip, {0x01, 0x03, 0xEE});
  cpu().Push(MmioReadThen(kBell, 4, 2, [](FakeVcpu& vcpu, uint64_t) {
    vcpu.CompleteWith([](FakeVcpu&) { return kGoOn; });
    return fake::ExitForWrite(vcpu, kBell, 0, 4);
  }));
  EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_SUPPORTED);
  cpu().Push([rip](FakeVcpu& vcpu) {
    EXPECT_EQ(vcpu.regs.rip, rip + 2);
    return PioOut(0x60, 1)(vcpu);
  });
  EXPECT_EQ(machine().Enter(), ZX_OK);
  zx_port_packet_t none;
  EXPECT_EQ(Next(&none), ZX_ERR_TIMED_OUT);
}

TEST_F(VcpuBell, AStoreInPiecesRingsOnce) {
  Shows("TRAP-BELL-13");
  // One packet for the store, with its first byte (TRAP-BELL-13).
  machine().CodeAt(Machine::kEntry, {0x0F, 0x11, 0x03});  // movups %xmm0,(%rbx)
  cpu().Push([](FakeVcpu& vcpu) {
    vcpu.regs.rbx = kBell + 0x20;
    return fake::MmioWritePieces({{kBell + 0x20, 8, 1}, {kBell + 0x28, 8, 2}}, 3)(vcpu);
  });
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  zx_port_packet_t bell;
  ASSERT_EQ(Next(&bell), ZX_OK);
  EXPECT_EQ(bell.guest_bell.addr, kBell + 0x20);
  EXPECT_EQ(Next(&bell), ZX_ERR_TIMED_OUT);
}

TEST_F(VcpuBell, AStoreOverTwoPagesRingsOnce) {
  Shows("TRAP-BELL-13");
  ASSERT_EQ(machine().TrapBell(kBell + 0x1000, 0x1000, kKey), ZX_OK);
  machine().CodeAt(Machine::kEntry, {0x89, 0x03});  // mov %eax,(%rbx)
  cpu().Push([](FakeVcpu& vcpu) {
    vcpu.regs.rbx = kBell + 0xFFE;
    vcpu.regs.rax = 0x44332211;
    return fake::MmioWritePieces({{kBell + 0xFFE, 2, 0x2211}, {kBell + 0x1000, 2, 0x4433}},
                                 2)(vcpu);
  });
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  zx_port_packet_t bell;
  ASSERT_EQ(Next(&bell), ZX_OK);
  EXPECT_EQ(bell.guest_bell.addr, kBell + 0xFFE);
  EXPECT_EQ(Next(&bell), ZX_ERR_TIMED_OUT);
}

TEST_F(VcpuBell, AStoreByCodeThatDoesNotFitRingsToo) {
  Shows("TRAP-BELL-1");
  machine().CodeAt(Machine::kEntry, {0x90, 0x90});
  cpu().Push(MmioWrite(kBell + 0x30, 7, 4, 2));
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  zx_port_packet_t bell;
  ASSERT_EQ(Next(&bell), ZX_OK);
  EXPECT_EQ(bell.guest_bell.addr, kBell + 0x30);
  EXPECT_EQ(Next(&bell), ZX_ERR_TIMED_OUT);
}

TEST_F(VcpuBell, BlocksWhenTheReserveIsUsedUp) {
  Shows("TRAP-BELL-5");
  Ring(0, kReserve + 1);
  PushOut();
  std::thread reader([&] {
    EXPECT_TRUE(AwaitSleepAfter(kReserve + 1));  // blocked
    zx_port_packet_t bell;
    EXPECT_EQ(Next(&bell), ZX_OK);
  });
  EXPECT_EQ(machine().Enter(), ZX_OK);
  reader.join();
  zx_port_packet_t bell;
  for (uint32_t i = 0; i < kReserve; ++i) ASSERT_EQ(Next(&bell), ZX_OK);
  EXPECT_EQ(Next(&bell), ZX_ERR_TIMED_OUT);
}

TEST_F(VcpuBell, TwoTrapsHaveAReserveEach) {
  Shows("TRAP-BELL-6");
  ASSERT_EQ(machine().TrapBell(kBell + 0x1000, 0x1000, 7), ZX_OK);
  Ring(0, kReserve);
  Ring(0x1000, kReserve);
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuBell, KickWhileBlockedCancelsAndTheBellComesFirstNextTime) {
  Shows("TRAP-BELL-8");
  Ring(0, kReserve);
  Ring(0x80);
  PushOut();
  std::thread kicker([&] {
    EXPECT_TRUE(AwaitSleepAfter(kReserve + 1));
    EXPECT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  });
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  kicker.join();
  zx_port_packet_t bell;
  for (uint32_t i = 0; i < kReserve; ++i) {
    ASSERT_EQ(Next(&bell), ZX_OK);
    EXPECT_EQ(bell.guest_bell.addr, kBell);
  }
  EXPECT_EQ(Next(&bell), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(EnterWithRuns(1), ZX_OK);
  ASSERT_EQ(Next(&bell), ZX_OK);
  EXPECT_EQ(bell.guest_bell.addr, kBell + 0x80);
}

TEST_F(VcpuBell, AKickComesBeforeTheBellThatWaits) {
  Shows("VCPU-ENTER-3 VCPU-ENTER-4 TRAP-BELL-8 KICK-9");
  Ring(0, kReserve);
  Ring(0x80);
  PushOut();
  std::thread kicker([&] {
    EXPECT_TRUE(Eventually([&] { return cpu().runs() == kReserve + 1; }));
    EXPECT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  });
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  kicker.join();
  // There is room now, and another kick.
  zx_port_packet_t bell;
  for (uint32_t i = 0; i < kReserve; ++i) ASSERT_EQ(Next(&bell), ZX_OK);
  EXPECT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  EXPECT_EQ(EnterWithRuns(0), ZX_ERR_CANCELED);
  EXPECT_EQ(Next(&bell), ZX_ERR_TIMED_OUT);
  EXPECT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(Next(&bell), ZX_OK);
  EXPECT_EQ(bell.guest_bell.addr, kBell + 0x80);
}

TEST_F(VcpuBell, AnInterruptDoesNotEndTheBlocking) {
  Shows("TRAP-BELL-7");
  Ring(0, kReserve + 1);
  PushOut();
  std::thread other([&] {
    EXPECT_TRUE(AwaitSleepAfter(kReserve + 1));
    EXPECT_EQ(zx_vcpu_interrupt(machine().vcpu, 2), ZX_OK);
    EXPECT_TRUE(AwaitSleepAfter(kReserve + 1));  // still
    zx_port_packet_t bell;
    EXPECT_EQ(Next(&bell), ZX_OK);
  });
  EXPECT_EQ(machine().Enter(), ZX_OK);
  other.join();
  EXPECT_EQ(cpu().deliveries().size(), 1u);  // and it is not lost
}

TEST_F(VcpuBell, MappingWhileBlockedDoesNotDeadlock) {
  Shows("TRAP-BELL-7");
  // A change of the guest's memory parks its VCPUs; one that waits for room is parked already.
  Ring(0, kReserve + 1);
  PushOut();
  std::thread other([&] {
    EXPECT_TRUE(Eventually([&] { return cpu().runs() == kReserve + 1; }));
    EXPECT_EQ(machine().Map(0x600000, 0x1000, ZX_VM_PERM_READ), ZX_OK);
    zx_port_packet_t bell;
    EXPECT_EQ(Next(&bell), ZX_OK);
  });
  EXPECT_EQ(machine().Enter(), ZX_OK);
  other.join();
}

TEST_F(VcpuBell, DeadPortIsBadStateForEachStore) {
  Shows("TRAP-16 TRAP-BELL-10");
  ClosePort();
  Ring(0, 2);
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_ERR_BAD_STATE);
  EXPECT_EQ(machine().Enter(), ZX_ERR_BAD_STATE);
  EXPECT_EQ(EnterWithRuns(1), ZX_OK);  // "the next enter continues after it"
}

TEST_F(VcpuBell, PortDeathReleasesABlockedVcpu) {
  Shows("TRAP-BELL-10");
  Ring(0, kReserve + 1);
  PushOut();
  std::thread closer([&] {
    EXPECT_TRUE(AwaitSleepAfter(kReserve + 1));
    ClosePort();
  });
  EXPECT_EQ(machine().Enter(), ZX_ERR_BAD_STATE);
  closer.join();
  EXPECT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuBell, DestroyedWithABellPendingDropsIt) {
  Shows("TRAP-BELL-9");
  Ring(0, kReserve + 1);
  std::thread kicker([&] {
    EXPECT_TRUE(Eventually([&] { return cpu().runs() == kReserve + 1; }));
    EXPECT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  });
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  kicker.join();
  ASSERT_EQ(zx_handle_close(machine().vcpu), ZX_OK);
  machine().vcpu = ZX_HANDLE_INVALID;
  zx_port_packet_t bell;
  for (uint32_t i = 0; i < kReserve; ++i) ASSERT_EQ(Next(&bell), ZX_OK);
  EXPECT_EQ(Next(&bell), ZX_ERR_TIMED_OUT);
}

TEST_F(VcpuBell, GuestDestructionWithdrawsItsPacketsOnly) {
  Shows("TRAP-BELL-11");
  Ring(0, 3);
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  zx_port_packet_t user = {};
  user.key = kKey;
  ASSERT_EQ(zx_port_queue(machine().port, &user), ZX_OK);
  for (zx_handle_t* handle : {&machine().vcpu, &machine().guest}) {
    ASSERT_EQ(zx_handle_close(*handle), ZX_OK);
    *handle = ZX_HANDLE_INVALID;
  }
  zx_port_packet_t left;
  ASSERT_EQ(Next(&left), ZX_OK);
  EXPECT_EQ(left.type, ZX_PKT_TYPE_USER);
  EXPECT_EQ(Next(&left), ZX_ERR_TIMED_OUT);
}

TEST_F(VcpuBell, PacketsKeepTheOrderOfThePort) {
  Shows("TRAP-BELL-4");
  zx_port_packet_t user = {};
  user.key = 99;
  Ring(0);
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(zx_port_queue(machine().port, &user), ZX_OK);
  Ring(8);
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  zx_port_packet_t got;
  ASSERT_EQ(Next(&got), ZX_OK);
  EXPECT_EQ(got.guest_bell.addr, kBell);
  ASSERT_EQ(Next(&got), ZX_OK);
  EXPECT_EQ(got.key, 99u);
  ASSERT_EQ(Next(&got), ZX_OK);
  EXPECT_EQ(got.guest_bell.addr, kBell + 8);
}

}  // namespace
}  // namespace zircon
