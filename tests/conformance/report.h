// What the user sees of a run: the head, a line for each test, the summary; and the files for
// machines.

#ifndef ZIRCON_TESTS_CONFORMANCE_REPORT_H_
#define ZIRCON_TESTS_CONFORMANCE_REPORT_H_

#include <ctime>
#include <string>
#include <vector>

#include "host.h"
#include "runner.h"

namespace conformance {

struct Run {
  HostFacts host;
  std::vector<ProbeAnswer> probes;
  std::vector<TestResult> results;
  double seconds = 0;
  time_t start = time(nullptr);

  size_t Count(Verdict verdict) const;
};

const char* VerdictName(Verdict verdict);

void PrintHead(const Run& run, size_t tests, double limit);
void PrintTableHead();
void PrintResult(const TestResult& result);
// Quietly: the last line alone.
void PrintSummary(const Run& run, bool quiet);
// Instead of all of it where nothing could be tested: a line, and the last.
void PrintWithoutKvm(const Run& run);

// "" or what went wrong.
std::string WriteJunit(const Run& run, const std::string& path);
std::string WriteJson(const Run& run, const std::string& path);

}  // namespace conformance

#endif  // ZIRCON_TESTS_CONFORMANCE_REPORT_H_
