// BELL traps: stores become packets of a port while the VCPU runs on. Rows: TRAP-BELL.

#include <cstring>

#include "contract.h"
#include "harness.h"

DECLARE_GUEST(bell_stores);
DECLARE_GUEST(bell_split);
DECLARE_GUEST(bell_many);
DECLARE_GUEST(bell_loads);

namespace conformance {
namespace {

constexpr uint64_t kKey = 0xBE11BE11BE11BE11;
constexpr uint64_t kReserved = 256;  // Packets of one trap.

uint64_t AddressOf(uint64_t ring) { return GUEST_BELL_TRAP + 8 * (ring & 0x1FF); }

class BellTest : public KvmTest {
 protected:
  // Takes a packet that must be there; throws otherwise.
  static zx_port_packet_t Take(const Handle& port, zx_duration_t patience = 0) {
    zx_port_packet_t packet;
    memset(&packet, 0xA5, sizeof(packet));
    Require(zx_port_wait(port.get(), zx_deadline_after(patience), &packet), "zx_port_wait");
    return packet;
  }
  static bool Empty(const Handle& port) {
    zx_port_packet_t packet;
    const zx_status_t status = zx_port_wait(port.get(), 0, &packet);
    EXPECT_TRUE(status == ZX_OK || status == ZX_ERR_TIMED_OUT);
    return status == ZX_ERR_TIMED_OUT;
  }
  static void ExpectBell(const zx_port_packet_t& packet, uint64_t address, uint64_t key = kKey) {
    EXPECT_EQ(packet.type, ZX_PKT_TYPE_GUEST_BELL);
    EXPECT_EQ(packet.key, key);
    EXPECT_EQ(packet.status, ZX_OK);
    EXPECT_EQ(packet.guest_bell.addr, address);
    EXPECT_EQ(packet.guest_bell.reserved0, 0u);
    EXPECT_EQ(packet.guest_bell.reserved1, 0u);
    EXPECT_EQ(packet.guest_bell.reserved2, 0u);
  }
  static void QueueUser(const Handle& port, uint64_t key) {
    zx_port_packet_t packet{};
    packet.key = key;
    packet.user.u64[0] = key;
    Require(zx_port_queue(port.get(), &packet), "zx_port_queue");
  }
  // bell_many for that number of rings.
  static void SetRings(Machine& machine, uint64_t rings, uint64_t page = GUEST_BELL_TRAP) {
    zx_vcpu_state_t state = machine.vcpu().State();
    state.rbx = page;
    state.rcx = rings;
    machine.vcpu().SetState(state);
  }
  static uint64_t Progress(Machine& machine) { return machine.At<uint64_t>(GUEST_DATA); }
  // The guest has come to that ring and gets no further.
  static bool BlocksAt(Machine& machine, uint64_t ring) {
    if (!WaitUntil([&] { return Progress(machine) >= ring; })) return false;
    SleepMs(60);
    return Progress(machine) == ring;
  }
};

TEST_F(BellTest, ExactAddressesInProgramOrder) {
  Shows("TRAP-18 TRAP-BELL-1 TRAP-BELL-2 TRAP-BELL-4");
  Machine machine(GUEST_BLOB(bell_stores));
  Handle port = CreatePort();
  machine.TrapBell(GUEST_BELL_TRAP, 0x2000, port.get(), kKey);
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(machine.vcpu().Reaches(0)) << "bells do not end zx_vcpu_enter()";
    for (size_t i = 0; i < machine.blob().form_count(); ++i) {
      SCOPED_TRACE(machine.blob().form(i).text());
      ExpectBell(Take(port), machine.blob().form(i).address);
    }
    EXPECT_TRUE(Empty(port));
  }
}

// One store is one packet, also where it crosses pages; so is one repeated store.
TEST_F(BellTest, OnePacketForEachInstruction) {
  Shows("TRAP-BELL-13");
  Machine machine(GUEST_BLOB(bell_split));
  Handle port = CreatePort();
  machine.TrapBell(GUEST_BELL_TRAP, 0x2000, port.get(), kKey);
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  ExpectBell(Take(port), GUEST_BELL_TRAP + 0xFFC);
  EXPECT_TRUE(Empty(port));
  ASSERT_TRUE(machine.vcpu().Reaches(1));
  ExpectBell(Take(port), GUEST_BELL_TRAP + 0x10);
  EXPECT_TRUE(Empty(port));
}

TEST_F(BellTest, InterleavesWithUserPackets) {
  Shows("TRAP-BELL-4 PORT-1");
  Machine machine(GUEST_BLOB(bell_many));
  Handle port = CreatePort();
  machine.TrapBell(GUEST_BELL_TRAP, 0x1000, port.get(), kKey);
  QueueUser(port, 1);
  SetRings(machine, 2);
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  QueueUser(port, kKey);
  EXPECT_EQ(Take(port).key, 1u);
  ExpectBell(Take(port), AddressOf(0));
  ExpectBell(Take(port), AddressOf(1));
  const zx_port_packet_t user = Take(port);
  EXPECT_EQ(user.type, ZX_PKT_TYPE_USER);
  EXPECT_EQ(user.key, kKey);
  EXPECT_TRUE(Empty(port));
}

TEST_F(BellTest, A257thRingBlocksUntilOneIsTaken) {
  Shows("TRAP-BELL-5");
  Machine machine(GUEST_BLOB(bell_many));
  Handle port = CreatePort();
  machine.TrapBell(GUEST_BELL_TRAP, 0x1000, port.get(), kKey);
  constexpr uint64_t kRings = 600;
  SetRings(machine, kRings);
  Thread reader([&] {
    EXPECT_TRUE(BlocksAt(machine, kReserved)) << Progress(machine);
    ExpectBell(Take(port), AddressOf(0));
    EXPECT_TRUE(BlocksAt(machine, kReserved + 1)) << Progress(machine);
    ExpectBell(Take(port), AddressOf(1));
    ExpectBell(Take(port), AddressOf(2));
    EXPECT_TRUE(BlocksAt(machine, kReserved + 3)) << Progress(machine);
    for (uint64_t ring = 3; ring < kRings; ++ring) {
      ExpectBell(Take(port, ZX_SEC(10)), AddressOf(ring));
    }
  });
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  reader.Join();
  EXPECT_TRUE(Empty(port));
  EXPECT_EQ(Progress(machine), kRings);
}

// 256 do not block, each trap has its own, and other packets of the port do not count.
TEST_F(BellTest, EachTrapHas256) {
  Shows("TRAP-BELL-5 TRAP-BELL-6");
  Machine machine(GUEST_BLOB(bell_many));
  Handle port = CreatePort();
  for (int i = 0; i < 500; ++i) QueueUser(port, 3);
  constexpr uint64_t kTraps = 3;
  for (uint64_t trap = 0; trap < kTraps; ++trap) {
    const uint64_t page = GUEST_BELL_TRAP + 0x1000 * trap;
    machine.TrapBell(page, 0x1000, port.get(), kKey + trap);
    SetRings(machine, kReserved, page);
    ASSERT_TRUE(machine.vcpu().Reaches(0));
  }
  for (int i = 0; i < 500; ++i) EXPECT_EQ(Take(port).key, 3u);
  for (uint64_t trap = 0; trap < kTraps; ++trap) {
    for (uint64_t ring = 0; ring < kReserved; ++ring) {
      ExpectBell(Take(port), AddressOf(ring) + 0x1000 * trap, kKey + trap);
    }
  }
  EXPECT_TRUE(Empty(port));
}

TEST_F(BellTest, KickOfABlockedVcpuLosesNoBell) {
  Shows("TRAP-BELL-8");
  Machine machine(GUEST_BLOB(bell_many));
  Handle port = CreatePort();
  machine.TrapBell(GUEST_BELL_TRAP, 0x1000, port.get(), kKey);
  constexpr uint64_t kRings = kReserved + 3;
  SetRings(machine, kRings);
  {
    Thread kicker([&] {
      EXPECT_TRUE(BlocksAt(machine, kReserved));
      EXPECT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK);
    });
    ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
  }
  EXPECT_FALSE(machine.vcpu().Kicked());
  // Still full: the next enter blocks on the same bell, and a kick ends that too.
  {
    Thread kicker([&] {
      SleepMs(50);
      EXPECT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK);
    });
    ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
  }
  EXPECT_EQ(Progress(machine), kReserved);
  ExpectBell(Take(port), AddressOf(0));
  // The pending bell is queued before the guest goes on, behind this packet.
  QueueUser(port, 5);
  ExpectBell(Take(port), AddressOf(1));
  ExpectBell(Take(port), AddressOf(2));
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  for (uint64_t ring = 3; ring < kReserved; ++ring) ExpectBell(Take(port), AddressOf(ring));
  EXPECT_EQ(Take(port).key, 5u);
  for (uint64_t ring = kReserved; ring < kRings; ++ring) ExpectBell(Take(port), AddressOf(ring));
  EXPECT_TRUE(Empty(port));
}

