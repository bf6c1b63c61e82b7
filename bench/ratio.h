// Ratios that hold on a noisy machine: the sides take turns in batches of a fraction of a
// millisecond, in a new order each round, so that load and clock changes hit all alike; each round
// gives one ratio, and the median of those is the result. Every so many rounds the sides are made
// anew.

#pragma once

#include <span>
#include <vector>

#include "side.h"

namespace bench {

struct RatioOptions {
  int rounds = 1000;
  double batch_ms = 0.5;
  int instances = 20;  // of each side, one after the other
};

// For each side its nanoseconds per operation, round by round.
using Rounds = std::vector<std::vector<double>>;
Rounds Alternate(std::span<const MakeSide> makes, const RatioOptions& options);

double Median(std::vector<double> values);

// What two sides are to each other over all rounds.
struct Ratio {
  double median = 0;
  // Bounds of the median with 95 % confidence (order statistics; it supposes nothing about the
  // noise).
  double low = 0;
  double high = 0;
};
Ratio RatioOf(const std::vector<double>& above, const std::vector<double>& below);
// Of (above − minus) ÷ below.
Ratio DifferenceRatioOf(const std::vector<double>& above, const std::vector<double>& minus,
                        const std::vector<double>& below);

}  // namespace bench
