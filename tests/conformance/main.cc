// zircon-conformance: which promises of docs/contract the library keeps on this machine's KVM.
// options.cc says what it is to its user.
//
// With an option of GoogleTest's (--gtest_filter=...) it is a plain GoogleTest program, all in one
// process, which is what ctest and debuggers want.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <map>
#include <thread>

#include "child_process.h"
#include "harness.h"
#include "helper_modes.h"
#include "options.h"
#include "report.h"
#include "runner.h"
#include "sandbox.h"
#include "self_checks.h"

namespace conformance {
namespace {

// In a plain GoogleTest run: over each test as a whole, for what hangs need not be an entry.
class WatchEachTest : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo&) override {
    watch_ =
        std::make_unique<Watch>("the test", std::chrono::duration<double>(RunnerOptions().limit));
  }
  void OnTestEnd(const testing::TestInfo&) override { watch_.reset(); }

  std::unique_ptr<Watch> watch_;
};

int RunPlainGoogleTest(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::UnitTest::GetInstance()->listeners().Append(new WatchEachTest);
  return RUN_ALL_TESTS();
}

// Makes the tests known; GoogleTest gets no arguments.
void InitTests(bool self_test) {
  if (self_test) RegisterSelfTests();
  int argc = 1;
  char name[] = "zircon-conformance";
  char* argv[] = {name, nullptr};
  testing::InitGoogleTest(&argc, argv);
}

// --child-test NAME LIMIT [--self-test] [--sandbox] [--kernel-interrupts]
int RunChildTest(int argc, char** argv) {
  if (argc < 4) return 2;
  const auto has = [&](const char* option) {
    return std::any_of(argv + 4, argv + argc,
                       [&](const char* given) { return strcmp(given, option) == 0; });
  };
  BecomeChild();
  InitTests(has("--self-test"));
  UseKernelInterrupts(has("--kernel-interrupts"));
  if (has("--sandbox")) {
    const std::string error = EnterSandbox();
    if (!error.empty()) {
      fprintf(stderr, "the sandbox cannot be made: %s\n", error.c_str());
      return 2;
    }
  }
  return RunTestInChild(argv[2], atof(argv[3]));
}

void PrintRows(const std::vector<CatalogTest>& tests) {
  std::map<std::string, std::vector<std::string>> rows;
  for (const CatalogTest& test : tests) {
    size_t at = 0;
    while (at < test.rows.size()) {
      const size_t end = std::min(test.rows.find(' ', at), test.rows.size());
      rows[test.rows.substr(at, end - at)].push_back(test.name);
      at = end + 1;
    }
  }
  for (const auto& [row, names] : rows) {
    printf("%s\n", row.c_str());
    for (const std::string& name : names) printf("    %s\n", name.c_str());
  }
}

// Runs the tests, so many at a time, and tells of each in their order.
std::vector<TestResult> RunTests(const std::vector<CatalogTest>& tests, const RunnerOptions& runner,
                                 size_t jobs, const std::function<void(const TestResult&)>& tell) {
  std::vector<std::promise<TestResult>> promises(tests.size());
  std::atomic<size_t> next = 0;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < std::min(jobs, tests.size()); ++i) {
    threads.emplace_back([&] {
      for (size_t test = next++; test < tests.size(); test = next++) {
        promises[test].set_value(RunTest(tests[test], runner));
      }
    });
  }
  std::vector<TestResult> results;
  for (std::promise<TestResult>& promise : promises) {
    results.push_back(promise.get_future().get());
    tell(results.back());
  }
  for (std::thread& thread : threads) thread.join();
  return results;
}

int RunAll(const Options& options, const std::vector<CatalogTest>& tests) {
  const auto start = std::chrono::steady_clock::now();
  RunnerOptions runner;
  runner.self_test = options.self_test;
  runner.sandbox = options.sandbox;
  runner.kernel_interrupts = options.kernel_interrupts;
  runner.limit = options.limit > 0 ? options.limit : runner.limit * SlowFactor();

  Run run;
  run.host = FindHostFacts();
  // The tests of this program itself need none.
  const bool without_kvm = !run.host.kvm_error.empty() && !options.self_test;
  if (without_kvm) {
    for (const CatalogTest& test : tests) run.results.push_back(NotRun(test, run.host.kvm_error));
    PrintWithoutKvm(run);
  } else {
    std::string probe_error;
    if (run.host.kvm_error.empty()) run.probes = AskProbes(&probe_error);
    if (!options.quiet) {
      PrintHead(run, tests.size(), runner.limit);
      if (!probe_error.empty()) printf("*** %s\n", probe_error.c_str());
      PrintTableHead();
    }
    run.results = RunTests(tests, runner, options.jobs, [&options](const TestResult& result) {
      if (!options.quiet || result.verdict == Verdict::kFailed) PrintResult(result);
    });
  }
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!without_kvm) PrintSummary(run, options.quiet);

  int status = run.Count(Verdict::kFailed) == 0 ? 0 : 1;
  if (without_kvm && options.require_kvm) status = 2;
  for (const std::string& error : {options.junit.empty() ? "" : WriteJunit(run, options.junit),
                                   options.json.empty() ? "" : WriteJson(run, options.json)}) {
    if (error.empty()) continue;
    fprintf(stderr, "zircon-conformance: %s\n", error.c_str());
    status = 2;
  }
  return status;
}

int Main(int argc, char** argv) {
  const char* first = argc > 1 ? argv[1] : "";
  if (argc == 3 && strcmp(first, "--helper") == 0) return RunHelper(argv[2]);
  if (strcmp(first, "--child-test") == 0) return RunChildTest(argc, argv);
  if (strcmp(first, "--child-probes") == 0) {
    BecomeChild();
    return RunProbesInChild();
  }
  if (strncmp(first, "--gtest_", strlen("--gtest_")) == 0) return RunPlainGoogleTest(argc, argv);

  int status = 0;
  const std::optional<Options> options = ParseOptions(argc, argv, &status);
  if (!options) return status;
  InitTests(options->self_test);
  Choice choice = options->choice;
  // Of the program's own tests and the others a run has either.
  if (options->self_test && choice.filter.empty()) choice.filter = "*SelfTest.*";
  const std::vector<CatalogTest> tests = ListTests(choice);
  if (tests.empty()) {
    fprintf(stderr, "zircon-conformance: there is no such test; --list prints all\n");
    return 2;
  }
  if (options->list) {
    for (const CatalogTest& test : tests) printf("%s\n", test.name.c_str());
  } else if (options->list_rows) {
    PrintRows(tests);
  } else {
    status = RunAll(*options, tests);
  }
  return status;
}

}  // namespace
}  // namespace conformance

int main(int argc, char** argv) { return conformance::Main(argc, argv); }