// A blocked VCPU that is destroyed takes its bell along.
TEST_F(BellTest, DestroyingAVcpuDropsItsPendingBell) {
  Shows("TRAP-BELL-9");
  Machine machine(GUEST_BLOB(bell_many));
  Handle port = CreatePort();
  machine.TrapBell(GUEST_BELL_TRAP, 0x1000, port.get(), kKey);
  SetRings(machine, kReserved + 1);
  {
    Thread kicker([&] {
      EXPECT_TRUE(BlocksAt(machine, kReserved));
      EXPECT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK);
    });
    ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
  }
  machine.CloseVcpu();
  for (uint64_t ring = 0; ring < kReserved; ++ring) ExpectBell(Take(port), AddressOf(ring));
  EXPECT_TRUE(Empty(port));
}

TEST_F(BellTest, ClosedPortGivesBadStateForEachStore) {
  Shows("TRAP-16 TRAP-BELL-10");
  Machine machine(GUEST_BLOB(bell_many));
  Handle port = CreatePort();
  machine.TrapBell(GUEST_BELL_TRAP, 0x1000, port.get(), kKey);
  Handle copy = port.WithRights(ZX_RIGHT_SAME_RIGHTS);
  SetRings(machine, 4);
  port.Reset();
  copy.Reset();
  for (uint64_t ring = 0; ring < 4; ++ring) {
    ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_BAD_STATE));
    EXPECT_EQ(Progress(machine), ring) << "each enter goes one store further";
  }
  ASSERT_TRUE(machine.vcpu().Reaches(0));
}

