// Traps: how long they live, in which modes they work, who takes their packets, and what a host's
// KVM has done when it reports. Rows: TRAP-15, TRAP-IO-10, TRAP-MEM-2, TRAP-MEM-7, TRAP-MEM-14,
// TRAP-BELL-12.

#include <cstring>

#include "contract.h"
#include "harness.h"
#include "probe.h"

DECLARE_GUEST(bell_many);
DECLARE_GUEST(copy_string);
DECLARE_GUEST(io_string);
DECLARE_GUEST(load_vector);
DECLARE_GUEST(mem_edges);
DECLARE_GUEST(mem_modes);
DECLARE_GUEST(other_tables);

namespace conformance {
namespace {

constexpr size_t kPage = 4096;
constexpr uint64_t kKey = 0x77;

using TrapTest = KvmTest;

TEST_F(TrapTest, NothingRemovesATrap) {
  Shows("TRAP-15");
  Machine machine(GUEST_BLOB(mem_edges));
  machine.TrapMem(GUEST_MEM_TRAP, kPage, kKey);
  Handle vmo = CreateVmo(kPage);
  zx_vcpu_state_t state{};
  state.r8 = GUEST_MEM_TRAP;
  machine.vcpu().SetState(state);
  const auto expect_trap = [&] {
    for (int i = 0; i < 2; ++i) {  // A store, a load.
      ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
      ASSERT_TRUE(machine.vcpu().Reaches(0));
    }
  };
  EXPECT_EQ(machine.Unmap(GUEST_MEM_TRAP, kPage), ZX_OK);
  expect_trap();
  zx_vaddr_t address = 0;
  EXPECT_EQ(
      zx_vmar_map(machine.space(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_SPECIFIC_OVERWRITE,
                  GUEST_MEM_TRAP, vmo.get(), 0, kPage, &address),
      ZX_OK);
  expect_trap();
  EXPECT_EQ(zx_vmar_protect(machine.space(), ZX_VM_PERM_READ, GUEST_MEM_TRAP, kPage), ZX_OK);
  expect_trap();
  EXPECT_EQ(zx_guest_set_trap(machine.guest(), ZX_GUEST_TRAP_MEM, GUEST_MEM_TRAP, kPage,
                              ZX_HANDLE_INVALID, kKey + 1),
            ZX_ERR_ALREADY_EXISTS);
  expect_trap();
}

TEST_F(TrapTest, APacketHasTheGuestsCr3) {
  Shows("TRAP-MEM-2");
  constexpr uint64_t kRoot = 0x6000;
  Machine machine(GUEST_BLOB(other_tables));
  machine.TrapMem(GUEST_MEM_TRAP, kPage, kKey);
  machine.At<uint64_t>(kRoot) = GUEST_POINTER_TABLE | 3;
  zx_vcpu_state_t state{};
  state.rax = kRoot;
  state.rbx = GUEST_MEM_TRAP;
  machine.vcpu().SetState(state);
  for (int access = 0; access < 2; ++access) {  // A store, a load.
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
    EXPECT_EQ(machine.vcpu().packet().guest_mem.cr3, kRoot);
    ASSERT_TRUE(machine.vcpu().Reaches(access));
  }
}

TEST_F(TrapTest, MemTrapsInThirtyTwoBitCode) {
  Shows("TRAP-MEM-3 TRAP-MEM-4 TRAP-MEM-14");
  Machine machine(GUEST_BLOB(mem_modes));
  machine.TrapMem(GUEST_MEM_TRAP, kPage, kKey);
  machine.At<uint64_t>(GUEST_GDT + 16) = 0x00CF'9B00'0000'FFFF;
  machine.At<uint64_t>(GUEST_GDT + 24) = 0x00CF'9300'0000'FFFF;
  for (int mode = 0; mode < 2; ++mode) {
    for (int access = 0; access < 2; ++access) {
      const Form& form = machine.blob().form(static_cast<size_t>(2 * mode + access));
      SCOPED_TRACE(testing::Message() << "mode " << mode << ": " << form.text());
      ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
      const zx_packet_guest_mem_t& mem = machine.vcpu().packet().guest_mem;
      EXPECT_EQ(mem.addr, uint64_t{GUEST_MEM_TRAP});
      EXPECT_EQ(mem.rip, form.rip());
      EXPECT_EQ(mem.instruction_size, form.size);
      EXPECT_EQ(mem.default_operand_size, 4);
    }
    ASSERT_TRUE(machine.vcpu().Reaches(mode));
  }
}

// ---- What KVM has done when it reports ----

TEST_F(TrapTest, ALoadIntoAVectorRegister) {
  Shows("TRAP-MEM-6 TRAP-MEM-11");
  const Blob blob = GUEST_BLOB(load_vector);
  const Form& form = blob.form(0);
  const std::vector<uint8_t> code(blob.begin + form.offset, blob.begin + form.offset + form.size);
  NEEDS(ProbeLongModeCode(form.text(), code));
  Machine machine(blob);
  machine.TrapMem(GUEST_MEM_TRAP, kPage, kKey);
  machine.At<uint64_t>(GUEST_DATA) = 0x1111111111111111;
  machine.At<uint64_t>(GUEST_DATA + 8) = 0x2222222222222222;
  zx_vcpu_state_t state{};
  state.rbx = GUEST_MEM_TRAP;
  machine.vcpu().SetState(state);
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  if (memcmp(machine.bytes(GUEST_DATA), machine.bytes(GUEST_DATA + 16), 16) != 0) {
    KnownDifference("TRAP-MEM-7", "a load into a vector register has changed it");
  }
}

TEST_F(TrapTest, ALoadThatStoresToMemory) {
  Shows("TRAP-MEM-6");
  Machine machine(GUEST_BLOB(copy_string));
  machine.TrapMem(GUEST_MEM_TRAP, kPage, kKey);
  machine.At<uint64_t>(GUEST_DATA) = 0x5C5C5C5C5C5C5C5C;
  zx_vcpu_state_t state{};
  state.rsi = GUEST_MEM_TRAP;
  state.rdi = GUEST_DATA;
  machine.vcpu().SetState(state);
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  if (machine.At<uint64_t>(GUEST_DATA) != 0x5C5C5C5C5C5C5C5C) {
    KnownDifference("TRAP-MEM-7", "MOVS from a trap has stored something");
  }
}

TEST_F(TrapTest, InsDownwards) {
  Shows("TRAP-IO-10");
  const Blob blob = GUEST_BLOB(io_string);
  bool changed = false;
  for (size_t i = 0; i < blob.form_count(); ++i) {
    const Form& form = blob.form(i);
    SCOPED_TRACE(form.text());
    Machine machine(blob, Machine::kWithVcpu, form.rip());
    machine.TrapIo(0x500, 4, 5);
    memset(machine.bytes(GUEST_DATA), 0x5C, 64);
    zx_vcpu_state_t state{};
    state.rdx = 0x500;
    state.rcx = 5;
    state.rsi = GUEST_DATA + 32;
    state.rdi = GUEST_DATA + 32;
    state.rflags = 0x400;  // DF
    zx_vcpu_state_t written = state;
    written.rflags |= 2;
    machine.vcpu().SetState(written);
    for (int round = 0; round < 3; ++round) {
      ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_SUPPORTED));
      const zx_vcpu_state_t now = machine.vcpu().State();
      EXPECT_EQ(memcmp(&now, &state, sizeof(state)), 0);
    }
    for (int byte = 0; byte < 64; ++byte) {
      changed |= machine.At<uint8_t>(GUEST_DATA + byte) != 0x5C;
    }
  }
  if (changed) KnownDifference("TRAP-IO-10", "an INS downwards has overwritten memory");
}

// ---- Packets of bells ----

TEST_F(TrapTest, AnyThreadThatMayReadTakesBells) {
  Shows("TRAP-BELL-12");
  Machine machine(GUEST_BLOB(bell_many));
  Handle port = CreatePort();
  machine.TrapBell(GUEST_BELL_TRAP, kPage, port.get(), kKey);
  constexpr uint64_t kRings = 600;  // More than the trap has packets.
  zx_vcpu_state_t state = machine.vcpu().State();
  state.rbx = GUEST_BELL_TRAP;
  state.rcx = kRings;
  machine.vcpu().SetState(state);
  const Handle reader = port.WithRights(ZX_RIGHT_READ);
  std::atomic<uint64_t> taken = 0;
  const auto take = [&] {
    zx_port_packet_t packet;
    while (taken < kRings) {
      if (zx_port_wait(reader.get(), zx_deadline_after(ZX_MSEC(20)), &packet) == ZX_OK) ++taken;
    }
  };
  Thread first(take);
  Thread second(take);
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  first.Join();
  second.Join();
  EXPECT_EQ(taken, kRings);
}

}  // namespace
}  // namespace conformance
