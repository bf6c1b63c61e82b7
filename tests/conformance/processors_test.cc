// A guest with several processors, as a VMM runs it: one thread each, started by the guest's
// STARTUP packets, and every inter-processor interrupt through zx_vcpu_interrupt().

#include <array>
#include <mutex>
#include <vector>

#include "contract.h"
#include "probe.h"
#include "service.h"
#include "verdict.h"

DECLARE_GUEST(processors);
DECLARE_GUEST(busy_loop);

namespace conformance {
namespace {

constexpr size_t kProcessors = 4;

class ProcessorsTest : public KvmTest {
 protected:
  void SetUp() override {
    KvmTest::SetUp();
    if (IsSkipped()) return;
    NEEDS(ProbeRealMode());
  }

  // What one VCPU does until its checkpoint. The thread owns it.
  void Run(Machine& machine, Vcpu& vcpu, int last_checkpoint) {
    for (;;) {
      const zx_status_t status = vcpu.Enter();
      const zx_port_packet_t packet = vcpu.packet();
      if (status == ZX_OK && vcpu.AtCheckpoint(last_checkpoint)) return;
      ASSERT_EQ(status, ZX_OK) << Describe(status, packet);
      ASSERT_EQ(packet.type, uint32_t{ZX_PKT_TYPE_GUEST_VCPU}) << Describe(status, packet);
      if (packet.guest_vcpu.type == ZX_PKT_GUEST_VCPU_STARTUP) {
        ++startups_;
        Start(machine, packet.guest_vcpu.startup.id, packet.guest_vcpu.startup.entry);
      } else {
        ++interrupts_;
        Interrupt(packet.guest_vcpu.interrupt.mask, packet.guest_vcpu.interrupt.vector);
      }
    }
  }

  void Start(Machine& machine, uint64_t id, uint64_t entry) {
    ASSERT_LT(id, kProcessors);
    threads_.push_back(std::make_unique<Thread>([this, &machine, id, entry] {
      Vcpu vcpu(machine.guest(), entry);
      handles_[id] = vcpu.get();
      Run(machine, vcpu, 2);
      WaitUntil([&] { return over_.load(); });
    }));
    EXPECT_TRUE(WaitUntil([&] { return handles_[id] != ZX_HANDLE_INVALID; }));
  }

  void Interrupt(uint64_t mask, uint32_t vector) {
    for (size_t id = 0; id < kProcessors; ++id) {
      if ((mask >> id & 1) == 0) continue;
      EXPECT_EQ(zx_vcpu_interrupt(handles_[id], vector), ZX_OK);
    }
  }

  // All of them start, and interrupt each other so often.
  void StartAndExchange(uint64_t rounds) {
    Machine machine(GUEST_BLOB(processors));
    handles_[0] = machine.vcpu().get();
    ASSERT_TRUE(machine.vcpu().Reaches(0));
    zx_vcpu_state_t state{};
    state.rbx = rounds;
    machine.vcpu().SetState(state);
    Run(machine, machine.vcpu(), 1);
    over_ = true;
    threads_.clear();
    if (HasFailure()) return;
    for (size_t id = 0; id < kProcessors; ++id) {
      EXPECT_EQ(machine.At<uint64_t>(GUEST_DATA + 8 * id), rounds) << "vector 0x40 at id " << id;
      EXPECT_EQ(machine.At<uint64_t>(GUEST_DATA + 0x100 + 8 * id), id == 0 ? 2 : rounds + 1)
          << "vector 0x41 at id " << id;
    }
    EXPECT_EQ(startups_, kProcessors - 1);
  }

  std::array<std::atomic<zx_handle_t>, kProcessors> handles_{};
  std::vector<std::unique_ptr<Thread>> threads_;
  std::atomic<uint64_t> startups_ = 0;
  std::atomic<uint64_t> interrupts_ = 0;
  std::atomic<bool> over_ = false;
};

TEST_F(ProcessorsTest, FourStartEachOtherAndExchangeInterrupts) {
  Shows(
      "ICR-1 ICR-3 ICR-4 ICR-5 VCPU-CREATE-13 STATE-INIT-21 INT-4 INT-5 INT-6 HLT-1 INSN-1 CALL-5");
  const auto rounds = static_cast<uint64_t>(Rounds(1000));
  StartAndExchange(rounds);
  // Rounds, calls of all others, one to itself, one to all, the end.
  EXPECT_EQ(interrupts_, kProcessors * rounds + rounds + 3);
}

TEST_F(ProcessorsTest, TheKernelsLocalApicsExchangeThem) {
  Shows("ACCEL-9 ACCEL-10 ACCEL-13 ACCEL-15");
  NEEDS(ProbeKernelInterrupts());
  const KernelInterrupts kernels;
  StartAndExchange(static_cast<uint64_t>(Rounds(1000)));
  EXPECT_EQ(interrupts_, 0u) << "the VMM has no part in it";
}

// While the guest of one thread runs, every call of another comes back.
TEST_F(ProcessorsTest, CallsDoNotWaitForTheGuest) {
  Shows("VCPU-ENTER-22 CALL-5");
  Machine machine(GUEST_BLOB(busy_loop));
  Handle port = CreatePort();
  Handle vmo = CreateVmo(0x1000);
  std::atomic<bool> back = false;
  Thread other([&] {
    const auto runs = [&] { return machine.At<uint64_t>(GUEST_DATA) > 10; };
    EXPECT_TRUE(WaitUntil(runs));
    {
      Watch watch("the other thread's calls");
      EXPECT_EQ(zx_vcpu_interrupt(machine.vcpu().get(), 0x40), ZX_OK);  // IF is 0.
      EXPECT_FALSE(machine.vcpu().Kicked());
      EXPECT_EQ(machine.vcpu().handle().Rights(), 0xD01Fu);
      Handle copy = machine.vcpu().handle().WithRights(ZX_RIGHT_SAME_RIGHTS);
      copy.Reset();
      machine.TrapIo(0x500, 1, 1);
      machine.TrapMem(GUEST_MEM_TRAP, 0x1000, 2);
      machine.TrapBell(GUEST_BELL_TRAP, 0x1000, port.get(), 3);
      EXPECT_EQ(machine.Map(GUEST_WINDOW, vmo.get(), 0x1000), ZX_OK);
      EXPECT_EQ(machine.Unmap(GUEST_WINDOW, 0x1000), ZX_OK);
      zx_port_packet_t packet{};
      EXPECT_EQ(zx_port_queue(port.get(), &packet), ZX_OK);
      EXPECT_EQ(zx_port_wait(port.get(), 0, &packet), ZX_OK);
      Vcpu second(machine.guest(), GUEST_CODE);
      EXPECT_EQ(second.State().rax, 0u);
      Stats();
    }
    EXPECT_FALSE(back) << "the guest was never stopped for it";
    EXPECT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK);
  });
  EXPECT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
  back = true;
}

}  // namespace
}  // namespace conformance
