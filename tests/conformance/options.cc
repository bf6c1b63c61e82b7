#include "options.h"

#include <CLI/CLI.hpp>

namespace conformance {
namespace {

constexpr char kDescription[] =
    R"(Checks that the Zircon hypervisor calls (zx_guest_create, zx_vcpu_enter, ...) do on this machine's KVM what
docs/contract promises. One file without dependencies: copy it to any x86-64 Linux machine and run it.

Each test runs in a process of its own, for a limited time; one that crashes or hangs has failed, and the others
run on. Results:

  passed             the machine does what the contract says
  FAILED             it does not: a bug of the library, or of this machine's KVM
  known difference   it does what docs/DIFFERENCES.md says instead, and the test has seen that it does
  not testable here  this machine's KVM cannot do what the test is about; a probe without the library says so

Exit status: 0 if no test failed, 1 if one did, 2 if the program could not do its work. A machine that has no KVM
fails nothing: everything that needs a guest is "not testable here", and the last lines say so. On such a machine
`scripts/with-kvm zircon-conformance` runs it in a virtual machine that has one.)";

}  // namespace

std::optional<Options> ParseOptions(int argc, char** argv, int* status) {
  Options options;
  CLI::App app(kDescription, "zircon-conformance");
  // As written above, not wrapped.
  app.set_help_flag("-h,--help", "show this");
  app.add_option("--filter", options.choice.filter,
                 "only tests that match: patterns with * and ?, ':' between them, '-' before those "
                 "to leave out\n"
                 "(IoTest.*:MemTest.*-*Forms*)")
      ->type_name("PATTERNS");
  const std::map<std::string, Generation> generations = {
      {"current", Generation::kCurrent}, {"2018", Generation::k2018}, {"both", Generation::kBoth}};
  app.add_option("--generation", options.choice.generation,
                 "which generation of the interface: current, 2018 or both (default both)")
      ->transform(CLI::CheckedTransformer(generations).description(""))
      ->type_name("NAME");
  app.add_option("--junit", options.junit, "write the results there too, as JUnit XML")
      ->type_name("FILE");
  app.add_option("--json", options.json, "write the results there too, as JSON")->type_name("FILE");
  app.add_option("--time-limit", options.limit,
                 "seconds for a test (default 80, more on emulated processors and with sanitizers)")
      ->type_name("SECONDS")
      ->check(CLI::Validator(CLI::PositiveNumber).description(""));
  app.add_flag("--list", options.list, "print the tests and run none");
  app.add_flag("--list-rows", options.list_rows,
               "print the rows of the contract and which tests show each, and run none");
  // Tests of this program itself (tests/scripts/conformance_test.sh): they hang, crash, and so on.
  app.add_flag("--self-test", options.self_test)->group("");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    *status = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  return options;
}

}  // namespace conformance
