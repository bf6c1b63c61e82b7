// A guest on a fake kernel that rings a bell and writes to a port. What tests of bells have in
// common.

#pragma once

#include <gtest/gtest.h>

#include <cstdint>

#include "fake/machine_test.h"

namespace zircon::fake {

class BellGuest : public OnMachine {
 protected:
  static constexpr uint64_t kBell = Machine::kDeviceAddress;
  static constexpr uint64_t kKey = 0x42;
  static constexpr uint32_t kReserve = 256;
  static constexpr uint64_t kOut = 0x8000;

  void SetUp() override {
    OnMachine::SetUp();
    ASSERT_EQ(machine().TrapBell(kBell, 0x1000, kKey), ZX_OK);
    ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
    zx_vcpu_state_t state = {};
    state.rdx = 0x60;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    machine().CodeAt(Machine::kEntry, {0x89, 0x03});  // mov %eax,(%rbx)
    machine().CodeAt(kOut, {0xEE});
  }
  // The guest stores to the bell's page.
  static Step Store(uint64_t offset) {
    return [offset](FakeVcpu& vcpu) {
      vcpu.regs.rip = Machine::kEntry;
      vcpu.regs.rbx = kBell + offset;
      return MmioWrite(kBell + offset, vcpu.regs.rax, 4, 2)(vcpu);
    };
  }
  void Ring(uint64_t offset, int times = 1) {
    for (int i = 0; i < times; ++i) cpu().Push(Store(offset));
  }
  void PushOut() {
    cpu().Push([](FakeVcpu& vcpu) {
      vcpu.regs.rip = kOut;
      return PioOut(0x60, 1)(vcpu);
    });
  }
};

}  // namespace zircon::fake
