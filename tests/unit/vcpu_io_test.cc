// Port exits: packets, completion, refusals. Rows: TRAP-IO.

#include <gtest/gtest.h>

#include <cstring>

#include "contract.h"
#include "fake/guest_memory.h"
#include "fake/machine_test.h"

namespace zircon {
namespace {

using fake::DefaultHost;
using fake::HostModel;
using fake::Machine;
using fake::PioIn;
using fake::PioOut;
using fake::StringIo;

constexpr uint16_t kPort = 0x60;
constexpr uint64_t kKey = 0xFEED;
constexpr uint64_t kOldRax = 0x1122334455667788;
constexpr uint64_t kUserCarry = 0x1;

// Both kinds of host: where port instructions exit directly, and where KVM emulates them.
class VcpuIo : public fake::OnMachine, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    HostModel host = DefaultHost();
    host.emulates_ports = GetParam();
    Use(std::move(host));
    ASSERT_EQ(machine().TrapIo(kPort, 8, kKey), ZX_OK);
    zx_vcpu_state_t state = {};
    state.rax = kOldRax;
    state.rdx = kPort;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
  }
  // The guest ends in an exit that the library has no use for but to return: an OUT to the trap.
  void PushEnd() { cpu().Push(PioOut(kPort, 1)); }
};

INSTANTIATE_TEST_SUITE_P(Hosts, VcpuIo, ::testing::Bool(), [](const auto& param_info) {
  return param_info.param ? "emulated" : "direct";
});

TEST_P(VcpuIo, OutGivesItsDataAndTakesOneRun) {
  Shows("TRAP-18 TRAP-IO-1");
  const struct {
    std::initializer_list<uint8_t> code;
    uint8_t size;
    uint8_t length;
  } kCases[] = {{{0xEE}, 1, 1}, {{0x66, 0xEF}, 2, 2}, {{0xEF}, 4, 1}};
  for (const auto& c : kCases) {
    machine().Code(c.code);
    cpu().Push(PioOut(kPort, c.size, c.length));
    ASSERT_EQ(EnterWithRuns(1), ZX_OK);
    // "data = low access_size bytes of RAX, remaining data bytes 0"; TRAP-18.
    EXPECT_EQ(packet().key, kKey);
    EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
    EXPECT_EQ(packet().status, ZX_OK);
    EXPECT_EQ(packet().guest_io.port, kPort);
    EXPECT_EQ(packet().guest_io.access_size, c.size);
    EXPECT_FALSE(packet().guest_io.input);
    const uint32_t mask = c.size == 4 ? 0xFFFFFFFF : (1u << (8 * c.size)) - 1;
    EXPECT_EQ(packet().guest_io.u32, kOldRax & mask);
    EXPECT_EQ(packet().guest_io.reserved0, 0u);
    EXPECT_EQ(packet().guest_io.reserved1, 0u);
    EXPECT_EQ(packet().guest_io.reserved2, 0u);
  }
}

TEST_P(VcpuIo, RipIsPastAnOutWhenTheGuestGoesOn) {
  Shows("TRAP-IO-3");
  machine().Code({0xEE, 0xEE});
  cpu().Push(PioOut(kPort, 1));
  PushEnd();
  const uint64_t rip = cpu().regs.rip;
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(EnterWithRuns(1), ZX_OK);
  EXPECT_EQ(machine().State().rax, kOldRax);
  EXPECT_GE(cpu().regs.rip, rip + 1);
}

TEST_P(VcpuIo, InShowsRaxUnchangedForOneAndTwoBytesAndZeroForFour) {
  Shows("TRAP-IO-2 TRAP-IO-4 TRAP-IO-6");
  const struct {
    std::initializer_list<uint8_t> code;
    uint8_t size;
    uint8_t length;
    uint64_t rax;
  } kCases[] = {{{0xEC}, 1, 1, kOldRax}, {{0x66, 0xED}, 2, 2, kOldRax}, {{0xED}, 4, 1, 0}};
  for (const auto& c : kCases) {
    machine().Code(c.code);
    cpu().Push(PioIn(kPort, c.size, c.length));
    ASSERT_EQ(EnterWithRuns(1), ZX_OK);
    EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
    EXPECT_TRUE(packet().guest_io.input);
    EXPECT_EQ(packet().guest_io.access_size, c.size);
    EXPECT_EQ(packet().guest_io.u32, 0u);
    EXPECT_EQ(machine().State().rax, c.rax);
    // "Not compulsory: re-entering without it leaves RAX as in the table."
    machine().CodeAt(cpu().regs.rip + c.length, {0xEE});
    const uint64_t rip = cpu().regs.rip;
    PushEnd();
    ASSERT_EQ(EnterWithRuns(1), ZX_OK);
    EXPECT_EQ(machine().State().rax, c.rax);
    EXPECT_GE(cpu().regs.rip, rip + c.length);
    zx_vcpu_state_t state = machine().State();
    state.rax = kOldRax;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    cpu().regs.rip = Machine::kEntry;
    cpu().run().s.regs.regs.rip = Machine::kEntry;
  }
}

