// Stores as KVM reports them, with RIP behind them: which instruction it was, what it has stored
// and what it has moved. Each form runs where memory is, where none is, and where a trap is; in
// 64-, 32- and 16-bit code, on stacks of both widths. Rows: FAULT-8, FAULT-9, TRAP-MEM, TRAP-BELL.

#include <cstring>
#include <string>
#include <vector>

#include "contract.h"
#include "harness.h"
#include "probe.h"

DECLARE_GUEST(store_modes);
DECLARE_GUEST(single_step);

namespace conformance {
namespace {

constexpr uint64_t kPage = 0x1000;
constexpr uint64_t kKey = 0x5702E;
constexpr uint64_t kCode = 0x50000;

// One window for each segment, so that an access by the wrong one goes elsewhere.
constexpr uint64_t kData = GUEST_WINDOW;
constexpr uint64_t kExtra = GUEST_WINDOW + 0x10000;
constexpr uint64_t kStack = GUEST_WINDOW + 0x20000;
constexpr uint64_t kWindowSize = 0x30000;

enum Mode { k64, k32, k16 };

struct StoreCase {
  const char* text;
  Mode mode;
  bool wide_stack;              // SS.B; without meaning in 64-bit code
  std::vector<uint8_t> before;  // code that ends with what looks like a prefix
  std::vector<uint8_t> code;
  uint64_t address;
  zx_vcpu_state_t registers;
  // The registers are not all as before when it was refused: 32-bit addresses in 64-bit code.
  bool loses_upper_half = false;
};

zx_vcpu_state_t Registers(uint64_t rbx, uint64_t rdi, uint64_t rsp, uint64_t rcx = 0) {
  zx_vcpu_state_t state{};
  state.rax = 0x44332211;
  state.rbx = rbx;
  state.rcx = rcx;
  state.rdx = 0x55667788;
  state.rbp = 0x1234;
  state.rsi = 0x10;
  state.rdi = rdi;
  state.rsp = rsp;
  return state;
}

class StoreTest : public KvmTest {
 protected:
  static uint64_t Descriptor(uint64_t base, uint64_t flags) {
    // Limit: all of it, in pages.
    return 0x008F'0000'0000'FFFF | flags << 40 | (base & 0xFFFFFF) << 16 | (base >> 24) << 56;
  }
  static constexpr uint64_t kCodeSegment = 0x9B;
  static constexpr uint64_t kDataSegment = 0x93;
  static constexpr uint64_t kBig = 0x4000;  // D or B

  // Brings the VCPU to the code, which begins behind checkpoint 1 and ends with checkpoint 2.
  static void Begin(Machine& machine, const StoreCase& c) {
    const uint64_t segments[] = {
        Descriptor(kCode, kCodeSegment | kBig),     Descriptor(kCode, kCodeSegment),
        Descriptor(kData, kDataSegment | kBig),     Descriptor(kExtra, kDataSegment | kBig),
        Descriptor(kStack, kDataSegment | kBig),    Descriptor(kStack, kDataSegment),
        Descriptor(GUEST_DATA, kDataSegment | kBig)};
    for (size_t i = 0; i < std::size(segments); ++i) {
      machine.At<uint64_t>(GUEST_GDT + 16 + 8 * i) = segments[i];
    }
    std::vector<uint8_t> code = {0xE6, GUEST_CHECKPOINT_PORT + 1};
    code.insert(code.end(), c.before.begin(), c.before.end());
    code.insert(code.end(), c.code.begin(), c.code.end());
    code.insert(code.end(), {0xE6, GUEST_CHECKPOINT_PORT + 2});
    memcpy(machine.bytes(kCode), code.data(), code.size());
    for (size_t i = 0; i < kPage; ++i) {
      machine.At<uint8_t>(GUEST_DATA + i) = static_cast<uint8_t>(0xD0 + i % 7);
    }

    ASSERT_TRUE(machine.vcpu().Reaches(0));
    zx_vcpu_state_t state = machine.vcpu().State();
    state.rbx = c.mode == k64 ? GUEST_CODE_SELECTOR : c.mode == k32 ? 16 : 24;
    state.r8 = c.mode == k64 ? kCode : 0;
    state.rcx = 32;
    state.rdx = 40;
    state.rsi = c.wide_stack ? 48 : 56;
    state.rdi = 64;
    machine.vcpu().SetState(state);
    ASSERT_TRUE(machine.vcpu().Reaches(1));
    zx_vcpu_state_t registers = c.registers;
    registers.rflags |= 2;
    machine.vcpu().SetState(registers);
  }

