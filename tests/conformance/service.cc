#include "service.h"

#include <fmt/format.h>

#include <stdexcept>

DECLARE_GUEST(service);

namespace conformance {

Service::Service(Machine::VcpuChoice choice) : machine_(GUEST_BLOB(service), choice) {
  if (choice == Machine::kWithVcpu) Finish();
}

void Service::Begin(uint64_t what, zx_vcpu_state_t state) {
  const zx_vcpu_state_t now = vcpu().State();
  state.rsi = what;
  state.rsp = now.rsp;
  vcpu().SetState(state);
}

void Service::Finish() {
  const testing::AssertionResult reached = vcpu().Reaches(0);
  if (!reached) throw std::runtime_error(fmt::format("service: {}", reached.message()));
}

zx_vcpu_state_t Service::Call(uint64_t what, zx_vcpu_state_t state) {
  Begin(what, state);
  const testing::AssertionResult reached = vcpu().Reaches(1);
  if (!reached) {
    throw std::runtime_error(fmt::format("service {}, RCX {:#x}, RAX {:#x}: {}", what, state.rcx,
                                         state.rax, reached.message()));
  }
  const zx_vcpu_state_t result = vcpu().State();
  Finish();
  return result;
}

std::optional<uint64_t> Service::ReadMsr(uint32_t msr) {
  zx_vcpu_state_t state{};
  state.rcx = msr;
  state = Call(SERVICE_RDMSR, state);
  if (state.r15 != 0) {
    EXPECT_EQ(state.r15, 13u);
    EXPECT_EQ(state.r14, 0u) << "error code";
    return {};
  }
  return (state.rdx & 0xFFFFFFFF) << 32 | (state.rax & 0xFFFFFFFF);
}

void Service::BeginMsrWrite(uint32_t msr, uint64_t value) {
  zx_vcpu_state_t state{};
  state.rcx = msr;
  state.rax = value & 0xFFFFFFFF;
  state.rdx = value >> 32;
  Begin(SERVICE_WRMSR, state);
}

bool Service::WriteMsr(uint32_t msr, uint64_t value) {
  BeginMsrWrite(msr, value);
  const testing::AssertionResult reached = vcpu().Reaches(1);
  if (!reached) {
    throw std::runtime_error(fmt::format("WRMSR {:#x} {:#x}: {}", msr, value, reached.message()));
  }
  const zx_vcpu_state_t state = vcpu().State();
  Finish();
  if (state.r15 == 0) return true;
  EXPECT_EQ(state.r15, 13u);
  EXPECT_EQ(state.r14, 0u) << "error code";
  return false;
}

zx_status_t Service::WriteMsrFails(uint32_t msr, uint64_t value) {
  BeginMsrWrite(msr, value);
  const zx_status_t status = vcpu().Enter();
  if (status == ZX_OK) {
    throw std::runtime_error(fmt::format("WRMSR {:#x} {:#x} gives no error: {}, R15 {}", msr, value,
                                         Describe(status, vcpu().packet()), vcpu().State().r15));
  }
  return status;
}

zx_port_packet_t Service::WriteMsrForPacket(uint32_t msr, uint64_t value) {
  BeginMsrWrite(msr, value);
  const zx_status_t status = vcpu().Enter();
  const zx_port_packet_t packet = vcpu().packet();
  if (status != ZX_OK || vcpu().AtCheckpoint(1)) {
    throw std::runtime_error(
        fmt::format("WRMSR {:#x} {:#x}: no packet: {}", msr, value, Describe(status, packet)));
  }
  const testing::AssertionResult reached = vcpu().Reaches(1);
  if (!reached) throw std::runtime_error(fmt::format("WRMSR {:#x}: {}", msr, reached.message()));
  EXPECT_EQ(vcpu().State().r15, 0u);
  Finish();
  return packet;
}

Service::Cpuid Service::ReadCpuid(uint32_t leaf, uint32_t subleaf) {
  zx_vcpu_state_t state{};
  state.rax = leaf;
  state.rcx = subleaf;
  state = Call(SERVICE_CPUID, state);
  return {static_cast<uint32_t>(state.rax), static_cast<uint32_t>(state.rbx),
          static_cast<uint32_t>(state.rcx), static_cast<uint32_t>(state.rdx)};
}

uint64_t Service::Tsc() {
  const zx_vcpu_state_t state = Call(SERVICE_RDTSC);
  return state.rdx << 32 | (state.rax & 0xFFFFFFFF);
}

void Service::WaitForInterrupt(bool halt, size_t count) {
  zx_vcpu_state_t state{};
  state.rcx = count;
  Call(halt ? SERVICE_HALT : SERVICE_LOOP, state);
}

}  // namespace conformance
