// The calls that differ for programs of the 2018 generation (contract GEN rows).

#include "generation_2018.h"

#include <array>
#include <cstring>

#include "contract.h"
#include "harness.h"
#include "service.h"

DECLARE_GUEST(mem_arithmetic);
DECLARE_GUEST(mem_loads);
DECLARE_GUEST(mem_stores);

namespace conformance {
namespace {

constexpr uint64_t kKey = 0x2018;
constexpr uint64_t kTrapSize = 0x2000;
constexpr uint32_t kIcr = 0x830;

// Enters once, as a program of 2018 does.
zx_status_t Resume(Machine& machine, packet_2018* packet) {
  Watch watch("zx_vcpu_resume", machine.vcpu().get());
  return resume_2018(machine.vcpu().get(), packet);
}

// Each form of the guest gives its own bytes.
void ExpectCode(const packet_2018& packet, const Machine& machine, const Form& form) {
  EXPECT_EQ(packet.type, uint32_t{ZX_PKT_TYPE_GUEST_MEM});
  EXPECT_EQ(packet.key, kKey);
  EXPECT_EQ(packet.status, ZX_OK);
  EXPECT_EQ(packet.addr, form.address);
  EXPECT_EQ(packet.default_operand_size, 4);
  EXPECT_EQ(packet.rest_is_zero, 1);
  const uint8_t* bytes = machine.blob().begin + form.offset;
  // Decoding backwards cannot tell a prefix without effect; all else is exact.
  if (packet.inst_len + 1u == form.size && (*bytes == 0x2E || *bytes == 0x3E || *bytes == 0x40)) {
    ++bytes;
  } else {
    EXPECT_EQ(packet.inst_len, form.size);
  }
  std::array<uint8_t, 15> wanted{};
  memcpy(wanted.data(), bytes, packet.inst_len);
  EXPECT_EQ(memcmp(packet.inst_buf, wanted.data(), wanted.size()), 0);
}

class Generation2018Test : public KvmTest {};

TEST_F(Generation2018Test, StoresComeWithTheirCode) {
  Shows("GEN-3 GEN-4");
  Machine machine(GUEST_BLOB(mem_stores));
  machine.TrapMem(GUEST_MEM_TRAP, kTrapSize, kKey);
  for (size_t i = 0; i < machine.blob().form_count(); ++i) {
    const Form& form = machine.blob().form(i);
    SCOPED_TRACE(form.text());
    packet_2018 packet;
    ASSERT_EQ(Resume(machine, &packet), ZX_OK);
    ExpectCode(packet, machine, form);
  }
  ASSERT_TRUE(machine.vcpu().Reaches(0));
}

class Generation2018LoadTest : public KvmTest, public testing::WithParamInterface<int> {
 protected:
  static Blob TheBlob() {
    return GetParam() == 0 ? GUEST_BLOB(mem_loads) : GUEST_BLOB(mem_arithmetic);
  }
};

TEST_P(Generation2018LoadTest, LoadsComeWithTheirCode) {
  Shows("GEN-4");
  Machine machine(TheBlob());
  machine.TrapMem(GUEST_MEM_TRAP, kTrapSize, kKey);
  for (size_t i = 0; i < machine.blob().form_count(); ++i) {
    const Form& form = machine.blob().form(i);
    SCOPED_TRACE(form.text());
    packet_2018 packet;
    ASSERT_EQ(Resume(machine, &packet), ZX_OK);
    ExpectCode(packet, machine, form);
    ASSERT_TRUE(machine.vcpu().Reaches(0));
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, Generation2018LoadTest, testing::Values(0, 1),
                         [](const testing::TestParamInfo<int>& form) {
                           return form.param == 0 ? "Loads" : "Arithmetic";
                         });

TEST_F(Generation2018Test, EitherNameOfEnter) {
  Shows("GEN-2 GEN-3");
  Machine machine(GUEST_BLOB(mem_stores));
  machine.TrapMem(GUEST_MEM_TRAP, kTrapSize, kKey);
  Watch watch("zx_vcpu_enter", machine.vcpu().get());
  packet_2018 packet;
  ASSERT_EQ(enter_2018(machine.vcpu().get(), &packet), ZX_OK);
  ExpectCode(packet, machine, machine.blob().form(0));
  // The current generation's call, in the same program, for the next one.
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_MEM, kKey));
  EXPECT_EQ(machine.vcpu().packet().guest_mem.rip, machine.blob().form(1).rip());
}

TEST_F(Generation2018Test, IoPacketsAreTheSame) {
  Shows("GEN-3");
  Machine machine(GUEST_BLOB(mem_stores));
  machine.TrapMem(GUEST_MEM_TRAP, kTrapSize, kKey);
  packet_2018 packet;
  for (size_t i = 0; i < machine.blob().form_count(); ++i) {
    ASSERT_EQ(Resume(machine, &packet), ZX_OK);
  }
  ASSERT_EQ(Resume(machine, &packet), ZX_OK);
  EXPECT_EQ(packet.type, uint32_t{ZX_PKT_TYPE_GUEST_IO});
  EXPECT_EQ(packet.key, kCheckpointKey);
  EXPECT_EQ(packet.port, GUEST_CHECKPOINT_PORT);
  EXPECT_EQ(packet.access_size, 1);
  EXPECT_EQ(packet.input, 0);
  EXPECT_EQ(packet.rest_is_zero, 1);
}

TEST_F(Generation2018Test, VcpuPacketsHaveTheirLayout) {
  Shows("GEN-7");
  Service service;
  const auto write_icr = [&](uint64_t value) {
    zx_vcpu_state_t state{};
    state.rcx = kIcr;
    state.rax = value & 0xFFFF'FFFF;
    state.rdx = value >> 32;
    service.Begin(SERVICE_WRMSR, state);
    packet_2018 packet{};
    EXPECT_EQ(Resume(service.machine(), &packet), ZX_OK);
    EXPECT_TRUE(service.vcpu().Reaches(1));
    service.Finish();
    EXPECT_EQ(packet.type, uint32_t{ZX_PKT_TYPE_GUEST_VCPU});
    EXPECT_EQ(packet.key, 0u);
    EXPECT_EQ(packet.rest_is_zero, 1);
    return packet;
  };
  packet_2018 packet = write_icr((uint64_t{5} << 32) | 0x61);  // FIXED, to processor 5
  EXPECT_EQ(packet.vcpu_type, ZX_PKT_GUEST_VCPU_INTERRUPT);
  EXPECT_EQ(packet.mask, uint64_t{1} << 5);
  EXPECT_EQ(packet.vector, 0x61);
  packet = write_icr((uint64_t{3} << 32) | 0x600 | 0x9A);  // STARTUP of processor 3
  EXPECT_EQ(packet.vcpu_type, ZX_PKT_GUEST_VCPU_STARTUP);
  EXPECT_EQ(packet.id, 3u);
  EXPECT_EQ(packet.entry, 0x9A000u);
}

TEST_F(Generation2018Test, ErrorsAreTheSame) {
  Shows("GEN-3");
  packet_2018 packet;
  EXPECT_EQ(resume_2018(ZX_HANDLE_INVALID, &packet), ZX_ERR_BAD_HANDLE);
  Machine machine(GUEST_BLOB(mem_stores));
  EXPECT_EQ(resume_2018(machine.guest(), &packet), ZX_ERR_WRONG_TYPE);
  const Handle no_execute = machine.vcpu().handle().WithRights(ZX_RIGHT_READ | ZX_RIGHT_WRITE);
  EXPECT_EQ(resume_2018(no_execute.get(), &packet), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Resume(machine, &packet), ZX_ERR_NOT_FOUND);  // nothing is trapped or mapped there
  zx_status_t elsewhere = ZX_OK;
  Thread([&] { elsewhere = resume_2018(machine.vcpu().get(), &packet); }).Join();
  EXPECT_EQ(elsewhere, ZX_ERR_BAD_STATE);
  ASSERT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK);
  EXPECT_EQ(Resume(machine, &packet), ZX_ERR_CANCELED);
}

