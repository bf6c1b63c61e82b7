// What every call on a VCPU asks of its handle, and what is left after each status of
// zx_vcpu_enter. Rows: VCPU-ENTER, STATE, KICK, INT, RIP.

#include <gtest/gtest.h>
#include <zircon-kvm/host.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "contract.h"
#include "fake/machine_test.h"

namespace zircon {
namespace {

using fake::DefaultHost;
using fake::Delivery;
using fake::Do;
using fake::FakeVcpu;
using fake::Machine;
using fake::MmioRead;
using fake::MmioWrite;
using fake::PioIn;
using fake::PioOut;
using fake::WrMsr;

constexpr uint16_t kPort = 0x60;
constexpr uint16_t kOtherPort = 0x80;
constexpr uint64_t kReadOnly = 0x500000;
constexpr uint64_t kDevice = 0x600000;
constexpr uint64_t kBell = 0x700000;
constexpr uint64_t kVisibleFlags = 0x244DD5;

class VcpuResults : public fake::OnMachine {
 protected:
  void SetUp() override { Start(); }
  void Start() {
    Use(DefaultHost());
    ASSERT_EQ(machine().TrapIo(kPort, 1, 11), ZX_OK);
    ASSERT_EQ(machine().TrapMemory(kDevice, 0x1000, 12), ZX_OK);
    ASSERT_EQ(machine().TrapBell(kBell, 0x1000, 13), ZX_OK);
    ASSERT_EQ(machine().Map(kReadOnly, 0x1000, ZX_VM_PERM_READ), ZX_OK);
    zx_vcpu_state_t state = {};
    state.rdx = kPort;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    machine().Code({0xEE, 0xEE, 0xEE, 0xEE});
  }
  void PushOut() {
    cpu().Push(Do([](FakeVcpu& vcpu) { vcpu.regs.rip = Machine::kEntry; }));
    cpu().Push(PioOut(kPort, 1));
  }
  // The guest's next instruction, at the entry, and the registers that it needs.
  void PushAt(const std::vector<uint8_t>& code, fake::Step step, uint64_t rbx = 0) {
    machine().CodeAt(Machine::kEntry, code);
    cpu().Push(Do([rbx](FakeVcpu& vcpu) {
      vcpu.regs.rip = Machine::kEntry;
      vcpu.regs.rbx = rbx;
    }));
    cpu().Push(std::move(step));
  }
  // Enters, and expects the guest to go on at that distance from the entry.
  void ExpectRip(uint64_t offset) {
    uint64_t rip = 0;
    cpu().Push(Do([&](FakeVcpu& vcpu) { rip = vcpu.regs.rip; }));
    machine().CodeAt(0x8000, {0xEE});
    cpu().Push([](FakeVcpu& vcpu) {
      vcpu.regs.rip = 0x8000;
      return PioOut(kPort, 1)(vcpu);
    });
    EXPECT_EQ(machine().Enter(), ZX_OK);
    EXPECT_EQ(rip, Machine::kEntry + offset);
  }
};

// ---- Handles ----

TEST_F(VcpuResults, EachCallNeedsAVcpuAndOneRight) {
  Shows("VCPU-ENTER-1 KICK-1 INT-1 STATE-1 STATE-5 RIGHTS-14 RIGHTS-15 RIGHTS-16");
  zx_vcpu_state_t state = machine().State();
  zx_vcpu_io_t io = {};
  io.access_size = 1;
  zx_port_packet_t packet;
  const struct {
    const char* name;
    zx_rights_t right;
    std::function<zx_status_t(zx_handle_t)> call;
  } kCalls[] = {
      {"read_state", ZX_RIGHT_READ,
       [&](zx_handle_t vcpu) {
         return zx_vcpu_read_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state));
       }},
      {"write_state", ZX_RIGHT_WRITE,
       [&](zx_handle_t vcpu) {
         return zx_vcpu_write_state(vcpu, ZX_VCPU_STATE, &state, sizeof(state));
       }},
      {"write_state IO", ZX_RIGHT_WRITE,
       [&](zx_handle_t vcpu) { return zx_vcpu_write_state(vcpu, ZX_VCPU_IO, &io, sizeof(io)); }},
      {"interrupt", ZX_RIGHT_SIGNAL,
       [&](zx_handle_t vcpu) { return zx_vcpu_interrupt(vcpu, 0x40); }},
      {"enter", ZX_RIGHT_EXECUTE, [&](zx_handle_t vcpu) { return zx_vcpu_enter(vcpu, &packet); }},
      {"resume", ZX_RIGHT_EXECUTE, [&](zx_handle_t vcpu) { return zx_vcpu_resume(vcpu, &packet); }},
      {"kick", ZX_RIGHT_EXECUTE, [&](zx_handle_t vcpu) { return zx_vcpu_kick(vcpu); }},
  };
  constexpr zx_rights_t kAll = 0xD01F;
  for (const auto& c : kCalls) {
    SCOPED_TRACE(c.name);
    PushOut();
    zx_handle_t handle = ZX_HANDLE_INVALID;
    ASSERT_EQ(zx_handle_duplicate(machine().vcpu, kAll & ~c.right, &handle), ZX_OK);
    EXPECT_EQ(c.call(handle), ZX_ERR_ACCESS_DENIED);
    ASSERT_EQ(zx_handle_close(handle), ZX_OK);
    EXPECT_EQ(c.call(handle), ZX_ERR_BAD_HANDLE) << "closed";
    EXPECT_EQ(c.call(ZX_HANDLE_INVALID), ZX_ERR_BAD_HANDLE);
    ASSERT_EQ(zx_handle_duplicate(machine().guest, 0, &handle), ZX_OK);
    EXPECT_EQ(c.call(handle), ZX_ERR_WRONG_TYPE) << "before the missing right";
    ASSERT_EQ(zx_handle_close(handle), ZX_OK);
    ASSERT_EQ(zx_handle_duplicate(machine().vcpu, c.right, &handle), ZX_OK);
    EXPECT_EQ(c.call(handle), ZX_OK) << "nothing but the right";
    ASSERT_EQ(zx_handle_close(handle), ZX_OK);
  }
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED) << "by the kick that was allowed";
}

