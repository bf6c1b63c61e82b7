// ExitCounters: the process's exits by kind, those of VCPUs that have gone included.

#include "vcpu/exit_counters.h"

#include <gtest/gtest.h>

#include <memory>

#include "contract.h"

namespace zircon::vcpu {
namespace {

TEST(ExitCounters, TotalsKeepWhatClosedVcpusHaveCounted) {
  Shows("HOST-29");
  const auto before = ExitCounters::Totals();
  const auto more = [&](zircon_kvm_exit kind) {
    return ExitCounters::Totals()[kind] - before[kind];
  };
  auto first = std::make_unique<ExitCounters>();
  auto second = std::make_unique<ExitCounters>();
  first->Count(ZIRCON_KVM_EXIT_IO);
  second->Count(ZIRCON_KVM_EXIT_IO);
  second->Count(ZIRCON_KVM_EXIT_HLT);
  EXPECT_EQ(more(ZIRCON_KVM_EXIT_IO), 2u);
  first.reset();
  EXPECT_EQ(more(ZIRCON_KVM_EXIT_IO), 2u);
  second.reset();
  EXPECT_EQ(more(ZIRCON_KVM_EXIT_IO), 2u);
  EXPECT_EQ(more(ZIRCON_KVM_EXIT_HLT), 1u);
  EXPECT_EQ(more(ZIRCON_KVM_EXIT_MMIO), 0u);
}

TEST(ExitCounters, KnowHowManyLive) {
  Shows("HOST-29");
  const uint64_t before = ExitCounters::live_count();
  auto one = std::make_unique<ExitCounters>();
  EXPECT_EQ(ExitCounters::live_count(), before + 1);
  one.reset();
  EXPECT_EQ(ExitCounters::live_count(), before);
}

}  // namespace
}  // namespace zircon::vcpu
