// read_state and write_state. Rows: STATE.

#include <gtest/gtest.h>

#include <cstring>

#include "contract.h"
#include "fake/machine_test.h"

namespace zircon {
namespace {

using fake::FakeVcpu;
using fake::Machine;
using fake::PioOut;

constexpr uint64_t kVisible = 0x244DD5;  // CF PF AF ZF SF TF DF OF NT AC ID

class VcpuState : public fake::OnMachine {
 protected:
  zx_status_t Read(uint32_t kind, void* buffer, size_t size) {
    return zx_vcpu_read_state(machine().vcpu, kind, buffer, size);
  }
  zx_status_t Write(uint32_t kind, const void* buffer, size_t size) {
    return zx_vcpu_write_state(machine().vcpu, kind, buffer, size);
  }
};

TEST_F(VcpuState, EveryRegisterThereAndBack) {
  Shows("STATE-12 STATE-15 STATE-INIT-22");
  zx_vcpu_state_t in = {};
  auto* words = reinterpret_cast<uint64_t*>(&in);
  for (uint64_t i = 0; i < 16; ++i) words[i] = 0x1111111111111111 * i + 5;
  ASSERT_EQ(machine().SetState(in), ZX_OK);
  const zx_vcpu_state_t out = machine().State();
  EXPECT_EQ(std::memcmp(&in, &out, 16 * 8), 0);
  // And the guest has them.
  ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
  machine().Code({0xE6, 0x60});
  cpu().Push(PioOut(0x60, 1, 2));
  ASSERT_EQ(EnterWithRuns(1), ZX_OK);
  const kvm_regs& regs = cpu().regs;
  EXPECT_EQ(regs.rax, in.rax);
  EXPECT_EQ(regs.rcx, in.rcx);
  EXPECT_EQ(regs.rdx, in.rdx);
  EXPECT_EQ(regs.rbx, in.rbx);
  EXPECT_EQ(regs.rsp, in.rsp);
  EXPECT_EQ(regs.rbp, in.rbp);
  EXPECT_EQ(regs.rsi, in.rsi);
  EXPECT_EQ(regs.rdi, in.rdi);
  EXPECT_EQ(regs.r8, in.r8);
  EXPECT_EQ(regs.r15, in.r15);
  EXPECT_EQ(regs.rip, Machine::kEntry);
}

TEST_F(VcpuState, EachRegisterByItself) {
  Shows("STATE-12 STATE-15");
  ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
  machine().Code({0xE6, 0x60});
  for (size_t i = 0; i < 17; ++i) {
    zx_vcpu_state_t state = machine().State();
    const zx_vcpu_state_t before = state;
    auto* words = reinterpret_cast<uint64_t*>(&state);
    words[i] ^= i < 16 ? 0x0123456789ABCD00 + i : 0x1;  // the carry
    state.rflags |= 2;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    cpu().Push(fake::Do([](FakeVcpu& vcpu) { vcpu.regs.rip = Machine::kEntry; }));
    cpu().Push(PioOut(0x60, 1, 2));
    ASSERT_EQ(EnterWithRuns(1), ZX_OK);
    const kvm_regs& regs = cpu().regs;
    const uint64_t has[] = {regs.rax,
                            regs.rcx,
                            regs.rdx,
                            regs.rbx,
                            regs.rsp,
                            regs.rbp,
                            regs.rsi,
                            regs.rdi,
                            regs.r8,
                            regs.r9,
                            regs.r10,
                            regs.r11,
                            regs.r12,
                            regs.r13,
                            regs.r14,
                            regs.r15,
                            regs.rflags & kVisible};
    words[16] &= kVisible;
    EXPECT_NE(std::memcmp(&before, &state, 17 * 8), 0) << i;
    EXPECT_EQ(std::memcmp(has, words, sizeof(has)), 0) << i;
  }
}

TEST_F(VcpuState, NoIoctl) {
  const uint64_t ioctls = machine().kernel.vcpu_ioctls();
  zx_vcpu_state_t state = machine().State();
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  ASSERT_EQ(machine().WriteIo(4, 1), ZX_OK);
  EXPECT_EQ(machine().kernel.vcpu_ioctls(), ioctls);
}

TEST_F(VcpuState, FlagsOut) {
  Shows("STATE-10 STATE-11");
  // "masked: bit 1 and IF always read 0"
  ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
  machine().Code({0xE6, 0x60});
  cpu().Push([](FakeVcpu& vcpu) {
    vcpu.regs.rflags = 0x3FFFFF;
    return PioOut(0x60, 1, 2)(vcpu);
  });
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(machine().State().rflags, kVisible);
  // "read→modify→write-back leaves flags unchanged unless the caller sets bit 1"
  zx_vcpu_state_t state = machine().State();
  state.rflags = 0;
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  EXPECT_EQ(machine().State().rflags, kVisible);
  state.rflags = 0x2 | 0x200 | 0x1;  // IF is not the VMM's
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  EXPECT_EQ(machine().State().rflags, 0x1u);
  cpu().Push([](FakeVcpu& vcpu) {
    EXPECT_EQ(vcpu.regs.rflags, (0x3FFFFFu & ~kVisible) | 0x1);
    return PioOut(0x60, 1, 2)(vcpu);
  });
  machine().CodeAt(cpu().regs.rip + 2, {0xE6, 0x60});
  ASSERT_EQ(machine().Enter(), ZX_OK);
}

TEST_F(VcpuState, FlagsInWithoutInterruptFlagSet) {
  Shows("STATE-10");
  zx_vcpu_state_t state = {};
  state.rflags = ~uint64_t{0};
  ASSERT_EQ(machine().SetState(state), ZX_OK);
  EXPECT_EQ(machine().State().rflags, kVisible);
  EXPECT_EQ(cpu().run().s.regs.regs.rflags, kVisible | 0x2);
}

TEST_F(VcpuState, ReadErrors) {
  Shows("STATE-1 STATE-2 STATE-3 STATE-4");
  zx_vcpu_state_t state;
  EXPECT_EQ(zx_vcpu_read_state(ZX_HANDLE_INVALID, 9, &state, 1), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(zx_vcpu_read_state(machine().port, 9, &state, 1), ZX_ERR_WRONG_TYPE);
  zx_handle_t weak = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(machine().vcpu, ZX_RIGHT_WRITE, &weak), ZX_OK);
  EXPECT_EQ(zx_vcpu_read_state(weak, 9, &state, 1), ZX_ERR_ACCESS_DENIED);
  zx_handle_close(weak);
  EXPECT_EQ(Read(ZX_VCPU_IO, &state, sizeof(zx_vcpu_io_t)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Read(2, &state, sizeof(state)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Read(ZX_VCPU_STATE, &state, sizeof(state) - 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Read(ZX_VCPU_STATE, &state, sizeof(state) + 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Read(ZX_VCPU_STATE, nullptr, sizeof(state)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Read(ZX_VCPU_STATE, reinterpret_cast<void*>(8), sizeof(state)), ZX_ERR_INVALID_ARGS);
  // "kind/size wrong → INVALID_ARGS, then wrong thread → BAD_STATE, then the buffer"
  std::thread([&] {
    EXPECT_EQ(Read(ZX_VCPU_STATE, &state, 1), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(Read(ZX_VCPU_STATE, nullptr, sizeof(state)), ZX_ERR_BAD_STATE);
  }).join();
}

TEST_F(VcpuState, WriteErrors) {
  Shows("STATE-5 STATE-6 STATE-7 STATE-8 STATE-9");
  const zx_vcpu_state_t state = {};
  zx_vcpu_io_t io = {};
  zx_handle_t weak = ZX_HANDLE_INVALID;
  ASSERT_EQ(zx_handle_duplicate(machine().vcpu, ZX_RIGHT_READ, &weak), ZX_OK);
  EXPECT_EQ(zx_vcpu_write_state(weak, 9, &state, 1), ZX_ERR_ACCESS_DENIED);
  zx_handle_close(weak);
  EXPECT_EQ(zx_vcpu_write_state(machine().guest, 9, &state, 1), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Write(2, &state, sizeof(state)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Write(ZX_VCPU_STATE, &state, sizeof(io)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Write(ZX_VCPU_IO, &io, sizeof(state)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Write(ZX_VCPU_STATE, nullptr, sizeof(state)), ZX_ERR_INVALID_ARGS);
  for (const uint8_t size : {0, 3, 5, 8, 255}) {
    io.access_size = size;
    EXPECT_EQ(Write(ZX_VCPU_IO, &io, sizeof(io)), ZX_ERR_INVALID_ARGS) << int{size};
  }
  // "copy-in fault, then wrong thread, then access_size"
  std::thread([&] {
    EXPECT_EQ(Write(ZX_VCPU_IO, reinterpret_cast<void*>(8), sizeof(io)), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(Write(ZX_VCPU_IO, &io, sizeof(io)), ZX_ERR_BAD_STATE);
  }).join();
}

}  // namespace
}  // namespace zircon
