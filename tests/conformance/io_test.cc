// I/O ports: packets for OUT and IN, what an IN leaves in RAX, string I/O, ports without a trap.
// Rows: TRAP-IO.

#include <fmt/format.h>

#include <cstring>

#include "contract.h"
#include "harness.h"

DECLARE_GUEST(io_out);
DECLARE_GUEST(io_in);
DECLARE_GUEST(io_string);
DECLARE_GUEST(io_ranges);
DECLARE_GUEST(io_many);
DECLARE_GUEST(io_before_string);

namespace conformance {
namespace {

constexpr uint64_t kRax = 0x1122334455667788;
constexpr uint8_t kWidths[] = {1, 2, 4, 1, 2, 4};  // Of the forms in io_out and io_in.

uint64_t LowBytes(uint64_t value, int bytes) { return value & ((uint64_t{1} << (8 * bytes)) - 1); }

// RAX after an IN that nobody completed.
uint64_t RaxAfterIn(int width) { return width == 4 ? 0 : kRax; }

uint64_t Merge(uint64_t rax, int width, uint64_t value) {
  return (rax & ~LowBytes(~uint64_t{0}, width)) | LowBytes(value, width);
}

class IoTest : public KvmTest {
 protected:
  static void TrapPorts(Machine& machine) {
    machine.TrapIo(0x40, 1, 0);  // Any key will do, 0 too.
    machine.TrapIo(0x500, 4, 0xFEDCBA9876543210);
  }
  static uint64_t KeyOf(const Form& form) { return form.address == 0x40 ? 0 : 0xFEDCBA9876543210; }
  static void ExpectPacket(const zx_port_packet_t& packet, const Form& form, int width,
                           bool input) {
    EXPECT_EQ(packet.guest_io.port, form.address);
    EXPECT_EQ(packet.guest_io.access_size, width);
    EXPECT_EQ(packet.guest_io.input, input);
    EXPECT_EQ(packet.guest_io.u32, input ? 0 : LowBytes(kRax, width));
    EXPECT_EQ(packet.guest_io.reserved0, 0u);
    EXPECT_EQ(packet.guest_io.reserved1, 0u);
    EXPECT_EQ(packet.guest_io.reserved2, 0u);
  }
};

TEST_F(IoTest, OutOfEachWidth) {
  Shows("TRAP-IO-1 TRAP-IO-3 TRAP-12 TRAP-18");
  Machine machine(GUEST_BLOB(io_out));
  TrapPorts(machine);
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < machine.blob().form_count(); ++i) {
      const Form& form = machine.blob().form(i);
      SCOPED_TRACE(form.text());
      ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, KeyOf(form)));
      ExpectPacket(machine.vcpu().packet(), form, kWidths[i], false);
      EXPECT_EQ(machine.vcpu().State().rax, kRax);
    }
    ASSERT_TRUE(machine.vcpu().Reaches(0));
  }
}

TEST_F(IoTest, InLeavesRaxAsDocumentedWithoutTheVmm) {
  Shows("TRAP-IO-2 TRAP-IO-3 TRAP-IO-4 TRAP-IO-6 TRAP-18");
  Machine machine(GUEST_BLOB(io_in));
  TrapPorts(machine);
  for (const bool look : {false, true}) {
    for (size_t i = 0; i < machine.blob().form_count(); ++i) {
      const Form& form = machine.blob().form(i);
      SCOPED_TRACE(testing::Message() << form.text() << (look ? ", looked at" : ""));
      ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, KeyOf(form)));
      ExpectPacket(machine.vcpu().packet(), form, kWidths[i], true);
      if (look) {
        EXPECT_EQ(machine.vcpu().State().rax, RaxAfterIn(kWidths[i]));
      }
      ASSERT_TRUE(machine.vcpu().Reaches(0));
      EXPECT_EQ(machine.vcpu().State().r8, RaxAfterIn(kWidths[i]));
    }
  }
}