TEST_P(VcpuIo, WriteIoReplacesTheLowBytes) {
  Shows("TRAP-IO-5");
  const struct {
    std::initializer_list<uint8_t> code;
    uint8_t size;
    uint8_t length;
    uint64_t rax;
  } kCases[] = {{{0xEC}, 1, 1, 0x11223344556677D4},
                {{0x66, 0xED}, 2, 2, 0x112233445566C3D4},
                {{0xED}, 4, 1, 0xA1B2C3D4}};
  for (const auto& c : kCases) {
    machine().Code(c.code);
    machine().CodeAt(Machine::kEntry + c.length, {0xEE});
    cpu().Push(PioIn(kPort, c.size, c.length));
    ASSERT_EQ(EnterWithRuns(1), ZX_OK);
    ASSERT_EQ(machine().WriteIo(c.size, 0xA1B2C3D4), ZX_OK);
    EXPECT_EQ(machine().State().rax, c.rax);
    PushEnd();
    // "IN + write_state(IO): 1 VCPU ioctl".
    ASSERT_EQ(EnterWithRuns(1), ZX_OK);
    EXPECT_EQ(cpu().regs.rax, c.rax);
    EXPECT_EQ(machine().State().rax, c.rax);
    zx_vcpu_state_t state = machine().State();
    state.rax = kOldRax;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    cpu().regs.rip = Machine::kEntry;
    cpu().run().s.regs.regs.rip = Machine::kEntry;
  }
}

TEST_P(VcpuIo, WriteIoOfAnotherSizeThanThePacket) {
  Shows("TRAP-IO-5");
  // "access_size in the call need not equal the packet's".
  machine().Code({0xEC, 0xEE});
  cpu().Push(PioIn(kPort, 1));
  PushEnd();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(machine().WriteIo(4, 0xA1B2C3D4), ZX_OK);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  // The kernel merges one byte itself; the other three must arrive all the same.
  EXPECT_EQ(cpu().regs.rax, 0x11223344A1B2C3D4u);
  EXPECT_EQ(cpu().regs.rip, Machine::kEntry + (GetParam() ? 2 : 1));
}

TEST_P(VcpuIo, WriteIoAtAnyTime) {
  // "may be called at any time and always writes RAX"
  machine().Code({0xEE});
  ASSERT_EQ(machine().WriteIo(2, 0xBEEF), ZX_OK);
  cpu().Push(PioOut(kPort, 1));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(cpu().regs.rax, 0x112233445566BEEFu);
  // Four bytes too leave the rest, unlike an instruction's.
  ASSERT_EQ(machine().WriteIo(4, 0xDEADBEEF), ZX_OK);
  EXPECT_EQ(machine().State().rax, 0x11223344DEADBEEFu);
}

TEST_P(VcpuIo, WriteStateAfterInWins) {
  Shows("TRAP-IO-5");
  machine().Code({0xED, 0xEE});
  cpu().Push(PioIn(kPort, 4));
  PushEnd();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  zx_vcpu_state_t state = machine().State();
  state.rax = 0xDEADBEEF;
  state.rbx = 0x42;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  ASSERT_EQ(EnterWithRuns(1), ZX_OK);
  EXPECT_EQ(cpu().regs.rax, 0xDEADBEEFu);
  EXPECT_EQ(cpu().regs.rbx, 0x42u);
  EXPECT_EQ(cpu().regs.rip, Machine::kEntry + (GetParam() ? 2 : 1));
}

