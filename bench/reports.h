// The tables that zircon_bench prints besides Google Benchmark's.
//
//   --exits      the instructions of an exit, kernel and user together, each counted exactly,
//   beside
//                its raw twin; only under scripts/with-kvm --icount
//   --ratios     every comparison of bench/vcpu_sides.h with its budget; the ioctls that the
//   library
//                makes; the user time that enter adds (bench/watched_kernel.h); the port
//   --latch      KVM_RUN with a signal mask of its own against a handler and immediate_exit
//                (docs/decisions/0001-kick-latch.md)
//   --registers  what it costs to have KVM copy registers into the run page at each exit
//                (docs/decisions/0002-synced-registers.md)

#pragma once

#include <string>

#include "ratio.h"

namespace bench {

// `only`: a part of the names to be measured; empty: all.
void ReportRatios(const RatioOptions& options, const std::string& only);
// `json`: a file for the numbers too; empty: none.
void ReportExits(const std::string& json);
void ReportLatch(const RatioOptions& options);
void ReportRegisters(const RatioOptions& options);

}  // namespace bench