TEST_F(IoTest, InTakesTheVmmsValue) {
  Shows("TRAP-IO-5");
  Machine machine(GUEST_BLOB(io_in));
  TrapPorts(machine);
  constexpr uint32_t kValue = 0xA1B2C3D4;
  for (const bool look : {false, true}) {
    for (size_t i = 0; i < machine.blob().form_count(); ++i) {
      const Form& form = machine.blob().form(i);
      SCOPED_TRACE(testing::Message() << form.text() << (look ? ", looked at" : ""));
      ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, KeyOf(form)));
      ASSERT_EQ(machine.vcpu().WriteIo(kWidths[i], kValue), ZX_OK);
      const uint64_t expected = Merge(RaxAfterIn(kWidths[i]), kWidths[i], kValue);
      if (look) {
        EXPECT_EQ(machine.vcpu().State().rax, expected);
      }
      ASSERT_TRUE(machine.vcpu().Reaches(0));
      EXPECT_EQ(machine.vcpu().State().r8, expected);
    }
  }
}

// The call need not fit the packet, may come twice, and the last one counts for its bytes.
TEST_F(IoTest, InTakesValuesOfOtherWidths) {
  Shows("TRAP-IO-5");
  for (const uint8_t width : {uint8_t{1}, uint8_t{2}, uint8_t{4}}) {
    Machine machine(GUEST_BLOB(io_in));
    TrapPorts(machine);
    for (size_t i = 0; i < machine.blob().form_count(); ++i) {
      const Form& form = machine.blob().form(i);
      SCOPED_TRACE(testing::Message() << form.text() << ", value of " << int{width});
      ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, KeyOf(form)));
      ASSERT_EQ(machine.vcpu().WriteIo(4, 0x55667788), ZX_OK);
      ASSERT_EQ(machine.vcpu().WriteIo(width, 0xDDCCBBAA), ZX_OK);
      uint64_t expected = Merge(RaxAfterIn(kWidths[i]), 4, 0x55667788);
      expected = Merge(expected, width, 0xDDCCBBAA);
      ASSERT_TRUE(machine.vcpu().Reaches(0));
      EXPECT_EQ(machine.vcpu().State().r8, expected);
      machine.CloseVcpu();
      machine.CreateVcpu(GUEST_CODE);
      // The new VCPU starts over: go to the next form.
      for (size_t j = 0; j <= i; ++j) {
        ASSERT_EQ(machine.vcpu().Enter(), ZX_OK);
        ASSERT_TRUE(machine.vcpu().Reaches(0));
      }
    }
  }
}

// After an IN the VMM may set all registers, RAX with its upper half too.
TEST_F(IoTest, InThenAllRegistersFromTheVmm) {
  Shows("TRAP-IO-5");
  Machine machine(GUEST_BLOB(io_in));
  TrapPorts(machine);
  for (size_t i = 0; i < machine.blob().form_count(); ++i) {
    const Form& form = machine.blob().form(i);
    SCOPED_TRACE(form.text());
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, KeyOf(form)));
    zx_vcpu_state_t state = machine.vcpu().State();
    state.rax = 0xFFEEDDCCBBAA9900 + i;
    state.r15 = 0x1515151515151515;
    state.rbx = ~uint64_t{0};
    state.rflags = 0x8D7;  // CF PF AF ZF SF OF, and bit 1: take them.
    machine.vcpu().SetState(state);
    ASSERT_TRUE(machine.vcpu().Reaches(0));
    const zx_vcpu_state_t seen = machine.vcpu().State();
    EXPECT_EQ(seen.r8, 0xFFEEDDCCBBAA9900 + i);
    EXPECT_EQ(seen.rax, 0xFFEEDDCCBBAA9900 + i);
    EXPECT_EQ(seen.r15, 0x1515151515151515u);
    EXPECT_EQ(seen.rbx, ~uint64_t{0});
    EXPECT_EQ(seen.rflags, 0x8D5u);
  }
}

// Other registers change, RAX comes by ZX_VCPU_IO: in either order.
TEST_F(IoTest, InWithBothKindsOfWrite) {
  Shows("TRAP-IO-5");
  Machine machine(GUEST_BLOB(io_in));
  TrapPorts(machine);
  for (const bool io_first : {false, true}) {
    for (size_t i = 0; i < machine.blob().form_count(); ++i) {
      const Form& form = machine.blob().form(i);
      SCOPED_TRACE(testing::Message() << form.text() << (io_first ? ", IO first" : ""));
      ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, KeyOf(form)));
      if (io_first) {
        ASSERT_EQ(machine.vcpu().WriteIo(kWidths[i], 0xA1B2C3D4), ZX_OK);
      }
      zx_vcpu_state_t state = machine.vcpu().State();
      state.r9 = 0x99 + i;
      machine.vcpu().SetState(state);
      if (!io_first) {
        ASSERT_EQ(machine.vcpu().WriteIo(kWidths[i], 0xA1B2C3D4), ZX_OK);
      }
      ASSERT_TRUE(machine.vcpu().Reaches(0));
      EXPECT_EQ(machine.vcpu().State().r8, Merge(RaxAfterIn(kWidths[i]), kWidths[i], 0xA1B2C3D4));
      EXPECT_EQ(machine.vcpu().State().r9, 0x99 + i);
    }
  }
}