// ---- Packets ----

TEST_F(VcpuResults, OkComesWithAPacketOfTheGuest) {
  Shows("VCPU-ENTER-7 VCPU-ENTER-9 VCPU-ENTER-15");
  // A bell, an MSR, a signal, a halt with an interrupt: none of them is a packet.
  PushAt({0x89, 0x03}, MmioWrite(kBell, 0, 4, 2), kBell);
  cpu().Push(WrMsr(0x8B, 1));
  cpu().Push(fake::Errno(EINTR));
  cpu().Push(fake::Hlt());
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 0x40), ZX_OK);
  machine().CodeAt(0x8000, {0xEE});
  cpu().Push([](FakeVcpu& vcpu) {
    vcpu.regs.rip = 0x8000;
    return PioOut(kPort, 1)(vcpu);
  });
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
  EXPECT_EQ(packet().key, 11u);
  PushAt({0x89, 0x03}, MmioWrite(kDevice, 0, 4, 2), kDevice);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_MEM);
  EXPECT_EQ(packet().key, 12u);
  cpu().Push(WrMsr(0x830, uint64_t{1} << 32 | 0x40));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_VCPU);
  EXPECT_EQ(packet().key, 0u);
}

TEST_F(VcpuResults, ResumeIsEnter) {
  Shows("VCPU-ENTER-21");
  PushOut();
  zx_port_packet_t packet = {};
  EXPECT_EQ(zx_vcpu_resume(machine().vcpu, &packet), ZX_OK);
  EXPECT_EQ(packet.type, ZX_PKT_TYPE_GUEST_IO);
  EXPECT_EQ(packet.key, 11u);
  ASSERT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  EXPECT_EQ(zx_vcpu_resume(machine().vcpu, &packet), ZX_ERR_CANCELED);
  PushAt({0xE4, kOtherPort}, PioIn(kOtherPort, 1, 2));
  EXPECT_EQ(zx_vcpu_resume(machine().vcpu, &packet), ZX_ERR_NOT_FOUND);
}

// ---- Other statuses ----

struct Failure {
  const char* name;
  zx_status_t status;
  bool for_ever;
};