  // RIP of the form, as packets have it.
  static uint64_t Rip(const StoreCase& c) {
    return (c.mode == k64 ? kCode : 0) + 2 + c.before.size();
  }

  struct Outcome {
    zx_vcpu_state_t state{};
    std::vector<uint8_t> window;
    friend bool operator==(const Outcome& a, const Outcome& b) {
      return memcmp(&a.state, &b.state, sizeof(a.state)) == 0 && a.window == b.window;
    }
  };

  class Window {
   public:
    Window() : vmo_(CreateVmo(kWindowSize)), memory_(vmo_.get(), kWindowSize) {
      memset(memory_.bytes(), 0x5B, kWindowSize);
    }
    void MapInto(Machine& machine) {
      ASSERT_EQ(machine.Map(GUEST_WINDOW, vmo_.get(), kWindowSize), ZX_OK);
    }
    Outcome Take(Machine& machine) {
      return {machine.vcpu().State(), {memory_.bytes(), memory_.bytes() + kWindowSize}};
    }

   private:
    Handle vmo_;
    HostMapping memory_;
  };

  // What the form does where nothing is in its way.
  static Outcome RunFree(const StoreCase& c) {
    Machine machine(GUEST_BLOB(store_modes));
    Begin(machine, c);
    Window window;
    window.MapInto(machine);
    EXPECT_TRUE(machine.vcpu().Reaches(2));
    return window.Take(machine);
  }

  // The code before the form has been executed when the form is refused.
  static zx_vcpu_state_t AtTheForm(const StoreCase& c) {
    zx_vcpu_state_t state = c.registers;
    if (!c.before.empty() && c.before[0] == 0xB0) {
      state.rax = (state.rax & ~uint64_t{0xFF}) | c.before[1];
    }
    return state;
  }

  static Outcome RunRefused(const StoreCase& c) {
    Machine machine(GUEST_BLOB(store_modes));
    Begin(machine, c);
    Window window;
    zx_vcpu_state_t expected = AtTheForm(c);
    for (int round = 0; round < 2; ++round) {
      EXPECT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_FOUND));
      zx_vcpu_state_t now = machine.vcpu().State();
      if (c.loses_upper_half && now.rdi == (expected.rdi & 0xFFFFFFFF)) {
        KnownDifference("FAULT-8", "a 32-bit address has cleared the upper half of RDI");
        now.rdi = expected.rdi;
      }
      EXPECT_EQ(memcmp(&now, &expected, sizeof(now)), 0)
          << "round " << round << std::hex << ": rcx " << now.rcx << " rsi " << now.rsi << " rdi "
          << now.rdi << " rsp " << now.rsp << " rbp " << now.rbp << " rax " << now.rax;
    }
    window.MapInto(machine);
    EXPECT_TRUE(machine.vcpu().Reaches(2));
    return window.Take(machine);
  }

  static void RunTrapped(const StoreCase& c) {
    Machine machine(GUEST_BLOB(store_modes));
    Begin(machine, c);
    machine.TrapMem(GUEST_WINDOW, kWindowSize, kKey);
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
    const zx_packet_guest_mem_t& mem = machine.vcpu().packet().guest_mem;
    EXPECT_EQ(mem.addr, c.address);
    EXPECT_EQ(mem.rip, Rip(c));
    EXPECT_EQ(mem.instruction_size, c.code.size());
    EXPECT_EQ(mem.default_operand_size, c.mode == k16 ? 2 : 4);
    ASSERT_TRUE(machine.vcpu().Reaches(2)) << "one packet";
  }

