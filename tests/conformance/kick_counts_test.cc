// How many CANCELED come of how many kicks, in short; the long form is tests/stress/kick_counts.

#include "kick_counts.h"
#include "contract.h"
#include "harness.h"

DECLARE_GUEST(busy_loop);
DECLARE_GUEST(halt);
DECLARE_GUEST(io_many);

namespace conformance {
namespace {

class KickCountsTest : public KvmTest {
 protected:
  static void Acknowledged(Machine& machine) {
    const uint64_t kicks = static_cast<uint64_t>(Rounds(2'000));
    const KickCounts counts = CountAcknowledgedKicks(machine.vcpu().get(), kicks);
    EXPECT_EQ(counts.problem, "");
    EXPECT_EQ(counts.canceled, kicks);
  }
  static void Unacknowledged(Machine& machine) {
    const uint64_t kicks = static_cast<uint64_t>(Rounds(20'000));
    const KickCounts counts = CountUnacknowledgedKicks(machine.vcpu().get(), kicks);
    EXPECT_EQ(counts.problem, "");
    EXPECT_EQ(counts.kicks, kicks);
    EXPECT_GE(counts.canceled, counts.rounds);
    EXPECT_LE(counts.canceled, kicks);
  }
  // The guest of io_many, for practically ever.
  static void ExitForEver(Machine& machine) {
    machine.TrapIo(0x500, 1, 1);
    zx_vcpu_state_t state{};
    state.rcx = uint64_t{1} << 60;
    machine.vcpu().SetState(state);
  }
};

TEST_F(KickCountsTest, AcknowledgedWhileTheGuestRuns) {
  Shows("KICK-2 KICK-5 KICK-10");
  Machine machine(GUEST_BLOB(busy_loop));
  Acknowledged(machine);
}

TEST_F(KickCountsTest, AcknowledgedWhileTheGuestHalts) {
  Shows("KICK-2 KICK-5 KICK-8 KICK-10");
  Machine machine(GUEST_BLOB(halt));
  Acknowledged(machine);
}

TEST_F(KickCountsTest, AcknowledgedWhileTheGuestExits) {
  Shows("KICK-2 KICK-5 KICK-10");
  Machine machine(GUEST_BLOB(io_many));
  ExitForEver(machine);
  Acknowledged(machine);
}

TEST_F(KickCountsTest, UnacknowledgedWhileTheGuestRuns) {
  Shows("KICK-4 KICK-5 KICK-10 KICK-11");
  Machine machine(GUEST_BLOB(busy_loop));
  Unacknowledged(machine);
}

TEST_F(KickCountsTest, UnacknowledgedWhileTheGuestHalts) {
  Shows("KICK-4 KICK-5 KICK-8 KICK-10 KICK-11");
  Machine machine(GUEST_BLOB(halt));
  Unacknowledged(machine);
}

TEST_F(KickCountsTest, UnacknowledgedWhileTheGuestExits) {
  Shows("KICK-4 KICK-5 KICK-10 KICK-11");
  Machine machine(GUEST_BLOB(io_many));
  ExitForEver(machine);
  Unacknowledged(machine);
}

}  // namespace
}  // namespace conformance