TEST_F(BellTest, ClosingThePortReleasesABlockedVcpu) {
  Shows("PORT-3 TRAP-BELL-10");
  Machine machine(GUEST_BLOB(bell_many));
  Handle port = CreatePort();
  machine.TrapBell(GUEST_BELL_TRAP, 0x1000, port.get(), kKey);
  SetRings(machine, kReserved + 2);
  {
    Thread closer([&] {
      EXPECT_TRUE(BlocksAt(machine, kReserved));
      port.Reset();
    });
    ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_BAD_STATE));
  }
  EXPECT_EQ(Progress(machine), kReserved);
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_BAD_STATE));
  ASSERT_TRUE(machine.vcpu().Reaches(0));
}

// An interrupt does not end the blocking, and is not lost by it.
TEST_F(BellTest, InterruptsDoNotDisturbABlockedVcpu) {
  Shows("TRAP-BELL-7");
  Machine machine(GUEST_BLOB(bell_many));
  Handle port = CreatePort();
  machine.TrapBell(GUEST_BELL_TRAP, 0x1000, port.get(), kKey);
  SetRings(machine, kReserved + 1);
  Thread other([&] {
    EXPECT_TRUE(BlocksAt(machine, kReserved));
    EXPECT_EQ(zx_vcpu_interrupt(machine.vcpu().get(), 0x40), ZX_OK);  // IF is 0.
    SleepMs(50);
    EXPECT_EQ(Progress(machine), kReserved);
    ExpectBell(Take(port), AddressOf(0));
  });
  ASSERT_TRUE(machine.vcpu().Reaches(0));
}

TEST_F(BellTest, LoadsAreNotSupported) {
  Shows("TRAP-BELL-3");
  Machine machine(GUEST_BLOB(bell_loads));
  Handle port = CreatePort();
  machine.TrapBell(GUEST_BELL_TRAP, 0x1000, port.get(), kKey);
  for (size_t i = 0; i < machine.blob().form_count(); ++i) {
    SCOPED_TRACE(machine.blob().form(i).text());
    ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_SUPPORTED));
    ASSERT_TRUE(machine.vcpu().Reaches(0)) << "RIP is past the load";
    EXPECT_TRUE(Empty(port));
  }
  ASSERT_TRUE(machine.vcpu().Reaches(1));
  ExpectBell(Take(port), GUEST_BELL_TRAP);
  EXPECT_TRUE(Empty(port));
}