  static void RunEachWay(const std::vector<StoreCase>& cases) {
    for (const StoreCase& c : cases) {
      SCOPED_TRACE(c.text);
      const Outcome free = RunFree(c);
      EXPECT_TRUE(RunRefused(c) == free) << "other results than with memory from the start";
      RunTrapped(c);
    }
  }
};

// The byte before the form is the end of a MOV to AL, and a prefix if it belongs to the form.
TEST_F(StoreTest, ABytesBeforeTheFormIsNoPrefix) {
  Shows("FAULT-8 FAULT-9 TRAP-MEM-3 TRAP-MEM-11");
  const zx_vcpu_state_t at_page_end = Registers(0, kData + kPage - 4, GUEST_STACK_TOP);
  const zx_vcpu_state_t inside = Registers(0, kData + 0x100, GUEST_STACK_TOP);
  const zx_vcpu_state_t wide = Registers(0, kData + kPage - 8, GUEST_STACK_TOP);
  RunEachWay({
      {"4 bytes at the end of a page",
       k64,
       true,
       {0xB0, 0x48},
       {0x89, 0x07},
       kData + kPage - 4,
       at_page_end},
      {"4 bytes inside a page", k64, true, {0xB0, 0x48}, {0x89, 0x07}, kData + 0x100, inside},
      {"8 bytes", k64, true, {0xB0, 0x90}, {0x48, 0x89, 0x07}, kData + 0x100, inside},
      {"16 bytes, F2", k64, true, {0xB0, 0xF2}, {0x0F, 0x11, 0x07}, kData + 0x100, inside},
      {"16 bytes, F3", k64, true, {0xB0, 0xF3}, {0x0F, 0x11, 0x07}, kData + 0x100, inside},
      {"16 bytes over two pages",
       k64,
       true,
       {0xB0, 0xF2},
       {0x0F, 0x11, 0x07},
       kData + kPage - 8,
       wide},
  });
}

// What stands at RIP while a REP has more to do, and what ends there.
TEST_F(StoreTest, ARepeatedStoreIsWhatStandsAtRip) {
  Shows("TRAP-MEM-13 TRAP-MEM-3 FAULT-8");
  const zx_vcpu_state_t five = Registers(0, kExtra + 0x100, GUEST_STACK_TOP, 5);
  RunEachWay({
      {"rep stosb behind AA", k64, true, {0xB0, 0xAA}, {0xF3, 0xAA}, kExtra + 0x100, five},
      {"rep stosd behind AB", k64, true, {0xB0, 0xAB}, {0xF3, 0xAB}, kExtra + 0x100, five},
      {"rep stosb of one",
       k64,
       true,
       {0xB0, 0xAA},
       {0xF3, 0xAA},
       kExtra + 0x100,
       Registers(0, kExtra + 0x100, GUEST_STACK_TOP, 1)},
      {"rep stosb, 16-bit",
       k16,
       false,
       {0xB0, 0xAA},
       {0xF3, 0xAA},
       kExtra + 0x100,
       Registers(0, 0x100, 0, 5)},
      {"rep stosb, the counter's upper half set",
       k16,
       false,
       {0xB0, 0x90},
       {0xF3, 0xAA},
       kExtra + 0x100,
       Registers(0, 0x100, 0, 0x10003)},
      {"stosb, the counter of a REP left", k64, true, {0xB0, 0x90}, {0xAA}, kExtra + 0x100, five},
  });
}

TEST_F(StoreTest, AStringStoreBeforeARepeatedOneIsAPacketOfItsOwn) {
  Shows("TRAP-MEM-3 TRAP-MEM-13");
  Machine machine(GUEST_BLOB(store_modes));
  const StoreCase c = {"stosb; rep stosb",
                       k64,
                       true,
                       {},
                       {0xAA, 0xF3, 0xAA},
                       kExtra,
                       Registers(0, kExtra, GUEST_STACK_TOP, 5)};
  Begin(machine, c);
  machine.TrapMem(GUEST_WINDOW, kWindowSize, kKey);
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
  EXPECT_EQ(machine.vcpu().packet().guest_mem.rip, Rip(c));
  EXPECT_EQ(machine.vcpu().packet().guest_mem.instruction_size, 1);
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
  EXPECT_EQ(machine.vcpu().packet().guest_mem.rip, Rip(c) + 1);
  EXPECT_EQ(machine.vcpu().packet().guest_mem.instruction_size, 2);
  ASSERT_TRUE(machine.vcpu().Reaches(2));
}

