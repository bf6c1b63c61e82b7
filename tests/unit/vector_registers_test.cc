// The caller's vector registers across enter. Rows: VCPU-ENTER-24.

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "contract.h"
#include "fake/machine_test.h"
#include "sanitizers.h"

// Loads 16 registers of 32 bytes from `in`, calls, and stores them to `out`.
extern "C" zx_status_t CallWithYmm(zx_status_t (*call)(zx_handle_t, zx_port_packet_t*),
                                   zx_handle_t handle, zx_port_packet_t* packet, const void* in,
                                   void* out);
extern "C" zx_status_t CallWithXmm(zx_status_t (*call)(zx_handle_t, zx_port_packet_t*),
                                   zx_handle_t handle, zx_port_packet_t* packet, const void* in,
                                   void* out);

asm(R"(
  .macro call_with_vectors name, move, kind
  .text
  .type \name, @function
\name:
  push %rbx
  mov %rdi, %rax
  mov %esi, %edi
  mov %rdx, %rsi
  mov %r8, %rbx
  .irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  \move \n*32(%rcx), %\kind\n
  .endr
  call *%rax
  .irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  \move %\kind\n, \n*32(%rbx)
  .endr
  pop %rbx
  ret
  .size \name, . - \name
  .endm
  call_with_vectors CallWithYmm, vmovdqu, ymm
  call_with_vectors CallWithXmm, movdqu, xmm
)");

namespace zircon {
namespace {

using fake::Machine;
using fake::PioOut;

constexpr uint16_t kPort = 0x60;
constexpr size_t kRegisters = 16, kWide = 32;

using Registers = std::array<uint8_t, kRegisters * kWide>;

class VectorRegisters : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    ASSERT_EQ(machine().TrapIo(kPort, 1), ZX_OK);
    zx_vcpu_state_t state = {};
    state.rdx = kPort;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    machine().CodeAt(Machine::kEntry, {0xEE, 0xEE, 0xEE, 0xEE});
    for (size_t i = 0; i < in_.size(); ++i) in_[i] = static_cast<uint8_t>(i * 7 + 1);
  }
  // The registers that differ afterwards. XMM only: the upper halves are not looked at.
  std::vector<size_t> Changed(zx_status_t (*call)(zx_handle_t, zx_port_packet_t*), bool wide,
                              zx_status_t expected) {
    Registers out = in_;
    const auto with = wide ? CallWithYmm : CallWithXmm;
    EXPECT_EQ(with(call, machine().vcpu, &machine().packet, in_.data(), out.data()), expected);
    std::vector<size_t> changed;
    for (size_t i = 0; i < kRegisters; ++i) {
      const size_t size = wide ? kWide : 16;
      if (std::memcmp(&in_[i * kWide], &out[i * kWide], size) != 0) changed.push_back(i);
    }
    return changed;
  }

  Registers in_;
};

TEST_F(VectorRegisters, EnterKeepsAllOfThem) {
  Shows("VCPU-ENTER-24");
#if defined(TESTS_SANITIZED)
  GTEST_SKIP() << "what the sanitizer adds to the library uses vector registers";
#endif
  for (const bool wide : {false, true}) {
    if (wide && !__builtin_cpu_supports("avx")) continue;
    for (const auto call : {zx_vcpu_enter, zx_vcpu_resume}) {
      cpu().Push(PioOut(kPort, 1));
      EXPECT_EQ(Changed(call, wide, ZX_OK), std::vector<size_t>{});
      ASSERT_EQ(zx_vcpu_kick(machine().vcpu), ZX_OK);
      EXPECT_EQ(Changed(call, wide, ZX_ERR_CANCELED), std::vector<size_t>{});
      cpu().Push(fake::Errno(ENOMEM));
      EXPECT_EQ(Changed(call, wide, ZX_ERR_NO_MEMORY), std::vector<size_t>{});
    }
  }
}

}  // namespace
}  // namespace zircon
