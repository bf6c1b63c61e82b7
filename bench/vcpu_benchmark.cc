// The comparisons of bench/vcpu_sides.h in Google Benchmark: NAME/zx and NAME/raw. On a busy
// machine the two differ by what else runs meanwhile: then zircon_bench --ratios is the
// measurement.

#include <benchmark/benchmark.h>

#include <string>

#include "small_sides.h"
#include "vcpu_sides.h"

namespace bench {
namespace {

// The sides hold their own clock, since not all of what they do is to be measured.
void Measure(benchmark::State& state, const MakeSide& make) {
  const std::unique_ptr<Side> side = make();
  side->Run(1);
  for (auto _ : state) state.SetIterationTime(side->Run(1) * 1e-9);
}

// For what is too short for a clock around it.
void MeasureShort(benchmark::State& state, const MakeSide& make) {
  constexpr int kBatch = 1024;
  const std::unique_ptr<Side> side = make();
  side->Run(1);
  while (state.KeepRunningBatch(kBatch)) state.SetIterationTime(side->Run(kBatch) * 1e-9);
}

void Register(const std::string& name, const MakeSide& make, bool brief) {
  benchmark::RegisterBenchmark(name.c_str(), brief ? MeasureShort : Measure, make)->UseManualTime();
}

[[maybe_unused]] const bool registered = [] {
  for (const Comparison& comparison : VcpuComparisons()) {
    const std::string name = comparison.name;
    Register(name + "/zx", comparison.zx, comparison.replays || comparison.ioctls == 0);
    Register(name + "/raw", comparison.raw, comparison.replays || comparison.ioctls == 0);
  }
  Register("PortQueueWait/zx", PortQueueWait, true);
  Register("PortQueueWait/two_mutex_pairs", TwoMutexPairs, true);
  Register("NullIoctl", NullIoctl, true);
  return true;
}();

}  // namespace
}  // namespace bench
