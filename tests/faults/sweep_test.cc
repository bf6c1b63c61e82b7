// Every call under the library fails, once and for good, in every scenario. Rows: CALL-6, HOST-ERR,
// KVM-ERR-9.

#include "faults/sweep.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "contract.h"
#include "faults/first_use.h"
#include "faults/scenarios.h"

namespace zircon::faults {
namespace {

void Tell(const SweepResult& result) {
  EXPECT_NE(result.passes, 0u);
  for (const std::string& fault : result.faults) ADD_FAILURE() << fault;
  std::printf("%zu calls, %zu passes\n", result.points, result.passes);
}

class FaultSweep : public testing::TestWithParam<Scenario> {};

TEST_P(FaultSweep, EveryFailureIsDocumentedAndLeavesNothing) {
  Shows(
      "CALL-6 KVM-ERR-9 FIFO-WRITE-7 HOST-ERR-1 HOST-ERR-2 HOST-ERR-3 HOST-ERR-4 HOST-ERR-5 "
      "HOST-ERR-6 HOST-ERR-7 HOST-ERR-8 HOST-ERR-9 HOST-ERR-10");
  Tell(Sweep(GetParam()));
}

constexpr Scenario kScenarios[] = {
#define SCENARIO(name) {#name, name},
    FAULT_SCENARIOS(SCENARIO)
#undef SCENARIO
};

// What a process makes once.
class FirstUse : public testing::TestWithParam<Scenario> {};

TEST_P(FirstUse, MayFailAndIsMadeUpFor) {
  Shows("CALL-6 HANDLE-9 HOST-ERR-9");
  if (LibraryHasBeenUsed()) GTEST_SKIP() << "the library has been used in this process";
  Tell(SweepFirstUse(GetParam()));
}

TEST(FirstCall, AChildIsRefusedAlsoWhereMemoryWasShort) {
  Shows("HANDLE-FORK-1 CALL-6");
  if (LibraryHasBeenUsed()) GTEST_SKIP() << "the library has been used in this process";
  EXPECT_EQ(ForkAfterShortage(), "");
}

TEST(FirstCall, SucceedsWhereTheKernelCannotTellChildrenApart) {
  Shows("HANDLE-FORK-1");
  if (LibraryHasBeenUsed()) GTEST_SKIP() << "the library has been used in this process";
  EXPECT_EQ(FirstCallWithoutWiping(), ZX_OK);
}

INSTANTIATE_TEST_SUITE_P(In, FaultSweep, testing::ValuesIn(kScenarios),
                         [](const auto& tested) { return std::string(tested.param.name); });

constexpr Scenario kFirstScenarios[] = {
#define SCENARIO(name) \
  { #name, name }
    SCENARIO(RunToTraps),  SCENARIO(UseVmos),      SCENARIO(SendMessages),
    SCENARIO(WaitAtPorts), SCENARIO(UseResources),
#undef SCENARIO
};

INSTANTIATE_TEST_SUITE_P(In, FirstUse, testing::ValuesIn(kFirstScenarios),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace zircon::faults
