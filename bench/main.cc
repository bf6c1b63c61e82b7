// zircon_bench: Google Benchmark's command line, and the tables of bench/reports.h:
//
//   zircon_bench --ratios | --objects [--only=NAME] [--rounds=N] [--batch_ms=X] [--instances=N]
//                [--rows=FILE]
//   zircon_bench --exits [--rows=FILE]
//   zircon_bench --latch | --registers [--rounds=N] [--batch_ms=X] [--instances=N]

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "reports.h"

namespace {

// The value of --name=value, or null.
const char* Value(const char* argument, const char* name) {
  const size_t length = std::strlen(name);
  return std::strncmp(argument, name, length) == 0 && argument[length] == '='
             ? argument + length + 1
             : nullptr;
}

int Report(int argc, char** argv) {
  bench::RatioOptions options;
  std::string only, rows;
  for (int i = 2; i < argc; ++i) {
    if (const char* rounds = Value(argv[i], "--rounds")) {
      options.rounds = std::atoi(rounds);
    } else if (const char* batch = Value(argv[i], "--batch_ms")) {
      options.batch_ms = std::atof(batch);
    } else if (const char* instances = Value(argv[i], "--instances")) {
      options.instances = std::atoi(instances);
    } else if (const char* name = Value(argv[i], "--only")) {
      only = name;
    } else if (const char* file = Value(argv[i], "--rows")) {
      rows = file;
    } else {
      std::fprintf(stderr, "zircon_bench: unknown: %s\n", argv[i]);
      return EXIT_FAILURE;
    }
  }
  if (options.rounds < 1 || options.batch_ms <= 0 || options.instances < 1) {
    std::fprintf(stderr, "zircon_bench: numbers must be positive\n");
    return EXIT_FAILURE;
  }
  if (std::strcmp(argv[1], "--exits") == 0) bench::ReportExits(rows);
  if (std::strcmp(argv[1], "--ratios") == 0) bench::ReportRatios(options, only, rows);
  if (std::strcmp(argv[1], "--objects") == 0) bench::ReportObjects(options, only, rows);
  if (std::strcmp(argv[1], "--latch") == 0) bench::ReportLatch(options);
  if (std::strcmp(argv[1], "--registers") == 0) bench::ReportRegisters(options);
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  for (const char* table : {"--exits", "--ratios", "--objects", "--latch", "--registers"}) {
    if (argc > 1 && std::strcmp(argv[1], table) == 0) return Report(argc, argv);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return EXIT_FAILURE;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return EXIT_SUCCESS;
}