TEST_F(BellTest, PacketsGoWithTheGuestAndUserPacketsStay) {
  Shows("TRAP-BELL-11");
  Handle port = CreatePort();
  {
    Machine machine(GUEST_BLOB(bell_many));
    machine.TrapBell(GUEST_BELL_TRAP, 0x1000, port.get(), kKey);
    QueueUser(port, kKey);
    SetRings(machine, 10);
    ASSERT_TRUE(machine.vcpu().Reaches(0));
    QueueUser(port, kKey);
    EXPECT_EQ(Take(port).type, ZX_PKT_TYPE_USER);
    ExpectBell(Take(port), AddressOf(0));
    // The VCPU keeps the guest: nothing is withdrawn yet.
    machine.guest_handle().Reset();
    ExpectBell(Take(port), AddressOf(1));
  }
  const zx_port_packet_t packet = Take(port);
  EXPECT_EQ(packet.type, ZX_PKT_TYPE_USER);
  EXPECT_EQ(packet.key, kKey);
  EXPECT_TRUE(Empty(port));
  // The port works on.
  QueueUser(port, 9);
  EXPECT_EQ(Take(port).key, 9u);
}

// Two guests, one port: each in its own order.
TEST_F(BellTest, GuestsShareAPort) {
  Shows("GUEST-CREATE-11 TRAP-BELL-4");
  Handle port = CreatePort();
  constexpr uint64_t kRings = 2000;
  uint64_t next[2] = {0, 0};
  std::atomic<bool> all_read = false;
  const auto body = [&](uint64_t key) {
    Machine machine(GUEST_BLOB(bell_many));
    machine.TrapBell(GUEST_BELL_TRAP, 0x1000, port.get(), key);
    SetRings(machine, kRings);
    EXPECT_TRUE(machine.vcpu().Reaches(0));
    EXPECT_TRUE(WaitUntil([&] { return all_read.load(); }));
  };
  Thread first([&] { body(0); });
  Thread second([&] { body(1); });
  for (uint64_t i = 0; i < 2 * kRings; ++i) {
    const zx_port_packet_t packet = Take(port, ZX_SEC(15));
    ASSERT_LE(packet.key, 1u);
    ASSERT_EQ(packet.guest_bell.addr, AddressOf(next[packet.key]));
    ++next[packet.key];
  }
  all_read = true;
  EXPECT_EQ(next[0], kRings);
  EXPECT_EQ(next[1], kRings);
}

// Taking and blocking at full speed: nothing lost, nothing twice.
TEST_F(BellTest, ManyRingsAgainstAReader) {
  Shows("TRAP-BELL-4 TRAP-BELL-5 TRAP-BELL-8");
  Machine machine(GUEST_BLOB(bell_many));
  Handle port = CreatePort();
  machine.TrapBell(GUEST_BELL_TRAP, 0x1000, port.get(), kKey);
  const auto rings = static_cast<uint64_t>(Rounds(20000));
  SetRings(machine, rings);
  std::atomic<bool> stop = false;
  Thread reader([&] {
    for (uint64_t ring = 0; ring < rings; ++ring) {
      const zx_port_packet_t packet = Take(port, ZX_SEC(15));
      if (packet.guest_bell.addr != AddressOf(ring)) {
        ADD_FAILURE() << "ring " << ring << " has address " << packet.guest_bell.addr;
        return;
      }
    }
  });
  Thread kicker([&] {
    while (!stop) {
      zx_vcpu_kick(machine.vcpu().get());
      SleepMs(3);
    }
  });
  zx_status_t status = ZX_ERR_CANCELED;
  while (status == ZX_ERR_CANCELED) status = machine.vcpu().Enter();
  stop = true;
  EXPECT_EQ(status, ZX_OK) << Describe(status, machine.vcpu().packet());
  EXPECT_TRUE(machine.vcpu().AtCheckpoint(0));
  reader.Join();
  EXPECT_TRUE(Empty(port));
}

}  // namespace
}  // namespace conformance