const Failure kFailures[] = {
    {"a kick", ZX_ERR_CANCELED, false},
    {"a port without a trap", ZX_ERR_NOT_FOUND, false},
    {"memory beyond the space", ZX_ERR_OUT_OF_RANGE, false},
    {"a store to what may only be read", ZX_ERR_ACCESS_DENIED, false},
    {"a load from a bell", ZX_ERR_NOT_SUPPORTED, false},
    {"a vector that is reserved", ZX_ERR_NOT_SUPPORTED, false},
    {"an APIC register with an upper half", ZX_ERR_INVALID_ARGS, false},
    {"a state that the processor refuses", ZX_ERR_BAD_STATE, false},
    {"no memory", ZX_ERR_NO_MEMORY, false},
    {"an instruction that cannot be emulated", ZX_ERR_NOT_SUPPORTED, false},
    {"a triple fault", ZX_ERR_NOT_SUPPORTED, true},
    {"an exit that nobody knows", ZX_ERR_INTERNAL, true},
    {"an errno that nobody knows", ZX_ERR_INTERNAL, true},
};

class VcpuFailure : public VcpuResults, public ::testing::WithParamInterface<size_t> {
 protected:
  void Prepare() {
    switch (GetParam()) {
      case 0:
        ASSERT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
        break;
      case 1:
        PushAt({0xEE}, [](FakeVcpu& vcpu) {
          vcpu.regs.rdx = kOtherPort;
          return PioOut(kOtherPort, 1)(vcpu);
        });
        break;
      case 2:
        PushAt({0x8B, 0x03}, MmioRead(uint64_t{1} << 48, 4, 2), uint64_t{1} << 48);
        break;
      case 3:
        PushAt({0x89, 0x03}, MmioWrite(kReadOnly, 0, 4, 2), kReadOnly);
        break;
      case 4:
        PushAt({0x8B, 0x03}, MmioRead(kBell, 4, 2), kBell);
        break;
      case 5:
        ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 25), ZX_OK);
        break;
      case 6:
        cpu().Push(WrMsr(0x832, uint64_t{1} << 32));
        break;
      case 7:
        cpu().Push(fake::FailEntry());
        break;
      case 8:
        cpu().Push(fake::Errno(ENOMEM));
        break;
      case 9:
        cpu().Push(fake::InternalError(KVM_INTERNAL_ERROR_EMULATION));
        break;
      case 10:
        cpu().Push(fake::ExitWith(KVM_EXIT_SHUTDOWN));
        break;
      case 11:
        cpu().Push(fake::ExitWith(KVM_EXIT_HYPERCALL));
        break;
      default:
        cpu().Push(fake::Errno(EINVAL));
        break;
    }
  }
  static const Failure& TheFailure() { return kFailures[GetParam()]; }
};

INSTANTIATE_TEST_SUITE_P(Each, VcpuFailure, ::testing::Range(size_t{0}, std::size(kFailures)),
                         [](const ::testing::TestParamInfo<size_t>& which) {
                           std::string name = kFailures[which.param].name;
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name;
                         });

TEST_P(VcpuFailure, LeavesThePacketAlone) {
  Shows("VCPU-ENTER-10");
  Prepare();
  std::memset(&machine().packet, 0x5A, sizeof(machine().packet));
  const zx_port_packet_t before = packet();
  ASSERT_EQ(machine().Enter(), TheFailure().status);
  EXPECT_EQ(std::memcmp(&before, &packet(), sizeof(before)), 0);
}

TEST_P(VcpuFailure, LeavesTheVcpuUsable) {
  Shows("VCPU-ENTER-12 STATE-14");
  Prepare();
  ASSERT_EQ(machine().Enter(), TheFailure().status);
  zx_vcpu_state_t state = machine().State();
  state.r15 = 0x1234;
  state.rax = 0x1111;
  EXPECT_EQ(machine().SetState(state), ZX_OK);
  EXPECT_EQ(machine().WriteIo(1, 0x22), ZX_OK);
  EXPECT_EQ(machine().State().r15, 0x1234u);
  EXPECT_EQ(machine().State().rax, 0x1122u);
  EXPECT_EQ(zx_vcpu_interrupt(machine().vcpu, 0x40), ZX_OK);
  EXPECT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
  EXPECT_EQ(machine().Enter(), ZX_ERR_CANCELED);
  machine().CodeAt(Machine::kEntry, {0xEE});
  cpu().Push(Do([](FakeVcpu& vcpu) { vcpu.regs.rdx = kPort; }));
  PushOut();
  EXPECT_EQ(machine().Enter(), TheFailure().for_ever ? TheFailure().status : ZX_OK);
  EXPECT_EQ(machine().State().r15, 0x1234u);
  EXPECT_EQ(zx_handle_close(machine().vcpu), ZX_OK);
  machine().vcpu = ZX_HANDLE_INVALID;
}

