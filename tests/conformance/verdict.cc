#include "verdict.h"

#include <fmt/format.h>

namespace conformance {
namespace {

// What the running test has recorded under that name.
std::string Recorded(const std::string& name) {
  const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
  if (test == nullptr) return "";
  for (int i = 0; i < test->result()->test_property_count(); ++i) {
    const testing::TestProperty& property = test->result()->GetTestProperty(i);
    if (property.key() == name) return property.value();
  }
  return "";
}

}  // namespace

// "ROWS: WORDS; ROWS: WORDS". A loop may say the same again.
void KnownDifference(const std::string& rows, const std::string& what) {
  const std::string before = Recorded(kDifferenceProperty);
  const std::string now = fmt::format("{}: {}", rows, what);
  if (before.find(now) != std::string::npos) return;
  testing::Test::RecordProperty(kDifferenceProperty, before.empty() ? now : before + "; " + now);
}

std::string NotTestableHere(const std::string& missing) {
  testing::Test::RecordProperty(kNotTestableProperty, missing);
  return missing;
}

}  // namespace conformance
