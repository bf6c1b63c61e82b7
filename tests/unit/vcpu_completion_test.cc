// What the kernel is made to finish, and what is left of it: doubtful stores, bytes that do not
// matter, exceptions, instructions that come back for ever. Rows: FAULT-8, TRAP-MEM, INSN.

#include <gtest/gtest.h>

#include <vector>

#include "contract.h"
#include "fake/machine_test.h"

namespace zircon {
namespace {

using fake::Do;
using fake::FakeVcpu;
using fake::kGoOn;
using fake::Machine;
using fake::MmioReadThen;
using fake::MmioWrite;
using fake::MmioWritePieces;
using fake::PioOut;

constexpr uint64_t kDevice = Machine::kDeviceAddress;
constexpr uint64_t kHole = 0x300000;
constexpr uint64_t kTrapFlag = 0x100;
constexpr uint64_t kResumeFlag = 0x10000;
constexpr uint64_t kSingleStep = 0x4000;  // of DR6

class VcpuCompletion : public fake::OnMachine {
 protected:
  void SetUp() override {
    OnMachine::SetUp();
    ASSERT_EQ(machine().TrapMemory(kDevice, 0x2000, 1), ZX_OK);
    ASSERT_EQ(machine().TrapBell(kDevice + 0x2000, 0x1000, 2), ZX_OK);
    ASSERT_EQ(machine().TrapIo(0x60, 1), ZX_OK);
  }
  void Begin(const std::vector<uint8_t>& code, uint64_t address, uint64_t rflags = 0) {
    machine().CodeAt(Machine::kEntry - 16, std::vector<uint8_t>(64, 0x90));
    machine().CodeAt(Machine::kEntry, code);
    zx_vcpu_state_t state = {};
    state.rax = 0x48;
    state.rbx = state.rdi = state.rsi = address;
    state.rsp = 0x9000;
    state.rcx = 1000;
    state.rdx = 0x60;
    state.rflags = rflags | 2;
    ASSERT_EQ(machine().SetState(state), ZX_OK);
    cpu().run().s.regs.regs.rip = Machine::kEntry;
    cpu().regs.rip = Machine::kEntry;
  }
  // The guest's way back to the VMM; RIP is `rip` when it is reached.
  void PushEndAt(uint64_t rip) {
    cpu().Push([this, rip](FakeVcpu& vcpu) {
      EXPECT_EQ(vcpu.regs.rip, rip);
      machine().CodeAt(0x7000, {0xEE});
      vcpu.regs.rip = 0x7000;
      vcpu.regs.rdx = 0x60;
      return PioOut(0x60, 1)(vcpu);
    });
  }
  void ExpectOneStep() {
    ASSERT_EQ(cpu().deliveries().size(), 1u);
    EXPECT_EQ(cpu().deliveries()[0], (fake::Delivery{fake::Delivery::kException, 1}));
    EXPECT_NE(cpu().debugregs.dr6 & kSingleStep, 0u);
  }
};

// ---- Stores ----

// mov $0x48,%al; mov %eax,(%rbx) at the end of a page. 48 is also a prefix that makes it 8 bytes.
TEST_F(VcpuCompletion, ADoubtfulStoreIsFinishedBeforeItIsExplained) {
  Shows("FAULT-8 TRAP-MEM-3 TRAP-MEM-11");
  for (const uint64_t address : {kDevice + 0xFFC, kHole + 0xFFC}) {
    for (const bool wide : {false, true}) {
      SCOPED_TRACE(::testing::Message() << std::hex << address << " wide " << wide);
      Begin({0xB0, 0x48, 0x89, 0x03}, address);
      cpu().regs.rip = cpu().run().s.regs.regs.rip = Machine::kEntry + (wide ? 1 : 2);
      std::vector<fake::Piece> pieces = {{address, 4, 0x48}};
      if (wide) pieces.push_back({address + 4, 4, 0});
      cpu().Push(MmioWritePieces(pieces, wide ? 3 : 2));
      const bool trapped = address < kHole;
      ASSERT_EQ(machine().Enter(), trapped ? ZX_OK : ZX_ERR_NOT_FOUND);
      if (trapped) {
        EXPECT_EQ(packet().guest_mem.addr, address);
        EXPECT_EQ(packet().guest_mem.instruction_size, wide ? 3 : 2);
        EXPECT_EQ(packet().guest_mem.rip, Machine::kEntry + (wide ? 1u : 2u));
      }
      PushEndAt(Machine::kEntry + (trapped ? 4 : wide ? 1 : 2));
      ASSERT_EQ(EnterWithRuns(1), ZX_OK);
      EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
    }
  }
}

TEST_F(VcpuCompletion, VectorRegistersSayWhichStoreItWas) {
  Shows("FAULT-8");
  // mov $0x44,%al; movups %xmm0,(%rbx), or movups %xmm8,(%rbx)?
  for (const int source : {0, 8}) {
    Begin({0xB0, 0x44, 0x0F, 0x11, 0x03}, kHole);
    cpu().fpu = {};
    cpu().fpu.xmm[source][0] = 0x77;
    cpu().Push([source](FakeVcpu& vcpu) {
      vcpu.regs.rip = Machine::kEntry + (source == 0 ? 2 : 1);
      return MmioWritePieces({{kHole, 8, 0x77}, {kHole + 8, 8, 0}}, source == 0 ? 3 : 4)(vcpu);
    });
    ASSERT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND);
    PushEndAt(Machine::kEntry + (source == 0 ? 2 : 1));
    ASSERT_EQ(machine().Enter(), ZX_OK);
  }
}

// mov $0xAA,%al; rep stosb: AA ends where the REP stands.
TEST_F(VcpuCompletion, ARepeatedStoreBehindItsOwnOpcode) {
  Shows("TRAP-MEM-13 TRAP-BELL-13 TRAP-MEM-3");
  for (const bool bell : {false, true}) {
    const uint64_t address = kDevice + (bell ? 0x2000 : 0);
    Begin({0xB0, 0xAA, 0xF3, 0xAA}, address);
    cpu().Push([address](FakeVcpu& vcpu) {
      vcpu.regs.rip = Machine::kEntry + 2;
      vcpu.regs.rax = 0xAA;
      vcpu.regs.rdi += 1;
      vcpu.regs.rcx -= 1;
      vcpu.regs.rflags |= kResumeFlag;
      return MmioWrite(address, 0xAA, 1, 0)(vcpu);
    });
    PushEndAt(Machine::kEntry + 4);
    if (!bell) {
      ASSERT_EQ(machine().Enter(), ZX_OK);
      EXPECT_EQ(packet().guest_mem.rip, Machine::kEntry + 2);
      EXPECT_EQ(packet().guest_mem.instruction_size, 2);
    }
    ASSERT_EQ(machine().Enter(), ZX_OK);
    EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
    EXPECT_EQ(cpu().regs.rflags & kResumeFlag, 0u);
  }
  zx_port_packet_t ring;
  ASSERT_EQ(zx_port_wait(machine().port, 0, &ring), ZX_OK);
  EXPECT_EQ(ring.guest_bell.addr, kDevice + 0x2000);
  EXPECT_EQ(zx_port_wait(machine().port, 0, &ring), ZX_ERR_TIMED_OUT);
}

// ---- Bytes that do not matter ----

TEST_F(VcpuCompletion, TheyAreZeros) {
  Shows("TRAP-MEM-7");
  Begin({0x8E, 0x1B}, kDevice);  // mov (%rbx),%ds: a null selector looks nothing up
  uint64_t read = 1;
  cpu().Push(MmioReadThen(kDevice, 2, 2, [&read](FakeVcpu& vcpu, uint64_t data) {
    read = data;
    vcpu.sregs.ds.selector = 0;
    vcpu.sregs.ds.present = 0;
    return kGoOn;
  }));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  PushEndAt(Machine::kEntry + 2);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_EQ(read, 0u);
  EXPECT_EQ(cpu().sregs.ds.present, 1);
  EXPECT_EQ(cpu().sregs_given(), 1u);
}

// ---- Exceptions ----

TEST_F(VcpuCompletion, AnExceptionOfTheirsIsDropped) {
  Shows("INSN-8 TRAP-MEM-7");
  Begin({0xF7, 0x33}, kDevice);  // div (%rbx)
  cpu().Push(MmioReadThen(kDevice, 4, 2, [](FakeVcpu& vcpu, uint64_t) {
    vcpu.regs.rip = Machine::kEntry;
    vcpu.RaiseException(0, false);
    return kGoOn;
  }));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  PushEndAt(Machine::kEntry + 2);
  const uint64_t segments = cpu().sregs_given();
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_TRUE(cpu().deliveries().empty());
  EXPECT_EQ(cpu().sregs_given(), segments) << "the kernel has not changed them";
}

TEST_F(VcpuCompletion, TheTrapOfASingleStepStays) {
  Shows("INSN-9");
  Begin({0x03, 0x03}, kDevice, kTrapFlag);  // add (%rbx),%eax
  cpu().Push(MmioReadThen(kDevice, 4, 2, [](FakeVcpu& vcpu, uint64_t) {
    vcpu.RaiseException(1, false);
    vcpu.debugregs.dr6 |= kSingleStep;
    return kGoOn;
  }));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  PushEndAt(Machine::kEntry + 2);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ExpectOneStep();
}

TEST_F(VcpuCompletion, AnExceptionOfTheirsDoesNotReplaceASingleStep) {
  Shows("INSN-9");
  Begin({0xF7, 0x33}, kDevice, kTrapFlag);
  cpu().Push(MmioReadThen(kDevice, 4, 2, [](FakeVcpu& vcpu, uint64_t) {
    vcpu.regs.rip = Machine::kEntry;
    vcpu.RaiseException(0, false);
    return kGoOn;
  }));
  ASSERT_EQ(machine().Enter(), ZX_OK);
  PushEndAt(Machine::kEntry + 2);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  ExpectOneStep();
}

// The kernel forgets it where a store exits.
TEST_F(VcpuCompletion, AStoreIsAStep) {
  Shows("INSN-9 TRAP-BELL-2");
  for (const uint64_t address : {kDevice, kDevice + 0x2000}) {
    cpu().ForgetDeliveries();
    cpu().debugregs.dr6 = 0xFFFF0FF0;
    Begin({0x89, 0x03}, address, kTrapFlag);
    cpu().Push(MmioWrite(address, 0x48, 4, 2));
    if (address == kDevice) {
      ASSERT_EQ(machine().Enter(), ZX_OK);
      EXPECT_TRUE(cpu().deliveries().empty());
    }
    PushEndAt(Machine::kEntry + 2);
    ASSERT_EQ(machine().Enter(), ZX_OK);
    ExpectOneStep();
  }
}

TEST_F(VcpuCompletion, AnInstructionThatIsRefusedIsNoStep) {
  Shows("FAULT-8 INSN-9");
  Begin({0x03, 0x03}, kHole, kTrapFlag);
  cpu().Push(MmioReadThen(kHole, 4, 2, [](FakeVcpu& vcpu, uint64_t) {
    vcpu.RaiseException(1, false);
    return kGoOn;
  }));
  ASSERT_EQ(machine().Enter(), ZX_ERR_NOT_FOUND);
  PushEndAt(Machine::kEntry);
  ASSERT_EQ(machine().Enter(), ZX_OK);
  EXPECT_TRUE(cpu().deliveries().empty());
}

// ---- Instructions that come back ----

// The kernel is in the middle of a REP, but what stands at RIP has been changed meanwhile: it comes
// back for each iteration.
TEST_F(VcpuCompletion, CodeThatWasRewrittenEndsAllTheSame) {
  Shows("TRAP-MEM-13 FAULT-8");
  const std::vector<uint8_t> kCodes[] = {{0x8B, 0x03}, {0x90}, {0x06}};
  for (const std::vector<uint8_t>& code : kCodes) {
    for (const uint64_t address : {kDevice, kHole}) {
      SCOPED_TRACE(::testing::Message() << int{code[0]} << " at " << std::hex << address);
      Begin(code, address, 0x40);
      cpu().Push([address](FakeVcpu& vcpu) {
        auto read = std::make_shared<fake::Step>();
        *read = [again = std::weak_ptr(read)](FakeVcpu& later) {
          later.regs.rsi += 1;
          later.regs.rcx -= 1;
          if (later.regs.rcx == 0) {
            later.regs.rip += 2;
            return kGoOn;
          }
          later.CompleteWith([step = again.lock()](FakeVcpu& next) { return (*step)(next); });
          return fake::ExitForRead(later, later.regs.rsi, 1);
        };
        vcpu.CompleteWith([read](FakeVcpu& later) { return (*read)(later); });
        return fake::ExitForRead(vcpu, address, 1);
      });
      const bool trapped = address == kDevice;
      ASSERT_EQ(machine().Enter(), trapped ? ZX_OK : ZX_ERR_NOT_FOUND);
      EXPECT_EQ(machine().State().rcx, 1000u);
      // Not where the library has decoded another length.
      const uint64_t behind = code[0] == 0x90 ? 1 : 2;
      PushEndAt(Machine::kEntry + (trapped ? behind : 0));
      ASSERT_EQ(machine().Enter(), ZX_OK);
      EXPECT_EQ(packet().type, ZX_PKT_TYPE_GUEST_IO);
    }
  }
}

}  // namespace
}  // namespace zircon
