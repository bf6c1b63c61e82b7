// What one more of something costs where there are very many, beside what it costs where there are
// few: in instructions of the calling thread, on the fake kernel. The numbers are in the test's
// report too (--gtest_output), for bench/report.

#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/functional/function_ref.h"
#include "unit/instruction_counter.h"

namespace zircon {

inline constexpr uint64_t kFew = 100;

// As many as that.
struct CostAt {
  uint64_t count;
  uint64_t instructions;
};

inline void ExpectFlat(const std::string& figure, CostAt few, CostAt many) {
  std::printf("%10lu instructions at %lu, %lu at %lu: %.2f\n", few.instructions, few.count,
              many.instructions, many.count,
              static_cast<double>(many.instructions) / static_cast<double>(few.instructions));
  testing::Test::RecordProperty("figure", figure);
  testing::Test::RecordProperty("few_at", std::to_string(few.count));
  testing::Test::RecordProperty("few", std::to_string(few.instructions));
  testing::Test::RecordProperty("many_at", std::to_string(many.count));
  testing::Test::RecordProperty("many", std::to_string(many.instructions));
  EXPECT_LE(many.instructions, 3 * few.instructions);
}

// Makes things number 0, 1, 2 … with `make`, and compares what the ones after few and after `many`
// cost.
inline void ExpectFlat(const std::string& figure, uint64_t many,
                       absl::FunctionRef<void(uint64_t)> make) {
  uint64_t next = 0;
  const auto cost_after = [&](uint64_t count) {
    while (next < count) make(next++);
    return CostAt{count, InstructionsOf([&] { make(next++); })};
  };
  const CostAt few = cost_after(kFew);
  CostAt lots = cost_after(many - 1);
  lots.count = many;
  ExpectFlat(figure, few, lots);
}

// The same for what `one_more` does where there are so many, which it leaves as it found them.
inline void ExpectFlatAmong(const std::string& figure, uint64_t many,
                            absl::FunctionRef<void(uint64_t)> make,
                            absl::FunctionRef<void()> one_more) {
  uint64_t next = 0;
  const auto cost_among = [&](uint64_t count) {
    while (next < count) make(next++);
    // What is taken from the heap is there from then on.
    one_more();
    return CostAt{count, InstructionsOf(one_more)};
  };
  const CostAt few = cost_among(kFew);
  ExpectFlat(figure, few, cost_among(many));
}

}  // namespace zircon
