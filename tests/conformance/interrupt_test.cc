// Interrupts, exceptions, the NMI and HLT. Rows: INT, HLT.

#include <vector>

#include "contract.h"
#include "harness.h"

DECLARE_GUEST(interrupts);
DECLARE_GUEST(sti_hlt);
DECLARE_GUEST(busy_loop);

namespace conformance {
namespace {

using Vectors = std::vector<int>;
enum Wait : uint64_t { kCheckpoints = 0, kHalts = 1, kLoops = 2, kHaltsWithoutIf = 3 };

class InterruptTest : public KvmTest {
 protected:
  InterruptTest() = default;

  void SetUp() override {
    KvmTest::SetUp();
    if (IsSkipped()) return;
    machine_ = std::make_unique<Machine>(GUEST_BLOB(interrupts));
  }
  void TearDown() override { machine_.reset(); }

  Machine& machine() { return *machine_; }
  Vcpu& vcpu() { return machine_->vcpu(); }
  void Raise(uint32_t vector) { EXPECT_EQ(zx_vcpu_interrupt(vcpu().get(), vector), ZX_OK); }
  Vectors Log() { return machine_->LogVectors(); }
  // To checkpoint 1, interrupts on.
  void Start() {
    ASSERT_TRUE(vcpu().Reaches(0));
    ASSERT_TRUE(vcpu().Reaches(1));
    ASSERT_EQ(Log(), Vectors());
  }
  // What the guest does after checkpoint 1.
  void SetWait(Wait wait) {
    zx_vcpu_state_t state = vcpu().State();
    state.r12 = wait;
    vcpu().SetState(state);
  }
  bool Waits() { return machine_->At<uint64_t>(GUEST_DATA) == 1; }