TEST_P(VcpuIo, UpperHalfOfRaxWrittenAfterInOfFourBytes) {
  Shows("TRAP-IO-5");
  // The kernel would clear the upper half: completed first, then restored.
  machine().Code({0xED, 0xEE});
  cpu().Push(PioIn(kPort, 4));
  PushEnd();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  zx_vcpu_state_t state = machine().State();
  state.rax = 0xAAAA0000DEADBEEF;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  ASSERT_EQ(EnterWithRuns(2), ZX_OK);
  EXPECT_EQ(cpu().immediate_runs(), 1u);
  EXPECT_EQ(cpu().regs.rax, 0xAAAA0000DEADBEEFu);
  EXPECT_EQ(cpu().regs.rip, Machine::kEntry + (GetParam() ? 2 : 1));
}

TEST_P(VcpuIo, FlagsWrittenAfterInSurvive) {
  machine().Code({0xEC, 0xEE});
  cpu().Push(PioIn(kPort, 1));
  PushEnd();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  zx_vcpu_state_t state = machine().State();
  state.rflags = kUserCarry | 0x2;
  state.rax = 0x55;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  ASSERT_EQ(EnterWithRuns(2), ZX_OK);
  EXPECT_EQ(cpu().regs.rflags & kUserCarry, kUserCarry);
  EXPECT_EQ(cpu().regs.rax, 0x55u);
}

TEST_P(VcpuIo, ImmediatePortForms) {
  Shows("TRAP-IO-1 TRAP-IO-2");
  ASSERT_EQ(machine().TrapIo(0x70, 2, 7), ZX_OK);
  machine().Code({0xE6, 0x70, 0xE4, 0x71, 0xEE});  // out %al,$0x70; in $0x71,%al; out
  cpu().Push(PioOut(0x70, 1, 2));
  cpu().Push(PioIn(0x71, 1, 2));
  PushEnd();
  ASSERT_EQ(EnterWithRuns(1), ZX_OK);
  EXPECT_EQ(packet().key, 7u);
  EXPECT_EQ(packet().guest_io.port, 0x70);
  ASSERT_EQ(EnterWithRuns(1), ZX_OK);
  EXPECT_EQ(packet().guest_io.port, 0x71);
  ASSERT_EQ(machine().WriteIo(1, 0x26), ZX_OK);
  ASSERT_EQ(EnterWithRuns(1), ZX_OK);
  EXPECT_EQ(cpu().regs.rax & 0xFF, 0x26u);
}

TEST_P(VcpuIo, UntrappedInLeavesRipAndRegisters) {
  Shows("TRAP-IO-9");
  // "port not trapped: enter → NOT_FOUND; RIP not moved; repeats"
  machine().Code({0xE4, 0x80});
  for (int i = 0; i < 2; ++i) {
    cpu().Push(PioIn(0x80, 1, 2));
    EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND);
    EXPECT_EQ(machine().State().rax, kOldRax);
  }
  cpu().Push(fake::Do([](fake::FakeVcpu& vcpu) {
    EXPECT_EQ(vcpu.regs.rip, Machine::kEntry);
    EXPECT_EQ(vcpu.regs.rax, kOldRax);
  }));
  cpu().Push(PioIn(0x80, 1, 2));
  EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND);
}

TEST_P(VcpuIo, UntrappedOutLeavesRip) {
  Shows("TRAP-IO-9");
  const std::vector<uint8_t> kForms[] = {
      {0xE6, 0x80}, {0xEE}, {0x66, 0xE7, 0x80}, {0xEF}, {0x67, 0x66, 0xE7, 0x80}};
  const uint8_t kSizes[] = {1, 1, 2, 4, 2};
  zx_vcpu_state_t state = machine().State();
  state.rdx = 0x80;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  machine().Code({0x90});
  for (size_t i = 0; i < std::size(kForms); ++i) {
    machine().CodeAt(Machine::kEntry, kForms[i]);
    const auto length = static_cast<uint8_t>(kForms[i].size());
    machine().CodeAt(Machine::kEntry + length, {0x90, 0x90});
    for (int again = 0; again < 2; ++again) {
      cpu().Push(fake::Do([](fake::FakeVcpu& vcpu) { EXPECT_EQ(vcpu.regs.rip, Machine::kEntry); }));
      cpu().Push(PioOut(0x80, kSizes[i], length));
      EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND) << i;
    }
  }
}

