// MEM traps: packets for stores, loads and instructions that do both, and what the guest sees of
// what the VMM writes. Rows: TRAP-MEM.

#include <cstring>
#include <vector>

#include "contract.h"
#include "harness.h"
#include "probe.h"

DECLARE_GUEST(mem_stores);
DECLARE_GUEST(mem_stores_repeated);
DECLARE_GUEST(mem_loads);
DECLARE_GUEST(mem_arithmetic);
DECLARE_GUEST(mem_edges);
DECLARE_GUEST(mem_wide);

namespace conformance {
namespace {

constexpr uint64_t kKey = 0x1122334455667788;
constexpr uint64_t kBit1 = 2;  // Of rflags: take the flags.
constexpr uint64_t kFlagsMask = 0x244DD5;
constexpr uint64_t kTrapSize = 0x2000;

bool SameState(const zx_vcpu_state_t& a, const zx_vcpu_state_t& b) {
  return memcmp(&a, &b, sizeof(a)) == 0;
}

// Different in every register and every byte of it, and with each seed. RSP stays usable.
zx_vcpu_state_t Pattern(uint64_t seed) {
  zx_vcpu_state_t state{};
  uint64_t values[17];
  for (uint64_t i = 0; i < 17; ++i) {
    values[i] = (seed + i + 1) * 0x9E3779B97F4A7C15 | 0x8000000080000000;
  }
  memcpy(&state, values, sizeof(state));
  state.rsp = GUEST_STACK_TOP - 64;
  state.rflags = 0;
  return state;
}

class MemTest : public KvmTest {
 protected:
  // The packet describes the form exactly.
  static void ExpectPacket(Machine& machine, const Form& form) {
    const zx_packet_guest_mem_t& mem = machine.vcpu().packet().guest_mem;
    EXPECT_EQ(mem.addr, form.address);
    EXPECT_EQ(mem.cr3, 0u);
    EXPECT_EQ(mem.default_operand_size, 4);
    for (const uint8_t byte : mem.reserved) EXPECT_EQ(byte, 0);
    // Decoding backwards cannot tell a prefix without effect; all else is exact.
    const uint8_t* bytes = machine.blob().begin + form.offset;
    uint32_t unseen = 0;
    if (mem.rip == form.rip() + 1 && (*bytes == 0x2E || *bytes == 0x3E || *bytes == 0x40)) {
      unseen = 1;
    }
    EXPECT_EQ(mem.rip, form.rip() + unseen);
    EXPECT_EQ(mem.instruction_size, form.size - unseen);
  }
};

TEST_F(MemTest, StoresInEveryForm) {
  Shows("TRAP-18 TRAP-MEM-1 TRAP-MEM-3 TRAP-MEM-4 TRAP-MEM-5 TRAP-MEM-6");
  Machine machine(GUEST_BLOB(mem_stores));
  machine.TrapMem(GUEST_MEM_TRAP, kTrapSize, kKey);
  for (size_t i = 0; i < machine.blob().form_count(); ++i) {
    const Form& form = machine.blob().form(i);
    SCOPED_TRACE(form.text());
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
    ExpectPacket(machine, form);
  }
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  const zx_vcpu_state_t state = machine.vcpu().State();
  EXPECT_EQ(state.rbx, uint64_t{GUEST_MEM_TRAP});
  EXPECT_EQ(state.r8, 0x0807060504030201u);
  EXPECT_EQ(state.r15, 0x1F2F3F4F5F6F7F8Fu);
}

// The stores do what the processor says to registers: RDI of STOS, RSP of PUSH.
TEST_F(MemTest, StoresMoveTheirPointers) {
  Shows("TRAP-MEM-10");
  const Blob blob = GUEST_BLOB(mem_stores);
  struct Case {
    const char* text;
    int64_t rdi;
    int64_t rsp;
  };
  const Case cases[] = {
      {"stosb", 1, 0},    {"stosw", 2, 0},   {"stosq", 8, 0},        {"push rax", 0, -8},
      {"push ax", 0, -2}, {"pushfq", 0, -8}, {"mov [rbx],al", 0, 0},
  };
  int found = 0;
  for (size_t i = 0; i < blob.form_count(); ++i) {
    const Form& form = blob.form(i);
    for (const Case& c : cases) {
      std::string text = form.text();
      while (text.find(", ") != std::string::npos) text.replace(text.find(", "), 2, ",");
      if (text != c.text) continue;
      ++found;
      SCOPED_TRACE(form.text());
      Machine machine(blob, Machine::kWithVcpu, form.rip());
      machine.TrapMem(GUEST_MEM_TRAP, kTrapSize, kKey);
      zx_vcpu_state_t state = Pattern(i);
      state.rdi = state.rbx = GUEST_MEM_TRAP + 0x80;
      state.rsp = GUEST_MEM_TRAP + 0x800;
      machine.vcpu().SetState(state);
      ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
      state.rdi += static_cast<uint64_t>(c.rdi);
      state.rsp += static_cast<uint64_t>(c.rsp);
      EXPECT_TRUE(SameState(machine.vcpu().State(), state));
    }
  }
  EXPECT_GE(found, 7);
}

// After a store too the VMM may set registers.
TEST_F(MemTest, RegistersWrittenAfterAStoreCount) {
  Shows("TRAP-MEM-6 TRAP-MEM-10");
  const Blob blob = GUEST_BLOB(mem_edges);
  Machine machine(blob);
  machine.TrapMem(GUEST_MEM_TRAP, kTrapSize, kKey);
  zx_vcpu_state_t state{};
  state.r8 = GUEST_MEM_TRAP;
  machine.vcpu().SetState(state);
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
  zx_vcpu_state_t wanted = Pattern(1);
  wanted.rflags = kBit1 | 0x8D5;
  machine.vcpu().SetState(wanted);
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  wanted.rflags = 0x8D5;
  EXPECT_TRUE(SameState(machine.vcpu().State(), wanted));
}

// One packet for the whole of a repeated store, RIP behind it; the rest of it is lost.
TEST_F(MemTest, RepeatedStoresGiveOnePacket) {
  Shows("TRAP-MEM-13");
  Machine machine(GUEST_BLOB(mem_stores_repeated));
  machine.TrapMem(GUEST_MEM_TRAP, kTrapSize, kKey);
  for (int i = 0; i < 3; ++i) {
    const Form& form = machine.blob().form(static_cast<size_t>(i));
    SCOPED_TRACE(form.text());
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
    ExpectPacket(machine, form);
    ASSERT_TRUE(machine.vcpu().Reaches(i));
  }
}

// The instruction of a call is not known from where it went: its size may be 0.
TEST_F(MemTest, CallThatPushesIntoATrap) {
  Shows("TRAP-MEM-1 TRAP-MEM-6");
  const Blob blob = GUEST_BLOB(mem_stores_repeated);
  const Form& form = blob.form(3);
  Machine machine(blob, Machine::kWithVcpu, form.rip());
  machine.TrapMem(GUEST_MEM_TRAP, kTrapSize, kKey);
  zx_vcpu_state_t state{};
  state.rsp = GUEST_MEM_TRAP + 0x80;
  machine.vcpu().SetState(state);
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
  const zx_packet_guest_mem_t& mem = machine.vcpu().packet().guest_mem;
  EXPECT_EQ(mem.addr, form.address);
  if (mem.instruction_size != 0) {
    EXPECT_EQ(mem.rip, form.rip());
    EXPECT_EQ(mem.instruction_size, form.size);
  }
  ASSERT_TRUE(machine.vcpu().Reaches(3));
  EXPECT_EQ(machine.vcpu().State().rsp, uint64_t{GUEST_MEM_TRAP + 0x78});
}

// For instructions that read: each form is followed by checkpoint 0.
class MemReadTest : public MemTest, public testing::WithParamInterface<int> {
 protected:
  static Blob TheBlob() {
    return GetParam() == 0 ? GUEST_BLOB(mem_loads) : GUEST_BLOB(mem_arithmetic);
  }
};

// Without an answer of the VMM nothing of the VCPU changes but RIP.
TEST_P(MemReadTest, WithoutAnAnswerNothingChanges) {
  Shows("TRAP-18 TRAP-MEM-1 TRAP-MEM-3 TRAP-MEM-5 TRAP-MEM-6 TRAP-MEM-7 TRAP-MEM-9");
  Machine machine(TheBlob());
  machine.TrapMem(GUEST_MEM_TRAP, kTrapSize, kKey);
  for (const bool look : {true, false}) {
    for (size_t i = 0; i < machine.blob().form_count(); ++i) {
      const Form& form = machine.blob().form(i);
      SCOPED_TRACE(testing::Message() << form.text() << (look ? ", looked at" : ""));
      ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
      ExpectPacket(machine, form);
      zx_vcpu_state_t before{};
      if (look) {
        before = machine.vcpu().State();
        EXPECT_EQ(before.rflags & 0x8D5, 0x45u);
        EXPECT_EQ(before.rcx, 0xC0C1C2C3C4C5C6C7u);
      }
      ASSERT_TRUE(machine.vcpu().Reaches(0));
      const zx_vcpu_state_t after = machine.vcpu().State();
      if (look) {
        EXPECT_TRUE(SameState(before, after));
      }
      EXPECT_EQ(after.rflags & 0x8D5, 0x45u);
      EXPECT_EQ(after.rax, 0xA0A1A2A3A4A5A6A7u);
      EXPECT_EQ(after.rbx, uint64_t{GUEST_MEM_TRAP});
      EXPECT_EQ(after.rcx, 0xC0C1C2C3C4C5C6C7u);
      EXPECT_EQ(after.rdx, 0xD0D1D2D3D4D5D6D7u);
      EXPECT_EQ(after.r8, 0x8081828384858687u);
      EXPECT_EQ(after.rsp, uint64_t{GUEST_STACK_TOP});
    }
  }
}

// The guest sees every byte of every register that the VMM writes.
TEST_P(MemReadTest, TheGuestSeesWhatTheVmmWrites) {
  Shows("TRAP-MEM-8");
  Machine machine(TheBlob());
  machine.TrapMem(GUEST_MEM_TRAP, kTrapSize, kKey);
  for (size_t i = 0; i < machine.blob().form_count(); ++i) {
    const Form& form = machine.blob().form(i);
    SCOPED_TRACE(form.text());
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
    zx_vcpu_state_t wanted = Pattern(i);
    machine.vcpu().SetState(wanted);
    ASSERT_TRUE(machine.vcpu().Reaches(0));
    wanted.rflags = machine.vcpu().State().rflags;
    EXPECT_TRUE(SameState(machine.vcpu().State(), wanted));
    EXPECT_EQ(wanted.rflags & 0x8D5, 0x45u) << "flags must stay, bit 1 was not set";
  }
}

// One register at a time: the answer of a real VMM to a load.
TEST_P(MemReadTest, TheGuestSeesOneRegisterThatTheVmmWrites) {
  Shows("TRAP-MEM-8");
  Machine machine(TheBlob());
  machine.TrapMem(GUEST_MEM_TRAP, kTrapSize, kKey);
  for (uint64_t i = 0; i < machine.blob().form_count(); ++i) {
    const Form& form = machine.blob().form(i);
    SCOPED_TRACE(form.text());
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
    zx_vcpu_state_t wanted = machine.vcpu().State();
    uint64_t* const registers[] = {&wanted.rax, &wanted.rcx, &wanted.rdx, &wanted.r8};
    *registers[i % 4] = 0xFEDC'BA98'7654'3200 + i;
    machine.vcpu().SetState(wanted);
    ASSERT_TRUE(machine.vcpu().Reaches(0));
    EXPECT_TRUE(SameState(machine.vcpu().State(), wanted));
  }
}

TEST_P(MemReadTest, FlagsOnlyWithBit1) {
  Shows("TRAP-MEM-8");
  Machine machine(TheBlob());
  machine.TrapMem(GUEST_MEM_TRAP, kTrapSize, kKey);
  for (const uint64_t flags : {uint64_t{0x8D5}, uint64_t{0}, uint64_t{0x800}, uint64_t{0x45}}) {
    for (const bool take : {true, false}) {
      for (size_t i = 0; i < machine.blob().form_count(); i += 3) {
        const Form& form = machine.blob().form(i);
        SCOPED_TRACE(testing::Message() << form.text() << " flags " << flags << " take " << take);
        ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
        zx_vcpu_state_t state = machine.vcpu().State();
        state.rflags = flags | (take ? kBit1 : 0);
        machine.vcpu().SetState(state);
        EXPECT_EQ(machine.vcpu().State().rflags, take ? flags : 0x45);
        for (size_t j = i; j < i + 3 && j < machine.blob().form_count(); ++j) {
          ASSERT_TRUE(machine.vcpu().Reaches(0));
          if (j == i) {
            EXPECT_EQ(machine.vcpu().State().rflags, take ? flags : 0x45);
          }
          if (j + 1 < i + 3 && j + 1 < machine.blob().form_count()) {
            ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, MemReadTest, testing::Values(0, 1),
                         [](const testing::TestParamInfo<int>& which) {
                           return which.param == 0 ? "Loads" : "Arithmetic";
                         });

// Which bits of rflags read_state shows and write_state takes.
TEST_F(MemTest, FlagsMask) {
  Machine machine(GUEST_BLOB(mem_edges));
  EXPECT_EQ(machine.vcpu().State().rflags, 0u);
  zx_vcpu_state_t state{};
  state.r8 = GUEST_MEM_TRAP;
  state.rflags = ~uint64_t{0} & ~uint64_t{0x100};  // TF would trap.
  machine.vcpu().SetState(state);
  EXPECT_EQ(machine.vcpu().State().rflags, kFlagsMask & ~uint64_t{0x100});
  state.rflags = 0;
  machine.vcpu().SetState(state);
  EXPECT_EQ(machine.vcpu().State().rflags, kFlagsMask & ~uint64_t{0x100});
  state.rflags = kBit1;
  machine.vcpu().SetState(state);
  EXPECT_EQ(machine.vcpu().State().rflags, 0u);
}

// Accesses over the edge of a page: one packet, with the first trapped byte.
TEST_F(MemTest, PageCrossing) {
  Shows("TRAP-MEM-1 TRAP-MEM-11");
  constexpr uint64_t kOther = 99;
  struct Case {
    const char* name;
    uint64_t address;
    uint64_t packet_address;
    uint64_t key;
  };
  const Case cases[] = {
      {"inside one trap", GUEST_MEM_TRAP + 0xFFC, GUEST_MEM_TRAP + 0xFFC, kKey},
      {"from one trap into another", GUEST_MEM_TRAP + 0x1FFF, GUEST_MEM_TRAP + 0x1FFF, kKey},
      {"from memory into a trap", GUEST_WINDOW + 0xFF9, GUEST_WINDOW + 0x1000, kOther},
      {"from a trap into memory", GUEST_WINDOW + 0x1FFE, GUEST_WINDOW + 0x1FFE, kOther},
  };
  for (const Case& c : cases) {
    for (size_t i = 0; i < 2; ++i) {  // A store, a load.
      const Blob blob = GUEST_BLOB(mem_edges);
      const Form& form = blob.form(i);
      SCOPED_TRACE(testing::Message() << c.name << ": " << form.text());
      Machine machine(blob, Machine::kWithVcpu, form.rip());
      machine.TrapMem(GUEST_MEM_TRAP, 0x2000, kKey);
      machine.TrapMem(GUEST_MEM_TRAP + 0x2000, 0x1000, kOther);
      Handle vmo = CreateVmo(0x3000);
      ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), 0x3000), ZX_OK);
      machine.TrapMem(GUEST_WINDOW + 0x1000, 0x1000, kOther);
      zx_vcpu_state_t state = Pattern(3);
      state.r8 = c.address;
      machine.vcpu().SetState(state);
      ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, c.key));
      EXPECT_EQ(machine.vcpu().packet().guest_mem.addr, c.packet_address);
      // Where the host reports only the second part of a store, its instruction may not be known.
      const bool unknown = i == 0 && c.address != c.packet_address &&
                           machine.vcpu().packet().guest_mem.instruction_size == 0;
      if (!unknown) {
        EXPECT_EQ(machine.vcpu().packet().guest_mem.rip, form.rip());
        EXPECT_EQ(machine.vcpu().packet().guest_mem.instruction_size, form.size);
      }
      EXPECT_TRUE(SameState(machine.vcpu().State(), state));
      state.rax = 0x0102030405060708;
      machine.vcpu().SetState(state);
      ASSERT_TRUE(machine.vcpu().Reaches(0));
      EXPECT_TRUE(SameState(machine.vcpu().State(), state));
    }
  }
}

TEST_F(MemTest, SixteenBytes) {
  Shows("TRAP-MEM-11");
  const Blob blob = GUEST_BLOB(mem_wide);
  for (size_t i = 0; i < blob.form_count(); ++i) {
    const Form& form = blob.form(i);
    SCOPED_TRACE(form.text());
    const std::vector<uint8_t> code(blob.begin + form.offset, blob.begin + form.offset + form.size);
    NEEDS(ProbeLongModeCode(form.text(), code));
    Machine machine(blob, Machine::kWithVcpu, form.rip());
    machine.TrapMem(GUEST_MEM_TRAP, kTrapSize, kKey);
    zx_vcpu_state_t state = Pattern(i);
    state.rbx = GUEST_MEM_TRAP;
    machine.vcpu().SetState(state);
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
    ExpectPacket(machine, form);
    ASSERT_TRUE(machine.vcpu().Reaches(0));
    EXPECT_TRUE(SameState(machine.vcpu().State(), state));
  }
}

// One exit for each store and each plain load: no more, no other.
TEST_F(MemTest, OneExitForEachAccess) {
  Shows("TRAP-MEM-11 HOST-29");
  Machine machine(GUEST_BLOB(mem_edges));
  machine.TrapMem(GUEST_MEM_TRAP, kTrapSize, kKey);
  zx_vcpu_state_t state{};
  state.r8 = GUEST_MEM_TRAP;
  machine.vcpu().SetState(state);
  const uint64_t count = static_cast<uint64_t>(Rounds(1000));
  const zircon_kvm_stats_t before = Stats();
  for (uint64_t i = 0; i < count; ++i) {
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
    ASSERT_TRUE(machine.vcpu().Reaches(0));
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
    state.rax = i * 0x0101010101010101;
    machine.vcpu().SetState(state);
    ASSERT_TRUE(machine.vcpu().Reaches(0));
    ASSERT_EQ(machine.vcpu().State().rax, state.rax);
  }
  const zircon_kvm_stats_t after = Stats();
  EXPECT_EQ(after.exits[ZIRCON_KVM_EXIT_MMIO] - before.exits[ZIRCON_KVM_EXIT_MMIO], 2 * count);
  EXPECT_EQ(after.exits[ZIRCON_KVM_EXIT_IO] - before.exits[ZIRCON_KVM_EXIT_IO], 2 * count);
}

TEST_F(MemTest, TrapRules) {
  Shows("TRAP-3 TRAP-6 TRAP-7 TRAP-8 TRAP-10");
  Machine machine(GUEST_BLOB(mem_edges), Machine::kWithoutVcpu);
  const auto set = [&](uint64_t addr, uint64_t size) {
    return zx_guest_set_trap(machine.guest(), ZX_GUEST_TRAP_MEM, addr, size, ZX_HANDLE_INVALID, 1);
  };
  EXPECT_EQ(set(GUEST_MEM_TRAP + 1, 0x1000), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(set(GUEST_MEM_TRAP, 0x800), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(set(GUEST_MEM_TRAP, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(set(uint64_t{1} << 48, 0x1000), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(set((uint64_t{1} << 48) - 0x1000, 0x2000), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(set(~uint64_t{0xFFF}, 0x2000), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(set((uint64_t{1} << 48) - 0x1000, 0x1000), ZX_OK);
  EXPECT_EQ(set(GUEST_MEM_TRAP, 0x4000), ZX_OK);
  EXPECT_EQ(set(GUEST_MEM_TRAP + 0x3000, 0x2000), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(set(GUEST_MEM_TRAP + 0x1000, 0x1000), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(set(GUEST_MEM_TRAP - 0x1000, 0x10000), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(set(GUEST_MEM_TRAP + 0x4000, 0x1000), ZX_OK);
  Handle port = CreatePort();
  EXPECT_EQ(zx_guest_set_trap(machine.guest(), ZX_GUEST_TRAP_MEM, 0, 0x1000, port.get(), 1),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(
      zx_guest_set_trap(machine.guest(), ZX_GUEST_TRAP_BELL, GUEST_MEM_TRAP, 0x1000, port.get(), 1),
      ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(zx_guest_set_trap(machine.guest(), ZX_GUEST_TRAP_BELL, GUEST_BELL_TRAP, 0x1000,
                              ZX_HANDLE_INVALID, 1),
            ZX_ERR_INVALID_ARGS);
}

}  // namespace
}  // namespace conformance
