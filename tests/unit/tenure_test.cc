// Tenure: the place is given back once, by the later of the owner and the one who closes. Rows:
// LIFE-1.

#include "vcpu/tenure.h"

#include <gtest/gtest.h>

#include "contract.h"

namespace zircon::vcpu {
namespace {

TEST(Tenure, TheCloserGivesBackWhereNobodyIsInside) {
  Shows("LIFE-1");
  Tenure tenure;
  EXPECT_TRUE(tenure.Begin());
  EXPECT_FALSE(tenure.End());
  EXPECT_TRUE(tenure.Close());
  EXPECT_FALSE(tenure.Close()) << "once";
  EXPECT_FALSE(tenure.Begin()) << "and nobody has it any more";
  EXPECT_FALSE(tenure.Begin());
}

TEST(Tenure, TheOwnerGivesBackWhereItIsInside) {
  Shows("LIFE-1 LIFE-2");
  Tenure tenure;
  EXPECT_TRUE(tenure.Begin());
  EXPECT_FALSE(tenure.Close());
  EXPECT_FALSE(tenure.Close());
  EXPECT_TRUE(tenure.End());
  EXPECT_FALSE(tenure.Close());
  EXPECT_FALSE(tenure.Begin());
}

TEST(Tenure, OfNestedCallsTheOutermostCounts) {
  Tenure tenure;
  EXPECT_TRUE(tenure.Begin());
  EXPECT_TRUE(tenure.Begin());
  EXPECT_FALSE(tenure.Close());
  EXPECT_FALSE(tenure.End());
  EXPECT_FALSE(tenure.Begin()) << "closed, though the outer call is inside";
  EXPECT_TRUE(tenure.End());
}

}  // namespace
}  // namespace zircon::vcpu
