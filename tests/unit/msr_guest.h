// MsrGuest: a guest on the fake kernel that reads and writes MSRs and then comes to the VMM by an
// OUT.

#pragma once

#include <zircon/syscalls.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "fake/exits.h"
#include "fake/machine_test.h"

namespace zircon::fake {

// What the guest gets for an MSR, or a value, that it has not got.
inline constexpr Delivery kGeneralProtection = {Delivery::kException, 13, true, 0};

class MsrGuest : public OnMachine {
 protected:
  void SetUp() override { Start(DefaultHost()); }
  void Start(HostModel host) {
    Use(std::move(host));
    ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
    machine().Code({0xEE});
    zx_vcpu_state_t state = {};
    state.rdx = 0x60;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
  }
  // Back to the VMM, with RIP where it was.
  void PushOut() {
    cpu().Push([](FakeVcpu& vcpu) {
      vcpu.regs.rip = Machine::kEntry;
      vcpu.regs.rdx = 0x60;
      return PioOut(0x60, 1)(vcpu);
    });
  }
  // What the guest reads; nothing if it gets #GP.
  std::optional<uint64_t> Read(uint32_t msr) {
    cpu().ForgetDeliveries();
    uint64_t value = 0;
    cpu().Push(RdMsr(msr));
    cpu().Push(Do([&](FakeVcpu& vcpu) { value = vcpu.regs.rdx << 32 | vcpu.regs.rax; }));
    PushOut();
    EXPECT_EQ(machine().Enter(), ZX_OK);
    if (cpu().deliveries() == std::vector<Delivery>({kGeneralProtection})) return std::nullopt;
    EXPECT_TRUE(cpu().deliveries().empty());
    return value;
  }
};

}  // namespace zircon::fake
