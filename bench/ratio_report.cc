// --ratios

#include <cstdio>
#include <cstring>

#include "reports.h"
#include "rows.h"
#include "small_sides.h"
#include "vcpu_sides.h"
#include "watched_kernel.h"

namespace bench {
namespace {

bool Wanted(const char* name, const std::string& only) {
  return only.empty() || std::strstr(name, only.c_str()) != nullptr;
}

std::string Format(const char* format, double a, double b = 0) {
  char text[64];
  std::snprintf(text, sizeof(text), format, a, b);
  return text;
}

std::string Verdict(double value, double budget) {
  if (budget == 0) return "";
  return Format("%.2f ", budget) + (value <= budget ? "kept" : "MISSED");
}

std::string Bounds(const Ratio& ratio) { return Format("(%.3f-%.3f)", ratio.low, ratio.high); }

// Ioctls per operation, exactly; those of the first few are left out.
double CountIoctls(const Comparison& comparison, int times) {
  WatchedKernel kernel;
  const std::unique_ptr<Side> zx = comparison.zx();
  zx->Run(3);
  const uint64_t before = kernel.ioctls();
  zx->Run(times);
  return static_cast<double>(kernel.ioctls() - before) / times;
}

void AddRatio(RowFile& rows, const std::string& key, const std::string& figure, const Ratio& ratio,
              double budget) {
  Row row = {key, figure, "", ratio.median, ratio.low, ratio.high, {}};
  if (budget != 0) row.budget = budget;
  rows.Add(row);
}

void ReportComparisons(const RatioOptions& options, const std::string& only, RowFile& rows) {
  std::printf("%-14s %11s %11s  %7s %-15s %-13s %s\n", "", "zx ns", "raw ns", "zx/raw", "(95 %)",
              "budget", "ioctls of zx");
  for (const Comparison& comparison : VcpuComparisons()) {
    if (!Wanted(comparison.name, only)) continue;
    // First, because the kernel may be exchanged only while there is no guest.
    std::string ioctls = "-";
    if (comparison.counted_times != 0) {
      const double counted = CountIoctls(comparison, comparison.counted_times);
      ioctls = Format("%.4g", counted);
      if (comparison.ioctls >= 0) ioctls += counted == comparison.ioctls ? " kept" : " MISSED";
      Row row = {std::string(comparison.name) + ".ioctls",
                 std::string(comparison.name) + ": ioctls",
                 "",
                 counted,
                 {},
                 {},
                 {}};
      if (comparison.ioctls >= 0) row.budget = comparison.ioctls;
      rows.Add(row);
    }
    const MakeSide sides[] = {comparison.zx, comparison.raw};
    const Rounds rounds = Alternate(sides, options);
    const Ratio ratio = RatioOf(rounds[0], rounds[1]);
    AddRatio(rows, std::string(comparison.name) + ".ratio", std::string(comparison.name) + " ÷ raw",
             ratio, comparison.budget);
    std::printf("%-14s %11.0f %11.0f  %7.3f %-15s %-13s %s\n", comparison.name, Median(rounds[0]),
                Median(rounds[1]), ratio.median, Bounds(ratio).c_str(),
                Verdict(ratio.median, comparison.budget).c_str(), ioctls.c_str());
    std::fflush(stdout);
  }
}

// The exits are replayed: no guest runs, only the library's own instructions do.
void ReportUserTime(const RatioOptions& options, const std::string& only, RowFile& rows) {
  std::printf("\nUser time of an operation with KVM_RUN replayed, less that of a raw loop\n");
  std::printf("%-14s %11s %11s %11s  %7s %-15s\n", "", "zx ns", "raw ns", "null ioctl",
              "added/null", "(95 %)");
  for (const Comparison& comparison : VcpuComparisons()) {
    if (!comparison.replays || !Wanted(comparison.name, only)) continue;
    const MakeSide sides[] = {[&] { return Replayed(comparison.zx); }, ReplayedRawLoop, NullIoctl};
    const Rounds rounds = Alternate(sides, options);
    const Ratio added = DifferenceRatioOf(rounds[0], rounds[1], rounds[2]);
    AddRatio(rows, std::string(comparison.name) + ".user_time",
             std::string(comparison.name) + ": user time added ÷ a null ioctl", added, 0);
    std::printf("%-14s %11.1f %11.1f %11.1f  %10.3f %-15s\n", comparison.name, Median(rounds[0]),
                Median(rounds[1]), Median(rounds[2]), added.median, Bounds(added).c_str());
    std::fflush(stdout);
  }
}

void ReportPort(const RatioOptions& options, RowFile& rows) {
  const MakeSide sides[] = {PortQueueWait, TwoMutexPairs};
  const Rounds rounds = Alternate(sides, options);
  const Ratio ratio = RatioOf(rounds[0], rounds[1]);
  AddRatio(rows, "port.mutex_ratio", "port queue + wait ÷ two lock/unlock pairs", ratio, 0);
  std::printf("\nzx_port_queue and zx_port_wait, one thread, against two lock/unlock pairs\n");
  std::printf("%-14s %11.1f %11.1f  %7.3f %-15s\n", "PortQueueWait", Median(rounds[0]),
              Median(rounds[1]), ratio.median, Bounds(ratio).c_str());
}

}  // namespace

void ReportRatios(const RatioOptions& options, const std::string& only, const std::string& path) {
  RowFile rows(path);
  ReportComparisons(options, only, rows);
  ReportUserTime(options, only, rows);
  if (Wanted("PortQueueWait", only)) ReportPort(options, rows);
}

}  // namespace bench