// ZX_VCPU_IO without an IN: always the low bytes of RAX.
TEST_F(IoTest, IoStateWithoutAnIn) {
  Machine machine(GUEST_BLOB(io_many));
  machine.TrapIo(0x500, 1, 1);
  zx_vcpu_state_t state{};
  state.rax = kRax;
  state.rcx = 3;
  machine.vcpu().SetState(state);
  ASSERT_EQ(machine.vcpu().WriteIo(2, 0xAAAABBBB), ZX_OK);
  EXPECT_EQ(machine.vcpu().State().rax, 0x112233445566BBBBu);
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
  EXPECT_EQ(machine.vcpu().packet().guest_io.u32, 3u);
  ASSERT_EQ(machine.vcpu().WriteIo(1, 0x77), ZX_OK);
  EXPECT_EQ(machine.vcpu().State().rax, 0x77u);
  ASSERT_EQ(machine.vcpu().WriteIo(4, 0x12345678), ZX_OK);
  EXPECT_EQ(machine.vcpu().State().rax, 0x12345678u);
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
  EXPECT_EQ(machine.vcpu().packet().guest_io.u32, 2u);
}

TEST_F(IoTest, IoStateChecksItsArguments) {
  Machine machine(GUEST_BLOB(io_many));
  for (const int size : {0, 3, 5, 8, 255}) {
    EXPECT_EQ(machine.vcpu().WriteIo(static_cast<uint8_t>(size), 1), ZX_ERR_INVALID_ARGS) << size;
  }
  zx_vcpu_io_t io{};
  io.access_size = 1;
  const zx_handle_t vcpu = machine.vcpu().get();
  for (const size_t size : {size_t{0}, sizeof(io) - 1, sizeof(io) + 1}) {
    EXPECT_EQ(zx_vcpu_write_state(vcpu, ZX_VCPU_IO, &io, size), ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(zx_vcpu_read_state(vcpu, ZX_VCPU_IO, &io, sizeof(io)), ZX_ERR_INVALID_ARGS);
}

// Not supported, and the instruction stays: the same again, nothing moved.
TEST_F(IoTest, StringIoIsNotSupported) {
  Shows("TRAP-IO-10");
  const Blob blob = GUEST_BLOB(io_string);
  for (size_t i = 0; i < blob.form_count(); ++i) {
    const Form& form = blob.form(i);
    SCOPED_TRACE(form.text());
    Machine machine(blob, Machine::kWithVcpu, form.rip());
    machine.TrapIo(0x500, 4, 5);
    memset(machine.bytes(GUEST_DATA), 0x5C, 64);
    zx_vcpu_state_t state{};
    state.rax = kRax;
    state.rdx = 0x500;
    state.rcx = 5;
    state.rsi = GUEST_DATA;
    state.rdi = GUEST_DATA;
    machine.vcpu().SetState(state);
    for (int round = 0; round < 3; ++round) {
      ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_SUPPORTED));
      const zx_vcpu_state_t now = machine.vcpu().State();
      EXPECT_EQ(memcmp(&now, &state, sizeof(state)), 0);
    }
    // Where the host's kernel has to end an INS, its five elements may have been stored.
    const bool in = std::string(form.text()).find("ins") != std::string::npos;
    for (int byte = in ? 20 : 0; byte < 64; ++byte) {
      ASSERT_EQ(machine.At<uint8_t>(GUEST_DATA + byte), 0x5C) << "byte " << byte;
    }
  }
}

