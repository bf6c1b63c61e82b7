#include "catalog.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <gtest/gtest.h>

#include <cctype>
#include <string_view>

namespace conformance {
namespace {

struct ShownRows {
  const char* test;
  const char* rows;
};

constexpr ShownRows kShownRows[] = {
#include "rows.inc"
    {"", ""},
};

// "Forms/MemReadTest" and "MemReadTest/0" are the suite MemReadTest of the source text.
std::string SourceSuite(const std::string& suite) {
  const size_t slash = suite.find('/');
  if (slash == std::string::npos) return suite;
  if (isdigit(static_cast<unsigned char>(suite[slash + 1])) != 0) return suite.substr(0, slash);
  return SourceSuite(suite.substr(slash + 1));
}

bool MatchesOne(std::string_view patterns, const std::string& name) {
  while (!patterns.empty()) {
    const size_t end = patterns.find(':');
    const std::string pattern(patterns.substr(0, end));
    if (fnmatch(pattern.c_str(), name.c_str(), 0) == 0) return true;
    patterns = end == std::string_view::npos ? "" : patterns.substr(end + 1);
  }
  return false;
}

bool IsChosen(const Choice& choice, const std::string& suite, const std::string& name) {
  const bool is_2018 = SourceSuite(suite).rfind("Generation2018", 0) == 0;
  if (choice.generation == Generation::kCurrent && is_2018) return false;
  if (choice.generation == Generation::k2018 && !is_2018) return false;
  const std::string_view filter = choice.filter;
  const size_t minus = filter.find('-');
  const std::string_view wanted = filter.substr(0, minus);
  if (!wanted.empty() && !MatchesOne(wanted, name)) return false;
  return minus == std::string_view::npos || !MatchesOne(filter.substr(minus + 1), name);
}

}  // namespace

std::string RowsOf(const std::string& test) {
  const size_t dot = test.find('.');
  std::string name = test.substr(dot + 1);
  name = name.substr(0, name.find('/'));
  const std::string source = fmt::format("{}.{}", SourceSuite(test.substr(0, dot)), name);
  for (const ShownRows& shown : kShownRows) {
    if (source == shown.test) return shown.rows;
  }
  return "";
}

std::vector<CatalogTest> ListTests(const Choice& choice) {
  std::vector<CatalogTest> tests;
  size_t chosen = 0;
  const testing::UnitTest* all = testing::UnitTest::GetInstance();
  for (int i = 0; i < all->total_test_suite_count(); ++i) {
    const testing::TestSuite* suite = all->GetTestSuite(i);
    for (int j = 0; j < suite->total_test_count(); ++j) {
      const std::string name = fmt::format("{}.{}", suite->name(), suite->GetTestInfo(j)->name());
      if (!IsChosen(choice, suite->name(), name)) continue;
      if (chosen++ % choice.shards == choice.shard - 1) tests.push_back({name, RowsOf(name)});
    }
  }
  return tests;
}

}  // namespace conformance