TEST_F(StoreTest, ARepeatedStoreRingsABellOnce) {
  Shows("TRAP-BELL-13");
  Machine machine(GUEST_BLOB(store_modes));
  Handle port = CreatePort();
  const StoreCase c = {"rep stosb behind AA",
                       k64,
                       true,
                       {0xB0, 0xAA},
                       {0xF3, 0xAA},
                       kExtra,
                       Registers(0, kExtra, GUEST_STACK_TOP, 5)};
  Begin(machine, c);
  machine.TrapBell(GUEST_WINDOW, kWindowSize, port.get(), kKey);
  ASSERT_TRUE(machine.vcpu().Reaches(2));
  zx_port_packet_t packet;
  ASSERT_EQ(zx_port_wait(port.get(), 0, &packet), ZX_OK);
  EXPECT_EQ(packet.guest_bell.addr, kExtra);
  EXPECT_EQ(zx_port_wait(port.get(), 0, &packet), ZX_ERR_TIMED_OUT);
}

TEST_F(StoreTest, SixtyFourBitCode) {
  Shows("FAULT-8 FAULT-9 TRAP-MEM-3");
  const uint64_t at = kData + 0x100;
  zx_vcpu_state_t by_rcx = Registers(at, at, at);
  by_rcx.rcx = 0x20;
  zx_vcpu_state_t pop = Registers(at, at, GUEST_STACK_TOP - 8);
  zx_vcpu_state_t upper = Registers(at, at | 0x7700000000, at);
  zx_vcpu_state_t down = Registers(at, at, at);
  down.rflags = 0x400;
  RunEachWay({
      {"mov [ebx*1+disp], al, REX.B set",
       k64,
       true,
       {},
       {0x67, 0x41, 0x88, 0x04, 0x1D, 0x10, 0, 0, 0},
       at + 0x10,
       by_rcx},
      {"mov [ecx*8+disp], al",
       k64,
       true,
       {},
       {0x67, 0x88, 0x04, 0xCD, 0x00, 0x00, 0x00, 0x12},
       kData + 0x100,
       by_rcx},
      {"stosd", k64, true, {}, {0xAB}, at, by_rcx},
      {"addr32 stosd", k64, true, {}, {0x67, 0xAB}, at, by_rcx},
      {"addr32 stosd, upper half set", k64, true, {}, {0x67, 0xAB}, at, upper, true},
      {"stosd downwards", k64, true, {}, {0xAB}, at, down},
      {"push fs", k64, true, {}, {0x0F, 0xA0}, at - 8, by_rcx},
      {"push -1", k64, true, {}, {0x6A, 0xFF}, at - 8, by_rcx},
      {"push rsp", k64, true, {}, {0x54}, at - 8, by_rcx},
      {"pushfq", k64, true, {}, {0x9C}, at - 8, by_rcx},
      {"enter 0x40", k64, true, {}, {0xC8, 0x40, 0, 0}, at - 8, by_rcx},
      {"call +0", k64, true, {}, {0xE8, 0, 0, 0, 0}, at - 8, by_rcx},
      {"pop [rbx]", k64, true, {}, {0x8F, 0x03}, at, pop},
      {"pop [rsp+disp]",
       k64,
       true,
       {},
       {0x8F, 0x84, 0x24, 0x00, 0x01, 0xF8, 0x11},
       GUEST_STACK_TOP + 0x11F80100,
       pop},
      {"mov [rbx], ds", k64, true, {}, {0x8C, 0x1B}, at, by_rcx},
      {"mov [rbx], ds, REX.W", k64, true, {}, {0x48, 0x8C, 0x1B}, at, by_rcx},
      {"movsd", k64, true, {}, {0x64, 0xA5}, at, by_rcx},
  });
}