// What the kernel reads ahead from the port it stores all at once: in memory of nobody, that is a
// hundred exits for one instruction.
TEST_F(IoTest, StringsIntoADevice) {
  Shows("TRAP-IO-10 VCPU-ENTER-12");
  const Blob blob = GUEST_BLOB(io_string);
  for (size_t i = 0; i < blob.form_count(); ++i) {
    const Form& form = blob.form(i);
    for (const uint64_t place : {uint64_t{GUEST_MEM_TRAP}, uint64_t{GUEST_WINDOW}}) {
      SCOPED_TRACE(fmt::format("{} at {:#x}", form.text(), place));
      Machine machine(blob, Machine::kWithVcpu, form.rip());
      machine.TrapIo(0x500, 4, 5);
      machine.TrapMem(GUEST_MEM_TRAP, 0x1000, 6);
      zx_vcpu_state_t state{};
      state.rdx = 0x500;
      state.rcx = 2000;
      state.rsi = GUEST_DATA;
      state.rdi = place;
      machine.vcpu().SetState(state);
      for (int round = 0; round < 2; ++round) {
        ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_SUPPORTED));
        const zx_vcpu_state_t now = machine.vcpu().State();
        EXPECT_EQ(memcmp(&now, &state, sizeof(state)), 0);
      }
    }
  }
}

TEST_F(IoTest, UntrappedOutIsNotFoundUntilTrapped) {
  Shows("TRAP-IO-9");
  const Blob blob = GUEST_BLOB(io_out);
  for (size_t i = 0; i < blob.form_count(); ++i) {
    const Form& form = blob.form(i);
    SCOPED_TRACE(form.text());
    Machine machine(blob, Machine::kWithVcpu, form.rip());
    zx_vcpu_state_t state{};
    state.rax = kRax;
    state.rdx = 0x500;
    machine.vcpu().SetState(state);
    for (int round = 0; round < 3; ++round) {
      ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_FOUND));
      const zx_vcpu_state_t now = machine.vcpu().State();
      EXPECT_EQ(memcmp(&now, &state, sizeof(state)), 0);
    }
    TrapPorts(machine);
    for (size_t j = i; j < blob.form_count(); ++j) {
      ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, KeyOf(blob.form(j))));
      ExpectPacket(machine.vcpu().packet(), blob.form(j), kWidths[j], false);
    }
    ASSERT_TRUE(machine.vcpu().Reaches(0));
  }
}

TEST_F(IoTest, UntrappedInIsNotFoundUntilTrapped) {
  Shows("TRAP-IO-9");
  const Blob blob = GUEST_BLOB(io_in);
  for (size_t i = 0; i < blob.form_count(); ++i) {
    const Form& form = blob.form(i);
    SCOPED_TRACE(form.text());
    Machine machine(blob, Machine::kWithVcpu, form.rip());
    zx_vcpu_state_t state{};
    state.rax = kRax;
    state.rdx = 0x500;
    machine.vcpu().SetState(state);
    for (int round = 0; round < 3; ++round) {
      ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_FOUND));
      EXPECT_EQ(machine.vcpu().State().rax, kRax) << "RAX must wait for the IN";
    }
    TrapPorts(machine);
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, KeyOf(form)));
    ExpectPacket(machine.vcpu().packet(), form, kWidths[i], true);
    ASSERT_EQ(machine.vcpu().WriteIo(kWidths[i], 0xA1B2C3D4), ZX_OK);
    ASSERT_TRUE(machine.vcpu().Reaches(0));
    EXPECT_EQ(machine.vcpu().State().r8, Merge(RaxAfterIn(kWidths[i]), kWidths[i], 0xA1B2C3D4));
  }
}

// While an IN repeats, the VMM's registers count for the repetition.
TEST_F(IoTest, RegistersWrittenAfterNotFoundCount) {
  Shows("TRAP-IO-9");
  Machine machine(GUEST_BLOB(io_in), Machine::kWithVcpu, GUEST_BLOB(io_in).form(3).rip());
  zx_vcpu_state_t state{};
  state.rdx = 0x700;
  machine.vcpu().SetState(state);
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_FOUND));
  TrapPorts(machine);
  state.rdx = 0x501;
  state.rax = kRax;
  machine.vcpu().SetState(state);
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 0xFEDCBA9876543210));
  EXPECT_EQ(machine.vcpu().packet().guest_io.port, 0x501);
  ASSERT_TRUE(machine.vcpu().Reaches(0));
  EXPECT_EQ(machine.vcpu().State().r8, kRax);
}

