#include "options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <string_view>

namespace conformance {
namespace {

// A decimal number from 1 on, and nothing else; 0 if it is none.
size_t Number(std::string_view text) {
  size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

// "2/3"; "" or what is wrong with it, as CLI11 has it.
std::string ReadShard(const std::string& text, Choice* choice) {
  const std::string_view view = text;
  const size_t slash = view.find('/');
  if (slash != std::string_view::npos) {
    choice->shard = Number(view.substr(0, slash));
    choice->shards = Number(view.substr(slash + 1));
    if (choice->shard >= 1 && choice->shard <= choice->shards) return "";
  }
  return "'" + text + "' is not I/N, with I from 1 to N";
}

constexpr char kDescription[] =
    R"(Checks that the Zircon hypervisor calls (zx_guest_create, zx_vcpu_enter, ...) do on this machine's KVM what
docs/contract promises. One file without dependencies: copy it to any x86-64 Linux machine and run it.

Each test runs in a process of its own, for a limited time; one that crashes or hangs has failed, and the others
run on. Results:

  passed             the machine does what the contract says
  FAILED             it does not: a bug of the library, or of this machine's KVM
  known difference   it does what docs/DIFFERENCES.md says instead, and the test has seen that it does; with --interrupts
                     kernel also a test that fails and is about what docs/contract/accelerated.md says differs then
  not testable here  this machine's KVM cannot do what the test is about; a probe without the library says so

Exit status: 0 if no test failed, 1 if one did, 2 if the program could not do its work. On a machine that has no KVM
nothing is tested, one line says so, and the status is 0, or with --require-kvm 2. On such a machine
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
  app.add_option("--jobs", options.jobs, "how many tests to run at a time (default 1)")
      ->type_name("N")
      ->check(CLI::Validator(CLI::Range(1, 1024)).description(""));
  app.add_option_function<std::string>(
         "--shard",
         [&options](const std::string& text) {
           const std::string mistake = ReadShard(text, &options.choice);
           if (!mistake.empty()) throw CLI::ValidationError("--shard", mistake);
         },
         "only every Nth test, from the Ith on: 1/3, 2/3 and 3/3 are all of them")
      ->type_name("I/N");
  app.add_flag("--quiet", options.quiet, "print only what failed, and the last line");
  app.add_flag("--require-kvm", options.require_kvm,
               "exit status 2 where there is no KVM: nothing tested is no success");
  app.add_flag("--sandbox", options.sandbox,
               "each test under the seccomp filter of <zircon-kvm/seccomp.h>");
  app.add_option(
         "--interrupts", options.kernel_interrupts,
         "whose local APICs the guests have: the library's (the default) or those of the "
         "host's kernel (kernel);\n"
         "what docs/contract/accelerated.md says differs with these is a known difference then")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, bool>{{"library", false}, {"kernel", true}})
              .description(""))
      ->type_name("WHOSE");
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
