// --objects

#include <cstdio>
#include <cstring>

#include "object_sides.h"
#include "reports.h"
#include "rows.h"
#include "small_sides.h"

namespace bench {

void ReportObjects(const RatioOptions& options, const std::string& only, const std::string& path) {
  HaveTwoThreads();
  RowFile rows(path);
  std::printf("%-28s %9s %9s  %7s %-15s %s\n", "", "zx ns", "Linux ns", "ratio", "(95 %)",
              "budget");
  for (const ObjectComparison& comparison : ObjectComparisons()) {
    if (!only.empty() && std::strstr(comparison.name, only.c_str()) == nullptr) continue;
    const MakeSide sides[] = {comparison.zx, comparison.twin};
    const Rounds rounds = Alternate(sides, options);
    const Ratio ratio = RatioOf(rounds[0], rounds[1]);
    std::printf("%-28s %9.0f %9.0f  %7.3f (%.3f-%.3f)", comparison.name, Median(rounds[0]),
                Median(rounds[1]), ratio.median, ratio.low, ratio.high);
    Row row = {std::string(comparison.key) + ".ratio",
               std::string(comparison.name) + " ÷ " + comparison.beside,
               "",
               ratio.median,
               ratio.low,
               ratio.high,
               {}};
    if (comparison.budget != 0) {
      row.budget = comparison.budget;
      std::printf("   %.2f %s", comparison.budget,
                  ratio.median <= comparison.budget ? "kept" : "MISSED");
    }
    std::printf("\n");
    std::fflush(stdout);
    rows.Add(row);
  }
}

}  // namespace bench