// No KVM is needed for these.
TEST(Generation2018, VmosAreResizableAndExecutable) {
  Shows("GEN-8");
  for (const uint32_t options : {0u, 1u}) {
    Handle vmo;
    ASSERT_EQ(vmo_create_2018(4096, options, vmo.Receive()), ZX_OK);
    EXPECT_EQ(vmo.Rights(), 0xD0FFu);
    // Only a VMO that cannot change its size may be mapped so.
    zx_vaddr_t address = 0;
    const zx_status_t mapped =
        zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_REQUIRE_NON_RESIZABLE, 0,
                    vmo.get(), 0, 4096, &address);
    EXPECT_EQ(mapped, options == 0 ? ZX_ERR_NOT_SUPPORTED : ZX_OK);
    if (mapped == ZX_OK) {
      EXPECT_EQ(zx_vmar_unmap(zx_vmar_root_self(), address, 4096), ZX_OK);
    }
  }
  zx_handle_t none = ZX_HANDLE_INVALID;
  for (const uint32_t options : {2u, 3u, 4u, 0x8000'0000u}) {
    EXPECT_EQ(vmo_create_2018(4096, options, &none), ZX_ERR_INVALID_ARGS) << options;
  }
  EXPECT_EQ(none, ZX_HANDLE_INVALID);
}

TEST(Generation2018, HandleBasicTellsWhatIsWaitable) {
  Shows("GEN-9");
  zx_rights_t rights = 0;
  uint32_t props = 99;
  const Handle vmo = CreateVmo(4096);
  ASSERT_EQ(handle_basic_2018(vmo.get(), &rights, &props), ZX_OK);
  EXPECT_EQ(props, 1u);
  EXPECT_EQ(rights, vmo.Rights());
  const Handle port = CreatePort();
  ASSERT_EQ(handle_basic_2018(port.get(), &rights, &props), ZX_OK);
  EXPECT_EQ(props, 0u);
  EXPECT_EQ(handle_basic_2018(ZX_HANDLE_INVALID, &rights, &props), ZX_ERR_BAD_HANDLE);
}

}  // namespace
}  // namespace conformance
