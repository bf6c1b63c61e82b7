// Runs tests, each in a process of its own under a watchdog, and says what came of them. Nothing
// here touches KVM: what hangs or crashes is another process.

#ifndef ZIRCON_TESTS_CONFORMANCE_RUNNER_H_
#define ZIRCON_TESTS_CONFORMANCE_RUNNER_H_

#include <string>
#include <vector>

#include "catalog.h"

namespace conformance {

enum class Verdict { kPassed, kFailed, kKnownDifference, kNotTestable };

struct TestResult {
  std::string name;
  std::string rows;  // Of the contract, with blanks between them.
  Verdict verdict = Verdict::kFailed;
  // Which difference, which probe, or how it failed; "" when it passed.
  std::string words;
  std::string output;  // What it wrote, failed expectations included.
  double seconds = 0;
};

struct ProbeAnswer {
  std::string name;
  std::string missing;  // "" if it works.
};

struct RunnerOptions {
  double limit = 80;  // Seconds for a test.
  bool self_test = false;
  bool sandbox = false;  // Under the library's seccomp filter.
  bool kernel_interrupts = false;
};

// How much more time than on a plain machine things get: emulated processors, sanitizers.
double SlowFactor();

// Any thread.
TestResult RunTest(const CatalogTest& test, const RunnerOptions& options);
// Of a test for which this machine is none.
TestResult NotRun(const CatalogTest& test, const std::string& why);

// All probes that have a name of their own. Empty, with words, if they cannot be asked.
std::vector<ProbeAnswer> AskProbes(std::string* error);

// ---- In the child ----

// Runs that test and reports to the parent; gives the exit status. testing::InitGoogleTest() has
// been called.
int RunTestInChild(const std::string& name, double limit);
int RunProbesInChild();

}  // namespace conformance

#endif  // ZIRCON_TESTS_CONFORMANCE_RUNNER_H_