TEST_F(VcpuResults, WhatNobodyKnowsIsLoggedOnce) {
  Shows("VCPU-ENTER-18");
  zircon_kvm_set_log_level(ZIRCON_KVM_LOG_WARN);
  testing::internal::CaptureStderr();
  cpu().Push(fake::ExitWith(KVM_EXIT_HYPERCALL));
  EXPECT_EQ(machine().Enter(), ZX_ERR_INTERNAL);
  EXPECT_EQ(EnterWithRuns(0), ZX_ERR_INTERNAL);
  EXPECT_EQ(EnterWithRuns(0), ZX_ERR_INTERNAL);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
}

TEST_F(VcpuResults, NoMemoryForTheGuestIsLoggedOnce) {
  Shows("HOST-12 VCPU-ENTER-20");
  zircon_kvm_set_log_level(ZIRCON_KVM_LOG_WARN);
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) {
    cpu().Push(fake::Errno(ENOMEM));
    EXPECT_EQ(machine().Enter(), ZX_ERR_NO_MEMORY);
  }
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
}

TEST_F(VcpuResults, AReservedVectorWaitsForTheNmi) {
  Shows("INT-8 INT-10 VCPU-ENTER-6");
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 25), ZX_OK);
  ASSERT_EQ(zx_vcpu_interrupt(machine().vcpu, 2), ZX_OK);
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(cpu().deliveries(), std::vector<Delivery>({{Delivery::kNmi, 2}}));
  EXPECT_EQ(EnterWithRuns(0), ZX_ERR_NOT_SUPPORTED);
  PushOut();
  EXPECT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(cpu().deliveries().size(), 1u);
}

// ---- RIP ----

TEST_F(VcpuResults, RipIsBehindWhatGaveAPacket) {
  Shows("RIP-1 RIP-2");
  PushAt({0xEE}, PioOut(kPort, 1));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ExpectRip(1);
  PushAt({0xE4, kPort}, PioIn(kPort, 1, 2));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ExpectRip(2);
  PushAt({0x89, 0x03}, MmioWrite(kDevice, 0, 4, 2), kDevice);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_MEM);
  ExpectRip(2);
  PushAt({0x8B, 0x03}, MmioRead(kDevice, 4, 2), kDevice);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_MEM);
  ExpectRip(2);
  PushAt({0x0F, 0x30}, WrMsr(0x830, 0x40));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_VCPU);
  ExpectRip(2);
}

TEST_F(VcpuResults, RipIsBehindABellThatFails) {
  Shows("RIP-3");
  PushAt({0x8B, 0x03}, MmioRead(kBell, 4, 2), kBell);
  EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_SUPPORTED);
  ExpectRip(2);
  ASSERT_EQ(zx_handle_close(machine().port), ZX_OK);
  machine().port = ZX_HANDLE_INVALID;
  PushAt({0x89, 0x03}, MmioWrite(kBell, 0, 4, 2), kBell);
  EXPECT_EQ(machine().Enter(), ZX_ERR_BAD_STATE);
  ExpectRip(2);
}

TEST_F(VcpuResults, RipStaysOnWhatIsRefused) {
  Shows("RIP-4 RIP-5 RIP-6");
  PushAt({0xE6, kOtherPort}, PioOut(kOtherPort, 1, 2));
  EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND);
  ExpectRip(0);
  PushAt({0xE4, kOtherPort}, PioIn(kOtherPort, 1, 2));
  EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND);
  ExpectRip(0);
  PushAt({0x6C}, fake::StringIo(kPort, 1, true, 1, 1, false));
  EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_SUPPORTED);
  ExpectRip(0);
  PushAt({0x8B, 0x03}, MmioRead(0x300000, 4, 2), 0x300000);
  EXPECT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND);
  ExpectRip(0);
  PushAt({0x89, 0x03}, MmioWrite(kReadOnly, 0, 4, 2), kReadOnly);
  EXPECT_EQ(machine().Enter(), ZX_ERR_ACCESS_DENIED);
  ExpectRip(0);
  PushAt({0x0F, 0x30}, WrMsr(0x1B, 0));
  EXPECT_EQ(machine().Enter(), ZX_ERR_INVALID_ARGS);
  ExpectRip(0);
}