TEST_F(StoreTest, ThirtyTwoBitCode) {
  Shows("FAULT-8 FAULT-9 TRAP-MEM-3 TRAP-MEM-14");
  const zx_vcpu_state_t registers = Registers(0x100, 0x200, 0x300);
  RunEachWay({
      {"mov [ebx], eax", k32, true, {}, {0x89, 0x03}, kData + 0x100, registers},
      {"mov es:[edi], ds", k32, true, {}, {0x26, 0x8C, 0x1F}, kExtra + 0x200, registers},
      {"mov [edi], ds", k32, true, {}, {0x8C, 0x1F}, kData + 0x200, registers},
      {"push ds", k32, true, {}, {0x1E}, kStack + 0x2FC, registers},
      {"push eax", k32, true, {}, {0x50}, kStack + 0x2FC, registers},
      {"push eax on a 16-bit stack",
       k32,
       false,
       {},
       {0x50},
       kStack + 0x2FC,
       Registers(0x100, 0x200, 0x70300)},
      {"push ax on a 16-bit stack",
       k32,
       false,
       {},
       {0x66, 0x50},
       kStack + 0x2FE,
       Registers(0x100, 0x200, 0x70300)},
      {"pusha", k32, true, {}, {0x60}, kStack + 0x2E0, registers},
      {"pushfd", k32, true, {}, {0x9C}, kStack + 0x2FC, registers},
      {"enter 0x40", k32, true, {}, {0xC8, 0x40, 0, 0}, kStack + 0x2FC, registers},
      {"stosd", k32, true, {}, {0xAB}, kExtra + 0x200, registers},
      {"addr16 stosb at the end of 64 KiB",
       k32,
       true,
       {},
       {0x67, 0xAA},
       kExtra + 0xFFFF,
       Registers(0x100, 0x1FFFF, 0x300)},
      {"mov [bx+disp], eax", k32, true, {}, {0x67, 0x89, 0x47, 0x10}, kData + 0x110, registers},
  });
}

TEST_F(StoreTest, SixteenBitCode) {
  Shows("FAULT-8 FAULT-9 TRAP-MEM-3 TRAP-MEM-14");
  const zx_vcpu_state_t registers = Registers(0x100, 0x200, 0x300);
  RunEachWay({
      {"mov [bx], ax", k16, false, {}, {0x89, 0x07}, kData + 0x100, registers},
      {"mov es:[di], ds", k16, false, {}, {0x26, 0x8C, 0x1D}, kExtra + 0x200, registers},
      {"stosb at the end of 64 KiB",
       k16,
       false,
       {},
       {0xAA},
       kExtra + 0xFFFF,
       Registers(0x100, 0x7FFFF, 0x300)},
      {"push ax on a 32-bit stack", k16, true, {}, {0x50}, kStack + 0x2FE, registers},
      {"push ax", k16, false, {}, {0x50}, kStack + 0x2FE, Registers(0, 0, 0x70300)},
      {"push eax", k16, false, {}, {0x66, 0x50}, kStack + 0x2FC, Registers(0, 0, 0x70300)},
      {"push ds", k16, false, {}, {0x1E}, kStack + 0x2FE, Registers(0, 0, 0x70300)},
      {"pusha", k16, false, {}, {0x60}, kStack + 0x2F0, registers},
      {"push at the stack's beginning",
       k16,
       false,
       {},
       {0x50},
       kStack + 0xFFFE,
       Registers(0, 0, 0x70000)},
      {"rep stosw",
       k16,
       false,
       {},
       {0xF3, 0xAB},
       kExtra + 0x200,
       Registers(0, 0x70200, 0x300, 0x70003)},
  });
}

// ---- Single steps ----

// The trap flag is set before the first instruction of `code`: where its trap comes, and how often.
struct Steps {
  std::vector<int> vectors;
  uint64_t rip = 0;  // from the code's beginning
};

