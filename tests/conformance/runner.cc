#include "runner.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <string.h>
#include <zircon-kvm/host.h>

#include <algorithm>
#include <cstdio>

#include "child_process.h"
#include "harness.h"
#include "host.h"
#include "kernel_interrupts.h"
#include "probe.h"
#include "sanitizers.h"
#include "verdict.h"

namespace conformance {
namespace {

// What is sent to the parent.
constexpr char kRows[] = "rows";
constexpr char kDifference[] = "difference";
constexpr char kMissing[] = "missing";
constexpr char kFailure[] = "failure";
constexpr char kTimeout[] = "timeout";
constexpr char kEnd[] = "end";  // passed, failed or skipped
constexpr char kProbe[] = "probe";

constexpr double kProbesLimit = 40;

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

// The child's own watchdog ends it first, and can say where it hangs; this is for when it cannot.
double HardLimit(double limit) { return 1.5 * limit + 1; }

void Judge(const ChildResult& child, double limit, TestResult* result) {
  using End = ChildResult::End;
  result->verdict = Verdict::kFailed;
  if (child.Has(kTimeout)) {
    result->words =
        fmt::format("timed out after {:.0f} s in {}", child.seconds, child.Record(kTimeout));
    if (child.end == End::kImmortal) result->words += "; its process cannot be killed";
    return;
  }
  switch (child.end) {
    case End::kKilled:
    case End::kImmortal:
      result->words = fmt::format(
          "timed out after {:.0f} s in the test, its own watchdog stuck: {}", HardLimit(limit),
          child.end == End::kKilled ? "killed" : "it cannot be killed");
      return;
    case End::kSignal:
      result->words = fmt::format("ended by SIG{}", sigabbrev_np(child.number));
      return;
    case End::kNotStarted:
      result->words = fmt::format("cannot be started: {}", strerror(child.number));
      return;
    case End::kExited:
      break;
  }
  const std::string end = child.Record(kEnd);
  if (end == "failed") {
    result->words = FirstLine(child.Record(kFailure));
  } else if (child.number != 0 || end.empty()) {
    result->words = fmt::format("ended the program with status {}", child.number);
  } else if (end == "skipped" && child.Has(kMissing)) {
    result->verdict = Verdict::kNotTestable;
    result->words = child.Record(kMissing);
  } else if (end == "skipped") {
    result->words = "skipped without a probe that says why";
  } else if (child.Has(kDifference)) {
    result->verdict = Verdict::kKnownDifference;
    result->words = child.Record(kDifference);
  } else {
    result->verdict = Verdict::kPassed;
  }
}

// Tells the parent of each failure as it happens, and of the test at its end.
class Reporter : public testing::EmptyTestEventListener {
 public:
  explicit Reporter(double limit) : limit_(limit) {}

 private:
  void OnTestStart(const testing::TestInfo&) override {
    watch_ = std::make_unique<Watch>("the test", std::chrono::duration<double>(limit_));
  }

  void OnTestPartResult(const testing::TestPartResult& part) override {
    if (!part.failed()) return;
    // What was thrown has no place.
    std::string place;
    if (part.file_name() != nullptr) {
      const char* slash = strrchr(part.file_name(), '/');
      place = fmt::format("{}:{}: ", slash == nullptr ? part.file_name() : slash + 1,
                          part.line_number());
    }
    std::string message = part.message();
    printf("%s%s\n", place.c_str(), message.c_str());
    fflush(stdout);
    std::replace(message.begin(), message.end(), '\n', ' ');
    SendRecord(kFailure, place + message);
  }

  void OnTestEnd(const testing::TestInfo& test) override {
    watch_.reset();
    const testing::TestResult& result = *test.result();
    for (int i = 0; i < result.test_property_count(); ++i) {
      const testing::TestProperty& property = result.GetTestProperty(i);
      const std::string key = property.key();
      if (key == kRowsProperty) SendRecord(kRows, property.value());
      if (key == kDifferenceProperty) SendRecord(kDifference, property.value());
      if (key == kNotTestableProperty) SendRecord(kMissing, property.value());
    }
    SendRecord(kEnd, result.Failed() ? "failed" : result.Skipped() ? "skipped" : "passed");
  }

  double limit_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace

double SlowFactor() {
  double factor = IsEmulated() ? 3 : 1;
#if defined(TESTS_SANITIZED)
  factor *= 3;
#endif
  return factor;
}

TestResult RunTest(const CatalogTest& test, const RunnerOptions& options) {
  std::vector<std::string> arguments = {"--child-test", test.name,
                                        fmt::format("{}", options.limit)};
  if (options.self_test) arguments.push_back("--self-test");
  if (options.sandbox) arguments.push_back("--sandbox");
  if (options.kernel_interrupts) arguments.push_back("--kernel-interrupts");
  const ChildResult child = RunChild(arguments, HardLimit(options.limit));
  TestResult result;
  result.name = test.name;
  // One that failed early has not said it.
  result.rows = child.Has(kRows) ? child.Record(kRows) : test.rows;
  result.output = child.output;
  result.seconds = child.seconds;
  Judge(child, options.limit, &result);
  if (options.kernel_interrupts && result.verdict == Verdict::kFailed) {
    const std::string rows = RowsThatDiffer(test.name);
    if (!rows.empty()) {
      result.verdict = Verdict::kKnownDifference;
      result.words = rows + ": the local APICs are the kernel's";
    }
  }
  return result;
}

TestResult NotRun(const CatalogTest& test, const std::string& why) {
  TestResult result;
  result.name = test.name;
  result.rows = test.rows;
  result.verdict = Verdict::kNotTestable;
  result.words = why;
  return result;
}

std::vector<ProbeAnswer> AskProbes(std::string* error) {
  const ChildResult child = RunChild({"--child-probes"}, kProbesLimit * SlowFactor());
  std::vector<ProbeAnswer> answers;
  for (const auto& [name, value] : child.records) {
    if (name != kProbe) continue;
    const size_t tab = value.find('\t');
    answers.push_back({value.substr(0, tab), value.substr(tab + 1)});
  }
  if (child.Record(kEnd) != "passed") *error = "the probes do not come to an end on this machine";
  return answers;
}

int RunTestInChild(const std::string& name, double limit) {
  SetEntryLimit(limit / 4);
  SetWatchdogHook([](const char* what) { SendRecord(kTimeout, what); });
  GTEST_FLAG_SET(filter, name);
  testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new Reporter(limit));
  const int status = RUN_ALL_TESTS();
  // No test of that name is no success.
  return testing::UnitTest::GetInstance()->test_to_run_count() == 1 ? status : 2;
}

int RunProbesInChild() {
  for (const NamedProbe& probe : AllProbes()) {
    SendRecord(kProbe, fmt::format("{}\t{}", probe.name, probe.ask()));
  }
  SendRecord(kEnd, "passed");
  return 0;
}

}  // namespace conformance
