// Sweep: plays a scenario once for each call that it makes under the library and each errno of that
// call, with the call failing once and failing for good, and looks each time that what came of it
// is documented, that nothing is left behind, and that the next pass without a fault is as the
// first.
//
// Thread safety: one thread.

#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

#include "faults/plan.h"
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

// ---- For sweeps of another kind ----

// How often a pass is played for the call that is to fail (Run::Soon()).
inline constexpr int kAttempts = 10;

// One failure to play.
struct Failure {
  size_t point = 0;
  CallId id = kCallIds;
  int error = 0;
  bool for_good = false;
};
// Those to play where a pass makes these calls.
std::vector<Failure> FailuresOf(const std::vector<CallId>& points);
std::string WordsOf(const Failure& failure);

// Plays the scenario with or without a failure (null: the calls are counted) and says what was
// wrong.
class Player {
 public:
  explicit Player(const Scenario& scenario) : scenario_(scenario) {}
  void Play(const Failure* failure, const std::string& words);
  void SetAttempt(int attempt) { attempt_ = attempt; }
  // Whether the call that was to fail in the last pass has been made.
  bool reached() const { return reached_; }
  std::vector<std::string>& faults() { return faults_; }

 private:
  const Scenario& scenario_;
  std::vector<std::string> faults_;
  int attempt_ = 0;
  bool reached_ = false;
};

}  // namespace zircon::faults