// The first port decides.
TEST_F(IoTest, AccessesAtTheEdgesOfARange) {
  Shows("TRAP-IO-7 TRAP-IO-8");
  Machine machine(GUEST_BLOB(io_ranges));
  machine.TrapIo(0x500, 4, 9);
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 9));
  EXPECT_EQ(machine.vcpu().packet().guest_io.port, 0x500);
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 9));
  EXPECT_EQ(machine.vcpu().packet().guest_io.port, 0x503);
  EXPECT_EQ(machine.vcpu().packet().guest_io.access_size, 4);
  EXPECT_EQ(machine.vcpu().packet().guest_io.u32, 0x44332211u);
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_FOUND));
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_FOUND));
  machine.TrapIo(0x4FE, 2, 10);
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 10));
  EXPECT_EQ(machine.vcpu().packet().guest_io.port, 0x4FE);
  ASSERT_TRUE(machine.vcpu().Reaches(0));
}

// A string instruction at the new RIP does not make the OUT before it one.
TEST_F(IoTest, OutRightBeforeStringIo) {
  Shows("TRAP-IO-3 TRAP-IO-10");
  for (const bool trapped : {true, false}) {
    SCOPED_TRACE(trapped ? "trapped" : "not trapped at first");
    Machine machine(GUEST_BLOB(io_before_string));
    zx_vcpu_state_t state{};
    state.rdx = 0x500;
    state.rcx = 5;
    state.rsi = GUEST_DATA;
    machine.vcpu().SetState(state);
    if (!trapped) {
      ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_FOUND));
      ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_FOUND));
    }
    machine.TrapIo(0x500, 1, 1);
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
    EXPECT_EQ(machine.vcpu().packet().guest_io.u32, 0x88u);
    for (int round = 0; round < 2; ++round) {
      ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_NOT_SUPPORTED));
      EXPECT_EQ(machine.vcpu().State().rcx, 5u);
      EXPECT_EQ(machine.vcpu().State().rsi, uint64_t{GUEST_DATA});
    }
  }
}

// One exit of KVM for each packet, and no exit besides.
TEST_F(IoTest, OneExitForEachOut) {
  Shows("TRAP-IO-1 HOST-29");
  Machine machine(GUEST_BLOB(io_many));
  machine.TrapIo(0x500, 1, 1);
  zx_vcpu_state_t state{};
  const int count = Rounds(10000);
  state.rcx = static_cast<uint64_t>(count);
  machine.vcpu().SetState(state);
  const zircon_kvm_stats_t before = Stats();
  for (int i = count; i > 0; --i) {
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
    ASSERT_EQ(machine.vcpu().packet().guest_io.u32, static_cast<uint32_t>(i));
  }
  const zircon_kvm_stats_t after = Stats();
  for (int kind = 0; kind < ZIRCON_KVM_EXIT_COUNT; ++kind) {
    if (kind == ZIRCON_KVM_EXIT_INTR) continue;  // The host's own signals.
    EXPECT_EQ(after.exits[kind] - before.exits[kind],
              kind == ZIRCON_KVM_EXIT_IO ? static_cast<uint64_t>(count) : 0)
        << "exits of kind " << kind;
  }
  ASSERT_TRUE(machine.vcpu().Reaches(0));
}

TEST_F(IoTest, TrapRules) {
  Shows("TRAP-3 TRAP-4 TRAP-5 TRAP-10");
  Machine machine(GUEST_BLOB(io_out), Machine::kWithoutVcpu);
  const auto set = [&](uint64_t port, uint64_t count) {
    return zx_guest_set_trap(machine.guest(), ZX_GUEST_TRAP_IO, port, count, ZX_HANDLE_INVALID, 1);
  };
  EXPECT_EQ(set(0x100, 0), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(set(0xFFFF, 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(set(0, 0x10000), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(set(0x10000, 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(set(1, ~uint64_t{0}), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(set(0xFFFE, 1), ZX_OK);
  EXPECT_EQ(set(0x100, 16), ZX_OK);
  EXPECT_EQ(set(0x100, 16), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(set(0xF8, 9), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(set(0x10F, 1), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(set(0x108, 1), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(set(0x110, 1), ZX_OK);
  EXPECT_EQ(set(0xF0, 16), ZX_OK);
  Handle port = CreatePort();
  EXPECT_EQ(zx_guest_set_trap(machine.guest(), ZX_GUEST_TRAP_IO, 0x200, 1, port.get(), 1),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(zx_guest_set_trap(machine.guest(), 3, 0x1000, 0x1000, ZX_HANDLE_INVALID, 1),
            ZX_ERR_INVALID_ARGS);
}

}  // namespace
}  // namespace conformance
