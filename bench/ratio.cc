#include "ratio.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace bench {
namespace {

// What an operation of the side costs, undisturbed.
double CostOf(Side& side) {
  constexpr double kLongEnough = 200e3;
  constexpr int kTries = 5;
  int count = 1;
  while (side.Run(count) < kLongEnough && count < (1 << 20)) count *= 2;
  double least = side.Run(count);
  for (int i = 1; i < kTries; ++i) least = std::min(least, side.Run(count));
  return std::max(least / count, 1e-3);
}

// How often each side runs in a batch. Sides that cost about the same run equally often: the first
// operation after another side's turn costs more than those that follow, and must count the same.
std::vector<int> BatchesOf(std::span<const std::unique_ptr<Side>> sides, double batch_ns) {
  constexpr double kAboutTheSame = 2;
  std::vector<double> costs;
  for (const std::unique_ptr<Side>& side : sides) costs.push_back(CostOf(*side));
  const auto [least, most] = std::minmax_element(costs.begin(), costs.end());
  const bool equal = *most < *least * kAboutTheSame;
  std::vector<int> batches;
  for (double cost : costs) {
    batches.push_back(std::max(1, static_cast<int>(batch_ns / (equal ? *least : cost))));
  }
  return batches;
}

Ratio Summarise(std::vector<double> ratios) {
  std::sort(ratios.begin(), ratios.end());
  const auto n = static_cast<double>(ratios.size());
  // The ranks between which the median lies with 95 %.
  const double half = 0.98 * std::sqrt(n);
  auto at = [&](double rank) {
    const double last = n - 1;
    return ratios[static_cast<size_t>(std::clamp(std::round(rank), 0.0, last))];
  };
  return {Median(ratios), at(n / 2 - half), at(n / 2 + half)};
}

}  // namespace

Rounds Alternate(std::span<const MakeSide> makes, const RatioOptions& options) {
  const size_t count = makes.size();
  const int rounds_each = (options.rounds + options.instances - 1) / options.instances;
  Rounds rounds(count);
  std::vector<int> batches;
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  // Unseeded: the same in every run.
  std::minstd_rand random;
  for (int instance = 0; instance < options.instances; ++instance) {
    std::vector<std::unique_ptr<Side>> sides;
    for (const MakeSide& make : makes) sides.push_back(make());
    if (instance == 0) batches = BatchesOf(sides, options.batch_ms * 1e6);
    for (size_t i = 0; i < count; ++i) sides[i]->Run(batches[i]);
    for (int round = 0; round < rounds_each; ++round) {
      std::shuffle(order.begin(), order.end(), random);
      for (size_t turn : order) {
        rounds[turn].push_back(sides[turn]->Run(batches[turn]) / batches[turn]);
      }
    }
  }
  return rounds;
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 != 0 ? values[half] : (values[half - 1] + values[half]) / 2;
}

Ratio RatioOf(const std::vector<double>& above, const std::vector<double>& below) {
  std::vector<double> ratios;
  for (size_t i = 0; i < above.size(); ++i) ratios.push_back(above[i] / below[i]);
  return Summarise(std::move(ratios));
}

Ratio DifferenceRatioOf(const std::vector<double>& above, const std::vector<double>& minus,
                        const std::vector<double>& below) {
  std::vector<double> ratios;
  for (size_t i = 0; i < above.size(); ++i) ratios.push_back((above[i] - minus[i]) / below[i]);
  return Summarise(std::move(ratios));
}

}  // namespace bench
