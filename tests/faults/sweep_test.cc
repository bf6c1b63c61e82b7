// Every call under the library fails, once and for good, in every scenario. Rows: CALL-6, HOST-ERR,
// KVM-ERR-9.

#include "faults/sweep.h"

#include <gtest/gtest.h>

#include "contract.h"
#include "faults/scenarios.h"

namespace zircon::faults {
namespace {

class FaultSweep : public testing::TestWithParam<Scenario> {};

TEST_P(FaultSweep, EveryFailureIsDocumentedAndLeavesNothing) {
  Shows(
      "CALL-6 KVM-ERR-9 FIFO-WRITE-7 HOST-ERR-1 HOST-ERR-2 HOST-ERR-3 HOST-ERR-4 HOST-ERR-5 "
      "HOST-ERR-6 HOST-ERR-7 HOST-ERR-8 HOST-ERR-9 HOST-ERR-10");
  const SweepResult result = Sweep(GetParam());
  EXPECT_NE(result.points, 0u);
  for (const std::string& fault : result.faults) ADD_FAILURE() << fault;
  RecordProperty("points", std::to_string(result.points));
  RecordProperty("passes", std::to_string(result.passes));
}

constexpr Scenario kScenarios[] = {
#define SCENARIO(name) \
  { #name, name }
    // guests
    SCENARIO(RunToTraps),
    SCENARIO(Interrupt),
    SCENARIO(ReuseVcpu),
    // memory
    SCENARIO(UseVmos),
    // objects
    SCENARIO(SendMessages),
    SCENARIO(UseFifos),
    SCENARIO(WaitAtPorts),
    SCENARIO(UseTimers),
    SCENARIO(UseInterrupts),
    SCENARIO(UseResources),
#undef SCENARIO
};

INSTANTIATE_TEST_SUITE_P(In, FaultSweep, testing::ValuesIn(kScenarios),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace zircon::faults
