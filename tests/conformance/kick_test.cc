// Kicks. Rows: KICK.

#include "contract.h"
#include "harness.h"

DECLARE_GUEST(busy_loop);
DECLARE_GUEST(halt);
DECLARE_GUEST(io_many);

namespace conformance {
namespace {

class KickTest : public KvmTest {
 protected:
  static uint64_t Count(Machine& machine) { return machine.At<uint64_t>(GUEST_DATA); }
  static void Kick(Machine& machine) { EXPECT_EQ(zx_vcpu_kick(machine.vcpu().get()), ZX_OK); }
};

TEST_F(KickTest, BeforeEnterNoInstructionRuns) {
  Shows("KICK-3 KICK-10 KICK-11 VCPU-ENTER-3");
  Machine machine(GUEST_BLOB(busy_loop));
  EXPECT_FALSE(machine.vcpu().Kicked());
  Kick(machine);
  EXPECT_TRUE(machine.vcpu().Kicked());
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
  EXPECT_FALSE(machine.vcpu().Kicked());
  EXPECT_EQ(Count(machine), 0u);
  EXPECT_EQ(machine.vcpu().State().rdx, 0u);
}

TEST_F(KickTest, DuringABusyLoop) {
  Shows("KICK-2 KICK-7 KICK-10");
  Machine machine(GUEST_BLOB(busy_loop));
  for (int round = 0; round < 20; ++round) {
    const uint64_t before = Count(machine);
    Thread kicker([&] {
      EXPECT_TRUE(WaitUntil([&] { return Count(machine) > before + 10; }));
      Kick(machine);
    });
    ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
    EXPECT_FALSE(machine.vcpu().Kicked());
    EXPECT_EQ(machine.vcpu().State().rdx, uint64_t{GUEST_DATA});
  }
}

// After its kick a halted guest goes on behind the HLT.
TEST_F(KickTest, DuringHalt) {
  Shows("KICK-2 KICK-8 HLT-3 RIP-7");
  Machine machine(GUEST_BLOB(halt));
  for (uint64_t round = 1; round <= 10; ++round) {
    Thread kicker([&] {
      EXPECT_TRUE(WaitUntil([&] { return Count(machine) == round; }));
      SleepMs(10);
      EXPECT_EQ(machine.At<uint64_t>(GUEST_DATA + 8), round - 1) << "woken by nothing";
      Kick(machine);
    });
    ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
    EXPECT_EQ(Count(machine), round);
    EXPECT_EQ(machine.At<uint64_t>(GUEST_DATA + 8), round - 1);
  }
}

TEST_F(KickTest, SeveralKicksAreOne) {
  Shows("KICK-4 VCPU-ENTER-3");
  Machine machine(GUEST_BLOB(io_many));
  machine.TrapIo(0x500, 1, 1);
  zx_vcpu_state_t state{};
  state.rcx = 5;
  machine.vcpu().SetState(state);
  for (int i = 0; i < 5; ++i) Kick(machine);
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
  Kick(machine);
  Kick(machine);
  ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
  ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
}

// A kick is taken before what an exit owes is settled, and takes nothing of it.
TEST_F(KickTest, LosesNoAnswer) {
  Shows("KICK-6 KICK-7 VCPU-ENTER-11");
  Machine machine(GUEST_BLOB(io_many));
  machine.TrapIo(0x500, 1, 1);
  zx_vcpu_state_t state{};
  state.rcx = 100;
  machine.vcpu().SetState(state);
  for (uint32_t i = 100; i > 0; --i) {
    ASSERT_TRUE(machine.vcpu().Traps(ZX_PKT_TYPE_GUEST_IO, 1));
    ASSERT_EQ(machine.vcpu().packet().guest_io.u32, i);
    Kick(machine);
    ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
    ASSERT_EQ(machine.vcpu().State().rcx, i);
  }
  ASSERT_TRUE(machine.vcpu().Reaches(0));
}

// Kicks against a guest that traps at the same time: every packet comes, in order.
TEST_F(KickTest, AgainstTraps) {
  Shows("KICK-6 VCPU-ENTER-11");
  Machine machine(GUEST_BLOB(io_many));
  machine.TrapIo(0x500, 1, 1);
  const auto count = static_cast<uint32_t>(Rounds(5000));
  zx_vcpu_state_t state{};
  state.rcx = count;
  machine.vcpu().SetState(state);
  std::atomic<bool> stop = false;
  std::atomic<int> kicks = 0;
  int cancels = 0;
  Thread kicker([&] {
    while (!stop) {
      Kick(machine);
      ++kicks;
      zx_nanosleep(zx_deadline_after(ZX_USEC(50)));
    }
  });
  for (uint32_t i = count; i > 0;) {
    const zx_status_t status = machine.vcpu().Enter();
    if (status == ZX_ERR_CANCELED) {
      ++cancels;
      continue;
    }
    ASSERT_EQ(status, ZX_OK) << Describe(status, machine.vcpu().packet());
    ASSERT_EQ(machine.vcpu().packet().guest_io.u32, i);
    --i;
  }
  stop = true;
  kicker.Join();
  EXPECT_LE(cancels, kicks);
  EXPECT_GT(cancels, 0);
}

// Every kick that is waited for gives one CANCELED, and nothing else does.
TEST_F(KickTest, ThousandsOfKicksOneByOne) {
  Shows("KICK-2 KICK-5");
  Machine machine(GUEST_BLOB(busy_loop));
  const int rounds = Rounds(10000);
  std::atomic<int> canceled = 0;
  std::atomic<bool> done = false;
  Thread kicker([&] {
    for (int i = 0; i < rounds; ++i) {
      Kick(machine);
      while (canceled == i && !done) zx_nanosleep(zx_deadline_after(ZX_USEC(1)));
    }
    done = true;
    zx_vcpu_kick(machine.vcpu().get());  // The end.
  });
  for (;;) {
    const zx_status_t status = machine.vcpu().Enter();
    if (status != ZX_ERR_CANCELED) {
      done = true;
      FAIL() << Describe(status, machine.vcpu().packet());
    }
    if (done) break;
    ++canceled;
    if (canceled > rounds) break;
  }
  done = true;
  kicker.Join();
  EXPECT_EQ(canceled, rounds);
}

// As above in HLT: the sleeping thread.
TEST_F(KickTest, ManyKicksOfAHaltedVcpu) {
  Shows("KICK-5 HLT-3");
  Machine machine(GUEST_BLOB(halt));
  const int rounds = Rounds(2000);
  std::atomic<int> canceled = 0;
  Thread kicker([&] {
    for (int i = 0; i < rounds; ++i) {
      Kick(machine);
      if (!WaitUntil([&] { return canceled > i; })) return;
    }
  });
  while (canceled < rounds) {
    ASSERT_TRUE(machine.vcpu().Fails(ZX_ERR_CANCELED));
    ++canceled;
  }
  kicker.Join();
  EXPECT_FALSE(machine.vcpu().Kicked());
  // Each enter that ran went at most one HLT further.
  EXPECT_LE(Count(machine), static_cast<uint64_t>(rounds));
}

TEST_F(KickTest, TwoThreadsKick) {
  Shows("KICK-2 KICK-11");
  Machine machine(GUEST_BLOB(busy_loop));
  std::atomic<bool> stop = false;
  const auto kick = [&] {
    while (!stop) {
      Kick(machine);
      zx_nanosleep(zx_deadline_after(ZX_USEC(20)));
    }
  };
  Thread first(kick);
  Thread second(kick);
  const int rounds = Rounds(1000);
  for (int i = 0; i < rounds; ++i) {
    if (!machine.vcpu().Fails(ZX_ERR_CANCELED)) {
      ADD_FAILURE();
      break;
    }
  }
  stop = true;
}

}  // namespace
}  // namespace conformance