class StepTest : public KvmTest {
 protected:
  enum Where { kMemory, kTrap, kBell };
  static Steps Run(const std::vector<uint8_t>& code, Where where) {
    Machine machine(GUEST_BLOB(single_step));
    Handle port = CreatePort();
    const uint64_t slot = machine.blob().form(0).rip();
    memcpy(machine.bytes(slot), code.data(), code.size());
    machine.TrapIo(0x500, 4, kKey);
    Handle vmo;
    if (where == kMemory) {
      vmo = CreateVmo(kPage);
      EXPECT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), kPage), ZX_OK);
      HostMapping(vmo.get(), kPage).At<uint64_t>(0) = 3;
    } else if (where == kTrap) {
      machine.TrapMem(GUEST_WINDOW, kPage, kKey);
    } else {
      machine.TrapBell(GUEST_WINDOW, kPage, port.get(), kKey);
    }
    EXPECT_TRUE(machine.vcpu().Reaches(0));
    zx_vcpu_state_t state = machine.vcpu().State();
    state.rax = 17;
    state.rbx = state.rdi = GUEST_WINDOW;
    state.rcx = 3;
    state.rdx = 0x500;
    state.rsi = GUEST_DATA;
    machine.vcpu().SetState(state);
    for (int exits = 0; exits < 3 && !machine.vcpu().AtCheckpoint(1); ++exits) {
      if (machine.vcpu().Enter() != ZX_OK) break;
    }
    EXPECT_TRUE(machine.vcpu().AtCheckpoint(1));
    Steps steps;
    steps.vectors = machine.LogVectors();
    if (!steps.vectors.empty()) steps.rip = machine.LogRip(0) - slot;
    return steps;
  }
};

TEST_F(StepTest, ATrappedInstructionIsAStep) {
  Shows("INSN-9 TRAP-MEM-6 TRAP-MEM-7");
  const struct {
    const char* text;
    std::vector<uint8_t> code;
  } kCases[] = {
      {"mov eax, [rbx]", {0x8B, 0x03}},
      {"add eax, [rbx]", {0x03, 0x03}},
      {"add [rbx], eax", {0x01, 0x03}},
      {"cmp [rbx], eax", {0x39, 0x03}},
      {"mov [rbx], eax", {0x89, 0x03}},
      {"mov [rbx], rax", {0x48, 0x89, 0x03}},
      {"stosd", {0xAB}},
      {"in al, dx", {0xEC}},
      {"in eax, dx", {0xED}},
      {"nop", {0x90}},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.text);
    for (const Where where : {kMemory, kTrap}) {
      const Steps steps = Run(c.code, where);
      EXPECT_EQ(steps.vectors, std::vector<int>{1}) << "where " << where;
      EXPECT_EQ(steps.rip, c.code.size()) << "where " << where;
    }
  }
}

TEST_F(StepTest, AnOutIsAStep) {
  Shows("INSN-9");
  NEEDS(ProbeStepOverOut());
  const Steps steps = Run({0xEE}, kTrap);
  EXPECT_EQ(steps.vectors, std::vector<int>{1});
  EXPECT_EQ(steps.rip, 1u);
}

// The library has the kernel divide by zero there, which is nobody's exception.
TEST_F(StepTest, AnExceptionOfBytesThatDoNotMatterIsNone) {
  Shows("INSN-9 TRAP-MEM-7");
  const std::vector<uint8_t> kDiv = {0xF7, 0x33};  // div dword ptr [rbx]
  const Steps steps = Run(kDiv, kTrap);
  EXPECT_EQ(steps.vectors, std::vector<int>{1});
  EXPECT_EQ(steps.rip, kDiv.size());
}

TEST_F(StepTest, ABellIsAStep) {
  Shows("INSN-9 TRAP-BELL-2");
  const Steps steps = Run({0x89, 0x03}, kBell);
  EXPECT_EQ(steps.vectors, std::vector<int>{1});
  EXPECT_EQ(steps.rip, 2u);
}

}  // namespace
}  // namespace conformance
