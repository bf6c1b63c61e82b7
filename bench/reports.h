// The tables that zircon_bench prints besides Google Benchmark's.
//
//   --exits      the instructions of an exit, kernel and user together, each counted exactly,
//                beside its raw twin; only under scripts/with-kvm --icount
//   --ratios     every comparison of bench/vcpu_sides.h with its budget; the ioctls that the
//                library makes; the user time that enter adds (bench/watched_kernel.h); the port
//   --objects    every comparison of bench/object_sides.h with its budget
//   --latch      KVM_RUN with a signal mask of its own against a handler and immediate_exit
//                (docs/decisions/0001-kick-latch.md)
//   --registers  what it costs to have KVM copy registers into the run page at each exit
//                (docs/decisions/0002-synced-registers.md)

#pragma once

#include <string>

#include "ratio.h"

namespace bench {

// `only`: a part of the names to be measured; empty: all.
// `rows`: a file for the numbers too (bench/rows.h); empty: none.
void ReportRatios(const RatioOptions& options, const std::string& only, const std::string& rows);
void ReportObjects(const RatioOptions& options, const std::string& only, const std::string& rows);
void ReportExits(const std::string& rows);
void ReportLatch(const RatioOptions& options);
void ReportRegisters(const RatioOptions& options);

}  // namespace bench