// ---- Registers ----

TEST_F(VcpuResults, ARefusedIoStateChangesNothing) {
  Shows("STATE-9 CALL-4");
  zx_vcpu_state_t state = machine().State();
  state.rax = 0x1122334455667788;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  for (const uint8_t size : {0, 3, 5, 6, 7, 8, 255}) {
    EXPECT_EQ(machine().WriteIo(size, 0xFFFFFFFF), ZX_ERR_INVALID_ARGS) << int{size};
  }
  EXPECT_EQ(machine().State().rax, 0x1122334455667788u);
}

TEST_F(VcpuResults, IoStateReplacesTheLowBytes) {
  Shows("STATE-13");
  const struct {
    uint8_t size;
    uint64_t rax;
  } kRows[] = {{1, 0x11223344556677D4}, {2, 0x112233445566C3D4}, {4, 0x11223344A1B2C3D4}};
  for (const auto& row : kRows) {
    zx_vcpu_state_t state = machine().State();
    state.rax = 0x1122334455667788;
    state.rbx = state.rcx = 0x99;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    ASSERT_EQ(machine().WriteIo(row.size, 0xA1B2C3D4), ZX_OK);
    state.rax = row.rax;
    const zx_vcpu_state_t now = machine().State();
    EXPECT_EQ(std::memcmp(&state, &now, sizeof(state)), 0) << int{row.size};
  }
}

TEST_F(VcpuResults, WritingBackWhatWasReadChangesNothing) {
  Shows("STATE-11 STATE-15");
  cpu().Push(Do([](FakeVcpu& vcpu) {
    __u64* registers = &vcpu.regs.rax;
    for (uint64_t i = 0; i < 16; ++i) registers[i] = 0x0101010101010101 * (i + 1);
    vcpu.regs.rdx = kPort;
    vcpu.regs.rflags = 0x3FFFFF & ~uint64_t{0x100};
  }));
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  const kvm_regs before = cpu().regs;
  const zx_vcpu_state_t state = machine().State();
  EXPECT_EQ(state.rflags, kVisibleFlags & ~uint64_t{0x100});
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  const zx_vcpu_state_t again = machine().State();
  EXPECT_EQ(std::memcmp(&state, &again, sizeof(state)), 0);
  kvm_regs seen = {};
  cpu().Push(Do([&](FakeVcpu& vcpu) { seen = vcpu.regs; }));
  PushOut();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  seen.rip = before.rip;  // The OUT was still on its way.
  EXPECT_EQ(std::memcmp(&before, &seen, sizeof(before)), 0);
}

TEST_F(VcpuResults, OtherRegistersAreOutOfReach) {
  Shows("STATE-17 STATE-2 STATE-6");
  zx_vcpu_state_t state;
  std::memset(&state, 0xFF, sizeof(state));
  state.rflags = 0;
  const kvm_sregs sregs = cpu().sregs;
  const auto msrs = cpu().msrs;
  const uint64_t xcr0 = cpu().xcr0;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  cpu().Push([&](FakeVcpu& vcpu) {
    EXPECT_EQ(vcpu.regs.rip, Machine::kEntry);
    EXPECT_EQ(vcpu.regs.rsp, ~uint64_t{0});
    EXPECT_EQ(std::memcmp(&vcpu.sregs, &sregs, sizeof(sregs)), 0);
    EXPECT_EQ(vcpu.msrs, msrs);
    EXPECT_EQ(vcpu.xcr0, xcr0);
    vcpu.regs.rdx = kPort;
    return PioOut(kPort, 1)(vcpu);
  });
  ASSERT_EQ(machine().Enter(), ZX_OK);
  uint8_t bytes[4096] = {};
  for (uint32_t kind = 2; kind < 64; ++kind) {
    EXPECT_EQ(zx_vcpu_read_state(machine().vcpu, kind, bytes, sizeof(state)), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_vcpu_write_state(machine().vcpu, kind, bytes, sizeof(state)), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(zx_vcpu_read_state(machine().vcpu, kind, bytes, sizeof(bytes)), ZX_ERR_INVALID_ARGS);
  }
}

}  // namespace
}  // namespace zircon