TEST_P(VcpuIo, AccessReachingIntoATrapIsNotAHit) {
  Shows("TRAP-IO-7 TRAP-IO-8");
  // "An access starting below the range and reaching into it is not a hit"; one that starts on
  // the last trapped port is delivered whole.
  zx_vcpu_state_t state = machine().State();
  state.rdx = kPort - 1;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  machine().Code({0xED});
  cpu().Push(PioIn(kPort - 1, 4));
  EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND);
  state = machine().State();
  state.rdx = kPort + 7;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  cpu().Push(PioIn(kPort + 7, 4));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(packet().guest_io.port, kPort + 7);
  EXPECT_EQ(packet().guest_io.access_size, 4);
}

TEST_P(VcpuIo, StringsAreRefusedAndLeaveEverything) {
  Shows("TRAP-IO-10");
  // "INS/OUTS, with or without REP: enter → NOT_SUPPORTED; RIP not moved", "restore RIP,
  // RCX, RSI/RDI".
  const struct {
    std::vector<uint8_t> code;
    uint8_t size;
    bool in;
    uint32_t count;
    bool stays;
  } kCases[] = {
      {{0x6C}, 1, true, 1, false},         // insb
      {{0xF3, 0x6C}, 1, true, 3, true},    // rep insb
      {{0x6D}, 4, true, 1, false},         // insl
      {{0x6E}, 1, false, 1, false},        // outsb
      {{0x66, 0x6F}, 2, false, 1, false},  // outsw
      {{0xF3, 0x6F}, 4, false, 1, true},   // rep outsl, not done
      {{0xF3, 0x6E}, 1, false, 1, true},   // rep outsb; below also its last iteration
  };
  zx_vcpu_state_t state = machine().State();
  state.rdx = kPort;
  state.rcx = 5;
  state.rsi = 0x8000;
  state.rdi = 0x9000;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  for (const auto& c : kCases) {
    machine().CodeAt(Machine::kEntry, {0x90, 0x90, 0x90, 0x90});
    machine().CodeAt(Machine::kEntry, c.code);
    for (const uint64_t rcx : {5, 1}) {
      // KVM leaves RIP on it with a count of 0 too.
      if (rcx < c.count) continue;
      state.rcx = rcx;
      ASSERT_EQ(machine().SetState(state), ZX_OK);
      for (int again = 0; again < 2; ++again) {
        cpu().Push([c](fake::FakeVcpu& vcpu) {
          EXPECT_EQ(vcpu.regs.rip, Machine::kEntry);
          return StringIo(kPort, c.size, c.in, c.count, static_cast<uint8_t>(c.code.size()),
                          c.stays)(vcpu);
        });
        EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_SUPPORTED);
        const zx_vcpu_state_t now = machine().State();
        EXPECT_EQ(now.rcx, rcx) << int{c.code.back()};
        EXPECT_EQ(now.rsi, 0x8000u) << int{c.code.back()};
        EXPECT_EQ(now.rdi, 0x9000u) << int{c.code.back()};
      }
    }
  }
}

// By 16-bit addresses: the other bits of the registers are no part of them.
TEST_P(VcpuIo, StringsMoveTheLowBitsOfTheirRegistersOnly) {
  Shows("TRAP-IO-10");
  cpu().sregs = fake::RealModeSregs();
  zx_vcpu_state_t state = machine().State();
  state.rdx = kPort;
  state.rcx = 0x7'0000'0003;
  state.rsi = 0x7'0000'FFFF;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  machine().CodeAt(Machine::kEntry, {0xF3, 0x6E});  // rep outsb
  machine().CodeAt(0xFFFF, {0x5A});
  cpu().Push([](fake::FakeVcpu& vcpu) {
    vcpu.regs.rsi = 0xFFFF;
    EXPECT_EQ(StringIo(kPort, 1, false, 1, 2, true)(vcpu), fake::kExit);
    vcpu.regs.rsi = 0x7'0000'0000;
    vcpu.regs.rcx = 0x7'0000'0002;
    return fake::kExit;
  });
  EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(machine().State().rsi, 0x7'0000'FFFFu);
  EXPECT_EQ(machine().State().rcx, 0x7'0000'0003u);
}

