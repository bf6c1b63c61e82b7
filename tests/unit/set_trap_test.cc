// zx_guest_set_trap: the order of its errors and what it does to mappings. Rows: TRAP.

#include <gtest/gtest.h>

#include "contract.h"
#include "fake/machine_test.h"

namespace zircon {
namespace {

using fake::Machine;
using fake::Slot;

constexpr uint64_t kSpace = uint64_t{1} << 48;

class SetTrap : public fake::OnMachine {
 protected:
  zx_status_t Trap(uint32_t kind, uint64_t address, uint64_t size,
                   zx_handle_t port = ZX_HANDLE_INVALID) {
    return zx_guest_set_trap(machine().guest, kind, address, size, port, 0);
  }
  zx_handle_t Reduced(zx_handle_t handle, zx_rights_t rights) {
    zx_handle_t out = ZX_HANDLE_INVALID;
    EXPECT_EQ(zx_handle_duplicate(handle, rights, &out), ZX_OK);
    return out;
  }
};

TEST_F(SetTrap, HandleErrorsInOrder) {
  Shows("CALL-1 CALL-2 RIGHTS-12 TRAP-1 TRAP-2");
  // Guest first, then the port, "before anything else is examined"; type before right.
  const zx_handle_t weak_guest = Reduced(machine().guest, ZX_RIGHT_TRANSFER);
  const zx_handle_t weak_port = Reduced(machine().port, ZX_RIGHT_READ);
  constexpr uint32_t kNoKind = 77;
  auto trap = [&](zx_handle_t guest, zx_handle_t port) {
    return zx_guest_set_trap(guest, kNoKind, 1, 0, port, 0);
  };
  EXPECT_EQ(trap(ZX_HANDLE_INVALID, weak_port), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(trap(machine().port, weak_port), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(trap(weak_guest, weak_port), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(trap(machine().guest, 0xDEAD0003), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(trap(machine().guest, machine().vmo), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(trap(machine().guest, weak_port), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(trap(machine().guest, machine().port), ZX_ERR_INVALID_ARGS);
  zx_handle_close(weak_guest);
  zx_handle_close(weak_port);
}

TEST_F(SetTrap, KindGoesWithPort) {
  Shows("TRAP-3");
  const zx_handle_t port = machine().port;
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_MEM, 0x200000, 0x1000, port), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_BELL, 0x200000, 0x1000), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, 0x60, 1, port), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Trap(3, 0x200000, 0x1000), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Trap(3, 0x200000, 0x1000, port), ZX_ERR_INVALID_ARGS);
  // The rule comes before ranges: an IO range that is out of range, with a port.
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, 0x60, 0, port), ZX_ERR_INVALID_ARGS);
}

TEST_F(SetTrap, IoLimits) {
  Shows("TRAP-4 TRAP-11");
  // "size 0, wrap, or addr+size > 0xFFFF → OUT_OF_RANGE, then overlap → ALREADY_EXISTS"
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, 0x60, 0), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, UINT64_MAX, 2), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, 1, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, 0xFFFF, 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, 0, 0x10000), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, 0xFFFE, 2), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, 0xFFFE, 1), ZX_OK);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, 0, 0xFFFF), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, 0, 0xFFFE), ZX_OK);
}

TEST_F(SetTrap, IoOverlapIsAnyIntersection) {
  Shows("TRAP-5 TRAP-10");
  ASSERT_EQ(Trap(ZX_GUEST_TRAP_IO, 0x60, 8), ZX_OK);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, 0x60, 8), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, 0x67, 1), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, 0x50, 0x11), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, 0x50, 0x10), ZX_OK);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, 0x68, 1), ZX_OK);
}

