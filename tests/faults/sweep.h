// Sweep: plays a scenario once for each call that it makes under the library and each errno of that
// call, with the call failing once and failing for good, and looks each time that what came of it
// is documented, that nothing is left behind, and that the next pass without a fault is as the
// first.
//
// ZIRCON_FAULTS=full in the environment plays all of them; without it each call fails in each way
// at its first, its last and a few of its places between.
//
// Thread safety: one thread.

#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

#include "faults/run.h"

namespace zircon::faults {

struct Scenario {
  const char* name;
  void (*body)(Run& run);
};
inline void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

struct SweepResult {
  size_t points = 0;
  size_t passes = 0;
  std::vector<std::string> faults;
};

// Ends early when there are too many faults to read.
SweepResult Sweep(const Scenario& scenario);

}  // namespace zircon::faults
