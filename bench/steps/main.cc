// zircon_steps: what a call executes and touches, by single-stepping it: the instructions of
// libzircon.so by function, the pages of its code and of the data that it reads and writes, and the
// system calls. A count, not a time: it does not depend on the machine's load.
//
//   zircon_steps [--calls] [--functions] [--rows=FILE]
//
// The operations of zircon_bench --exits, which take a KVM; with --calls those of
// bench/object_operations.h, which take none. Instructions of the kernel are not seen.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "rows.h"
#include "steps/operations.h"
#include "steps/trace.h"

namespace bench {
namespace {

bool Kept(size_t count, const std::optional<size_t>& budget) { return !budget || count <= *budget; }

void AddRow(RowFile& rows, const Operation& operation, const char* what, const char* figure,
            size_t count, const std::optional<size_t>& budget) {
  Row row = {operation.key + "." + what, operation.name + ": " + figure, "", {}, {}, {}, {}};
  row.value = static_cast<double>(count);
  if (budget) row.budget = static_cast<double>(*budget);
  rows.Add(row);
}

void Report(const Operation& operation, const Touched& touched, bool functions, RowFile& rows) {
  const bool any = operation.code_pages || operation.data_pages || operation.system_calls;
  const bool kept = Kept(touched.code_pages(), operation.code_pages) &&
                    Kept(touched.data_pages(), operation.data_pages) &&
                    Kept(touched.system_calls(), operation.system_calls);
  std::printf("%-28s %12zu %12zu %12zu %12zu%s\n", operation.name.c_str(), touched.instructions(),
              touched.code_pages(), touched.data_pages(), touched.system_calls(),
              !any   ? ""
              : kept ? "  kept"
                     : "  MISSED");
  if (functions) touched.PrintFunctions();
  AddRow(rows, operation, "steps", "instructions of libzircon.so", touched.instructions(), {});
  AddRow(rows, operation, "code_pages", "pages of code", touched.code_pages(),
         operation.code_pages);
  AddRow(rows, operation, "data_pages", "pages of data", touched.data_pages(),
         operation.data_pages);
  AddRow(rows, operation, "system_calls", "system calls", touched.system_calls(),
         operation.system_calls);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  using namespace bench;
  bool calls = false;
  bool functions = false;
  std::string path;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--calls") == 0) {
      calls = true;
    } else if (std::strcmp(argv[i], "--functions") == 0) {
      functions = true;
    } else if (std::strncmp(argv[i], "--rows=", 7) == 0) {
      path = argv[i] + 7;
    } else {
      std::fprintf(stderr, "zircon_steps: unknown: %s\n", argv[i]);
      return EXIT_FAILURE;
    }
  }
  const LibraryImage library("libzircon.so");
  RowFile rows(path);
  std::printf("%-28s %12s %12s %12s %12s\n", "", "instructions", "code pages", "data pages",
              "system calls");
  for (const Operation& operation : calls ? CallOperations() : VcpuOperations()) {
    Report(operation, Trace(operation, library), functions, rows);
  }
  return EXIT_SUCCESS;
}