TEST_F(SetTrap, MemoryRangesInOrder) {
  Shows("TRAP-6 TRAP-7");
  for (const uint32_t kind : {ZX_GUEST_TRAP_MEM, ZX_GUEST_TRAP_BELL}) {
    const zx_handle_t port = kind == ZX_GUEST_TRAP_BELL ? machine().port : ZX_HANDLE_INVALID;
    EXPECT_EQ(Trap(kind, 0x200001, 0x1000, port), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(Trap(kind, 0x200000, 0x1001, port), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(Trap(kind, 0x200000, 0, port), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(Trap(kind, kSpace, 0x1000, port), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(Trap(kind, kSpace - 0x1000, 0x2000, port), ZX_ERR_INVALID_ARGS);
    // A wrap is outside of the space before it is a wrap.
    EXPECT_EQ(Trap(kind, ~uint64_t{0xFFF}, 0x2000, port), ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_MEM, kSpace - 0x1000, 0x1000), ZX_OK);
}

TEST_F(SetTrap, BellAndMemShareATreeAndIoHasItsOwn) {
  Shows("TRAP-8 TRAP-10");
  ASSERT_EQ(Trap(ZX_GUEST_TRAP_MEM, 0x200000, 0x3000), ZX_OK);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_BELL, 0x202000, 0x1000, machine().port), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_MEM, 0x1FF000, 0x2000), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_BELL, 0x203000, 0x1000, machine().port), ZX_OK);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_IO, 0x1000, 0x1000), ZX_OK);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_MEM, 0x1000, 0x1000), ZX_OK);
}

TEST_F(SetTrap, CoveredPagesAreUnmapped) {
  Shows("TRAP-13 VMAR-5");
  const uint64_t host = machine().vm().slots()[0].host;
  ASSERT_EQ(Trap(ZX_GUEST_TRAP_MEM, 0x10000, 0x2000), ZX_OK);
  EXPECT_EQ(machine().vm().slots(),
            std::vector<Slot>({{0, 0x10000, host, false},
                               {0x12000, Machine::kMemorySize - 0x12000, host + 0x12000, false}}));
  // The mapping itself is split: its middle is free in the tree.
  EXPECT_EQ(zx_vmar_protect(machine().vmar, ZX_VM_PERM_READ, 0x10000, 0x1000), ZX_ERR_NOT_FOUND);
}

TEST_F(SetTrap, UnmapsBeforeItSaysAlreadyExists) {
  Shows("TRAP-8");
  ASSERT_EQ(Trap(ZX_GUEST_TRAP_MEM, 0x200000, 0x1000), ZX_OK);
  ASSERT_EQ(machine().Map(0x201000, 0x1000, ZX_VM_PERM_READ), ZX_OK);
  ASSERT_NE(machine().memory(0x201000), nullptr);
  EXPECT_EQ(Trap(ZX_GUEST_TRAP_MEM, 0x200000, 0x2000), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(machine().memory(0x201000), nullptr);
}

TEST_F(SetTrap, ATrapWinsOverALaterMapping) {
  Shows("TRAP-14");
  ASSERT_EQ(Trap(ZX_GUEST_TRAP_MEM, 0x201000, 0x1000), ZX_OK);
  ASSERT_EQ(machine().Map(0x200000, 0x3000, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE), ZX_OK);
  EXPECT_NE(machine().memory(0x200000), nullptr);
  EXPECT_EQ(machine().memory(0x201000), nullptr);
  EXPECT_NE(machine().memory(0x202000), nullptr);
}

TEST_F(SetTrap, BesideRunningVcpus) {
  Shows("TRAP-17");
  // "before or after VCPUs exist and while they run": the VCPU is parked meanwhile, and its enter
  // does not end.
  ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
  zx_vcpu_state_t state = {};
  state.rdx = 0x60;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  machine().Code({0xEE});
  cpu().Push(fake::Block());
  cpu().Push(fake::PioOut(0x60, 1));
  std::thread other([&] {
    EXPECT_TRUE(fake::Eventually([&] { return cpu().blocked() == 1; }));
    EXPECT_EQ(Trap(ZX_GUEST_TRAP_MEM, 0x10000, 0x1000), ZX_OK);
  });
  EXPECT_EQ(machine().Enter(), ZX_OK);
  other.join();
  EXPECT_EQ(machine().memory(0x10000), nullptr);
}

TEST_F(SetTrap, ParkingAHaltedVcpu) {
  Shows("GPAS-11");
  cpu().Push(fake::Hlt());
  std::thread other([&] {
    EXPECT_TRUE(AwaitSleepAfter(1));
    for (uint64_t i = 0; i < 50; ++i) {
      EXPECT_EQ(machine().Map(0x400000 + i * 0x2000, 0x1000, ZX_VM_PERM_READ), ZX_OK);
    }
    EXPECT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  });
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  other.join();
}

}  // namespace
}  // namespace zircon