  std::unique_ptr<Machine> machine_;
};

TEST_F(InterruptTest, ReachesARunningVcpu) {
  Shows("INT-5 VCPU-ENTER-14");
  Start();
  SetWait(kLoops);
  for (const uint32_t vector : {0x40u, 32u, 0xFFu, 0x40u}) {
    Thread other([&] {
      EXPECT_TRUE(WaitUntil([&] { return Waits(); }));
      Raise(vector);
    });
    ASSERT_TRUE(vcpu().Reaches(1));
  }
  EXPECT_EQ(Log(), (Vectors{0x40, 32, 0xFF, 0x40}));
  EXPECT_EQ(machine().LogError(0), uint64_t{LOG_NO_ERROR});
}

TEST_F(InterruptTest, WakesAHaltedVcpu) {
  Shows("INT-6 HLT-1 VCPU-ENTER-15");
  Start();
  SetWait(kHalts);
  for (const uint32_t vector : {0x40u, 33u, 0xF0u}) {
    Thread other([&] {
      EXPECT_TRUE(WaitUntil([&] { return Waits(); }));
      SleepMs(20);
      EXPECT_TRUE(Waits());
      Raise(vector);
    });
    ASSERT_TRUE(vcpu().Reaches(1));
  }
  EXPECT_EQ(Log(), (Vectors{0x40, 33, 0xF0}));
}

TEST_F(InterruptTest, WaitsForAVcpuThatWasNeverEntered) {
  Shows("INT-4 INT-7 INT-9 STATE-INIT-12");
  Raise(0x40);
  Raise(0x40);
  ASSERT_TRUE(vcpu().Reaches(0));
  EXPECT_EQ(Log(), Vectors()) << "IF is 0";
  ASSERT_TRUE(vcpu().Reaches(1));
  EXPECT_EQ(Log(), (Vectors{0x40})) << "the same vector twice is one";
}

// Raised while the VCPU is in neither enter nor HLT: delivered by the next enter.
TEST_F(InterruptTest, WaitsWhileTheVmmWorks) {
  Shows("INT-7");
  Start();
  Raise(0x40);
  ASSERT_TRUE(vcpu().Reaches(1));
  EXPECT_EQ(Log(), (Vectors{0x40}));
  ASSERT_TRUE(vcpu().Reaches(1));
  EXPECT_EQ(Log(), (Vectors{0x40}));
}

TEST_F(InterruptTest, MaskedUntilSti) {
  Shows("INT-9");
  ASSERT_TRUE(vcpu().Reaches(0));
  Raise(0x40);
  Raise(32);
  EXPECT_EQ(Log(), Vectors());
  ASSERT_TRUE(vcpu().Reaches(1));
  ASSERT_TRUE(vcpu().Reaches(1));
  EXPECT_EQ(Log(), (Vectors{0x40, 32})) << "the highest first";
}

TEST_F(InterruptTest, TheHighestGoesFirst) {
  Shows("INT-9");
  Start();
  for (const uint32_t vector : {33u, 0xF0u, 32u, 0xFFu, 0x40u}) Raise(vector);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(vcpu().Reaches(1));
  EXPECT_EQ(Log(), (Vectors{0xFF, 0xF0, 0x40, 33, 32}));
}

// With 32 and 16 pending the guest sees 32 and never 16.
TEST_F(InterruptTest, AnInterruptDropsALowerException) {
  Shows("INT-12");
  for (const bool masked : {false, true}) {
    SCOPED_TRACE(masked ? "interrupts off at first" : "interrupts on");
    machine_.reset();
    machine_ = std::make_unique<Machine>(GUEST_BLOB(interrupts));
    if (masked) {
      ASSERT_TRUE(vcpu().Reaches(0));
    } else {
      Start();
    }
    Raise(16);
    Raise(32);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(vcpu().Reaches(1));
    EXPECT_EQ(Log(), (Vectors{32}));
  }
}

TEST_F(InterruptTest, TheNmiGoesBeforeAllAndIgnoresIf) {
  Shows("INT-8");
  ASSERT_TRUE(vcpu().Reaches(0));
  Raise(0xFF);
  Raise(2);
  Raise(2);
  ASSERT_TRUE(vcpu().Reaches(1));
  ASSERT_TRUE(vcpu().Reaches(1));
  EXPECT_EQ(Log(), (Vectors{2, 0xFF}));
  EXPECT_EQ(machine().LogError(0), uint64_t{LOG_NO_ERROR});
  // Once more: IRET has opened it again.
  Raise(2);
  ASSERT_TRUE(vcpu().Reaches(1));
  EXPECT_EQ(Log(), (Vectors{2, 0xFF, 2}));
}

TEST_F(InterruptTest, TheNmiWakesAHaltWithoutIf) {
  Shows("INT-8 HLT-2");
  Start();
  SetWait(kHaltsWithoutIf);
  Thread other([&] {
    EXPECT_TRUE(WaitUntil([&] { return Waits(); }));
    SleepMs(20);
    Raise(2);
  });
  ASSERT_TRUE(vcpu().Reaches(2));
  EXPECT_EQ(Log(), (Vectors{2}));
}

// Exceptions come whatever IF is, with error code 0 where the processor has one.
TEST_F(InterruptTest, Exceptions) {
  Shows("INT-11");
  for (const bool interrupts_on : {false, true}) {
    for (const uint32_t vector : {6u, 8u, 13u, 14u, 16u, 17u, 19u}) {
      SCOPED_TRACE(testing::Message() << "vector " << vector << " IF " << interrupts_on);
      machine_.reset();
      machine_ = std::make_unique<Machine>(GUEST_BLOB(interrupts));
      ASSERT_TRUE(vcpu().Reaches(0));
      if (interrupts_on) {
        ASSERT_TRUE(vcpu().Reaches(1));
      }
      Raise(vector);
      ASSERT_TRUE(vcpu().Reaches(1));
      ASSERT_EQ(Log(), (Vectors{static_cast<int>(vector)}));
      const bool has_error = vector == 8 || vector == 13 || vector == 14 || vector == 17;
      EXPECT_EQ(machine().LogError(0), has_error ? 0 : LOG_NO_ERROR);
    }
  }
}

TEST_F(InterruptTest, Vectors21To31MakeEnterFailOnce) {
  Shows("INT-10 VCPU-ENTER-6");
  Start();
  for (uint32_t vector = 21; vector <= 31; ++vector) {
    Raise(vector);
    ASSERT_TRUE(vcpu().Fails(ZX_ERR_NOT_SUPPORTED)) << vector;
    ASSERT_TRUE(vcpu().Reaches(1)) << vector;
  }
  EXPECT_EQ(Log(), Vectors());
}

TEST_F(InterruptTest, VectorsAbove255AreOutOfRange) {
  Shows("INT-2");
  for (const uint32_t vector : {256u, 0x10040u, 0xFFFFFFFFu}) {
    EXPECT_EQ(zx_vcpu_interrupt(vcpu().get(), vector), ZX_ERR_OUT_OF_RANGE);
  }
  Start();
  ASSERT_TRUE(vcpu().Reaches(1));
  EXPECT_EQ(Log(), Vectors());
}

// HLT with interrupts off ends by an interrupt all the same; it is delivered behind STI.
TEST_F(InterruptTest, AnInterruptEndsHltWithoutIf) {
  Shows("HLT-2 INT-9");
  Start();
  SetWait(kHaltsWithoutIf);
  {
    Thread other([&] {
      EXPECT_TRUE(WaitUntil([&] { return Waits(); }));
      SleepMs(20);
      EXPECT_TRUE(Waits());
      Raise(0x40);
    });
    ASSERT_TRUE(vcpu().Reaches(2));
  }
  EXPECT_EQ(Log(), Vectors());
  ASSERT_TRUE(vcpu().Reaches(1));
  EXPECT_EQ(Log(), (Vectors{0x40}));
}

// The interrupt that waits behind STI comes after HLT has begun: it returns behind HLT.
TEST_F(InterruptTest, StiHoldsInterruptsForOneInstruction) {
  Shows("INT-9 HLT-2");
  machine_.reset();
  machine_ = std::make_unique<Machine>(GUEST_BLOB(sti_hlt));
  ASSERT_TRUE(vcpu().Reaches(0));
  Raise(0x40);
  ASSERT_TRUE(vcpu().Reaches(1));
  ASSERT_EQ(Log(), (Vectors{0x40}));
  const Form& hlt = machine().blob().form(0);
  EXPECT_EQ(machine().LogRip(0), hlt.rip() + hlt.size);
}

// Interrupts of a VCPU that is being kicked are kept.
TEST_F(InterruptTest, AKickKeepsThem) {
  Shows("KICK-7");
  Start();
  Raise(0x40);
  EXPECT_EQ(zx_vcpu_kick(vcpu().get()), ZX_OK);
  ASSERT_TRUE(vcpu().Fails(ZX_ERR_CANCELED));
  EXPECT_EQ(Log(), Vectors());
  ASSERT_TRUE(vcpu().Reaches(1));
  EXPECT_EQ(Log(), (Vectors{0x40}));
}

// One by one at full speed, to a loop and to HLT: none is lost, none comes twice.
TEST_F(InterruptTest, ThousandsOneByOne) {
  Shows("INT-4 INT-5 INT-6");
  for (const Wait wait : {kLoops, kHalts}) {
    machine_.reset();
    machine_ = std::make_unique<Machine>(GUEST_BLOB(interrupts));
    Start();
    SetWait(wait);
    const auto rounds = static_cast<size_t>(Rounds(1000));
    Thread other([&] {
      for (size_t i = 0; i < rounds; ++i) {
        Raise(i % 2 == 0 ? 0x40 : 0xF0);
        const zx_time_t end = zx_deadline_after(ZX_SEC(15));
        while (machine().LogCount() == i && zx_clock_get_monotonic() < end) {
          zx_nanosleep(zx_deadline_after(ZX_USEC(1)));
        }
        if (machine().LogCount() == i) {
          ADD_FAILURE() << "interrupt " << i << " does not come";
          break;
        }
      }
      zx_vcpu_kick(vcpu().get());  // The end.
    });
    zx_status_t status = ZX_OK;
    while (status == ZX_OK) status = vcpu().Enter();
    EXPECT_EQ(status, ZX_ERR_CANCELED);
    other.Join();
    EXPECT_EQ(machine().LogCount(), rounds);
  }
}

}  // namespace
}  // namespace conformance
