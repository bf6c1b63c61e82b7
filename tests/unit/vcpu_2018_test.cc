// What zx_vcpu_enter() gives a program of the 2018 generation (contract GEN rows). The packet's
// bytes are looked at as such: its layout under the current headers is another one.

#include <gtest/gtest.h>
#include <zircon/syscalls.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "contract.h"
#include "fake/exits.h"
#include "fake/machine_test.h"

// Bound to the plain name by the headers under ZX_API_2018.
extern "C" zx_status_t zx_vcpu_resume_2018(zx_handle_t handle, zx_port_packet_t* packet);

namespace zircon {
namespace {

using fake::Machine;
using fake::MmioRead;

constexpr uint64_t kDevice = Machine::kDeviceAddress;
constexpr uint8_t kRax = 0;

class Vcpu2018 : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    ASSERT_EQ(machine().TrapMemory(kDevice, 0x1000, 7), ZX_OK);
    zx_vcpu_state_t state = {};
    state.rbx = kDevice;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    cpu().run().s.regs.regs.rip = Machine::kEntry;
  }
  std::array<uint8_t, 32> Body() {
    std::array<uint8_t, 32> body{};
    std::memcpy(body.data(), &packet_.user, body.size());
    return body;
  }

  zx_port_packet_t packet_{};
};

TEST_F(Vcpu2018, CodeThatIsNotKnownHasNoLength) {
  Shows("GEN-6");
  machine().CodeAt(Machine::kEntry, {0x06});  // nothing, in 64-bit code
  cpu().Push(MmioRead(kDevice + 4, 4, 1, {kRax, 4}));
  ASSERT_EQ(zx_vcpu_resume_2018(machine().vcpu, &packet_), ZX_OK);
  const std::array<uint8_t, 32> body = Body();
  uint64_t address = 0;
  std::memcpy(&address, body.data(), sizeof(address));
  EXPECT_EQ(address, kDevice + 4);
  for (size_t i = 8; i < 24; ++i) EXPECT_EQ(body[i], 0) << i;  // inst_len, inst_buf
  EXPECT_EQ(body[24], 4);                                      // default_operand_size
}

TEST_F(Vcpu2018, TheTypeOfAVcpuPacketIsBehindItsBody) {
  Shows("GEN-7");
  constexpr uint32_t kIcr = 0x830;
  const struct {
    uint64_t icr;
    uint64_t words[2];
    uint8_t type;
  } kRows[] = {
      {uint64_t{3} << 32 | 0x51, {1 << 3, 0x51}, ZX_PKT_GUEST_VCPU_INTERRUPT},
      {uint64_t{3} << 32 | 6 << 8 | 0x12, {3, 0x12000}, ZX_PKT_GUEST_VCPU_STARTUP},
  };
  for (const auto& row : kRows) {
    cpu().Push(fake::WrMsr(kIcr, row.icr));
    ASSERT_EQ(zx_vcpu_resume_2018(machine().vcpu, &packet_), ZX_OK);
    EXPECT_EQ(packet_.type, ZX_PKT_TYPE_GUEST_VCPU);
    const std::array<uint8_t, 32> body = Body();
    EXPECT_EQ(std::memcmp(body.data(), row.words, sizeof(row.words)), 0);
    EXPECT_EQ(body[16], row.type);
  }
}

TEST_F(Vcpu2018, CodeThatPageTablesDoNotLeadToIsNotFound) {
  Shows("GEN-5");
  // The processor has executed the instruction, so it knows a translation that is gone since.
  cpu().Push([](fake::FakeVcpu& vcpu) {
    vcpu.regs.rip = 0x4000'0000;
    return MmioRead(kDevice, 4, 2, {kRax, 4})(vcpu);
  });
  EXPECT_EQ(zx_vcpu_resume_2018(machine().vcpu, &packet_), ZX_ERR_NOT_FOUND);
  // The instruction is over.
  ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
  cpu().Push([this](fake::FakeVcpu& vcpu) {
    EXPECT_EQ(vcpu.regs.rip, 0x4000'0002u);
    machine().CodeAt(0x7000, {0xEE});  // out %al,(%dx)
    vcpu.regs.rip = 0x7000;
    vcpu.regs.rdx = 0x60;
    return fake::PioOut(0x60, 1)(vcpu);
  });
  EXPECT_EQ(zx_vcpu_resume_2018(machine().vcpu, &packet_), ZX_OK);
  EXPECT_EQ(packet_.type, uint32_t{ZX_PKT_TYPE_GUEST_IO});
}

}  // namespace
}  // namespace zircon