// Into memory of nobody: what the kernel has read ahead from the port it reports as so many stores.
fake::Step InsIntoADevice() {
  return [](fake::FakeVcpu& vcpu) {
    const int exit = StringIo(kPort, 1, true, 1024, 2, true)(vcpu);
    const uint64_t address = vcpu.regs.rdi;
    vcpu.CompleteWith([address](fake::FakeVcpu& later) {
      std::vector<fake::Piece> pieces;
      for (uint64_t at = 0; at < 1024; at += 8) pieces.push_back({address + at, 8, 0x5C});
      later.regs.rcx -= 1024;
      return fake::MmioWritePieces(pieces, 0)(later);
    });
    return exit;
  };
}

TEST_P(VcpuIo, StringsIntoADeviceComeBackManyTimes) {
  Shows("TRAP-IO-10 VCPU-ENTER-12");
  zx_vcpu_state_t state = machine().State();
  state.rdx = kPort;
  state.rcx = 3000;
  state.rdi = Machine::kDeviceAddress;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  machine().Code({0xF3, 0x6C});  // rep insb
  for (int round = 0; round < 2; ++round) {
    cpu().Push(InsIntoADevice());
    EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_SUPPORTED);
    EXPECT_EQ(machine().State().rcx, 3000u);
    EXPECT_EQ(machine().State().rdi, Machine::kDeviceAddress);
  }
}

TEST_P(VcpuIo, StringsOnAPortWithoutATrapAreRefusedTheSameWay) {
  Shows("TRAP-IO-10");
  constexpr uint16_t kUntrapped = 0x80;
  zx_vcpu_state_t state = machine().State();
  state.rdx = kUntrapped;
  state.rsi = state.rdi = 0x8000;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  for (const bool in : {true, false}) {
    machine().CodeAt(Machine::kEntry, {static_cast<uint8_t>(in ? 0x6C : 0x6E), 0x90});
    cpu().Push(StringIo(kUntrapped, 1, in, 1, 1, false));
    EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_SUPPORTED) << in;
  }
}

// The kernel finishes an INS that is refused, and stores what it has been given for it.
TEST_P(VcpuIo, ARefusedInsLeavesItsMemory) {
  Shows("TRAP-IO-10");
  const std::vector<uint8_t> before = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66};
  machine().CodeAt(0x8000, before);
  machine().CodeAt(Machine::kEntry, {0xF3, 0x6C, 0x90});  // rep insb
  // At 0 stand the machine's page tables.
  for (const uint64_t to : {0x8000, 0}) {
    zx_vcpu_state_t state = machine().State();
    state.rdx = kPort;
    state.rcx = 5;
    state.rdi = to;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    const std::vector<uint8_t> memory(machine().memory(to), machine().memory(to) + 6);
    cpu().Push([](fake::FakeVcpu& vcpu) {
      std::memset(vcpu.port_data(), 0xEE, 5);  // nobody may rely on it
      return StringIo(kPort, 1, true, 5, 2, true)(vcpu);
    });
    EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_SUPPORTED);
    EXPECT_EQ(machine().State().rdi, to);
    EXPECT_EQ(machine().State().rcx, 5u);
    EXPECT_EQ(std::vector<uint8_t>(machine().memory(to), machine().memory(to) + 6), memory) << to;
  }
}

TEST_P(VcpuIo, DestroyedWithAnInOwed) {
  // What the kernel is owed is completed with immediate_exit.
  machine().Code({0xEC});
  cpu().Push(PioIn(kPort, 1));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(zx_handle_close(machine().vcpu), ZX_OK);
  ASSERT_EQ(zx_vcpu_create(machine().guest, 0, 0x5000, &machine().vcpu), ZX_OK);
  EXPECT_EQ(cpu().immediate_runs(), 1u);
  EXPECT_EQ(cpu().regs.rip, 0x5000u);
  EXPECT_EQ(cpu().regs.rax, 0u);
  EXPECT_EQ(machine().State().rax, 0u);
}

TEST_P(VcpuIo, KickBetweenInAndItsCompletion) {
  machine().Code({0xEC, 0xEE});
  cpu().Push(PioIn(kPort, 1));
  PushEnd();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ASSERT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  EXPECT_EQ(EnterWithRuns(0), ZX_ERR_CANCELED);
  ASSERT_EQ(machine().WriteIo(1, 0x99), ZX_OK);
  ASSERT_EQ(EnterWithRuns(1), ZX_OK);
  EXPECT_EQ(cpu().regs.rax, 0x1122334455667799u);
}

}  // namespace
}  // namespace zircon
