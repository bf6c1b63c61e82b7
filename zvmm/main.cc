// zvmm: a small virtual machine monitor on the Zircon hypervisor calls. See --help.

#include <exception>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "exit_status.h"
#include "host/log.h"
#include "host/sandbox.h"
#include "host/signals.h"
#include "host/standard_files.h"
#include "machine.h"
#include "options.h"

namespace zvmm {
namespace {

int ExitStatus(const StopRequest& end, const Options& options) {
  switch (end.reason) {
    case StopRequest::Reason::kPowerOff:
      return kExitPowerOff;
    case StopRequest::Reason::kReset:
      Say("the guest asked for a reset; ending");
      return options.reset_status;
    case StopRequest::Reason::kPanic:
      Say("the guest's kernel has panicked");
      return kExitPanicked;
    case StopRequest::Reason::kExitStatus:
      return end.status;
    case StopRequest::Reason::kUser:
      Say(end.message);
      return end.status;
    case StopRequest::Reason::kFailure:
      break;
  }
  Say(end.message);
  return end.status != 0 ? end.status : kExitCrashed;
}

int Run(const Options& options) {
  // Before the first thread, so that all have them blocked.
  Signals signals(options.statistics || !options.statistics_file.empty());
  if (absl::Status status = signals.Start(); !status.ok()) {
    Say(std::string(status.message()));
    return kExitNotRun;
  }
  IgnoreSignalsOfWrites();

  auto machine = Machine::Create(options);
  if (!machine.ok()) {
    Say(std::string(machine.status().message()));
    return kExitNotRun;
  }
  if (options.sandbox) {
    const SandboxNeeds needs = {.creates_a_file = !options.statistics_file.empty(),
                                .serves_gdb = options.gdb.has_value()};
    if (absl::Status status = EnterSandbox(needs); !status.ok()) {
      Say(std::string(status.message()));
      return kExitNotRun;
    }
  }
  return ExitStatus((*machine)->Run(signals), options);
}

int Main(int argc, char** argv) {
  if (!OpenMissingStandardFiles()) {
    return kExitNotRun;
  }
  std::optional<int> exit_status;
  const Options options = ParseOptions(argc, argv, exit_status);
  if (exit_status) {
    return *exit_status;
  }
  try {
    return Run(options);
  } catch (const std::exception& error) {
    // Memory that the host does not have, most likely.
    Say(absl::StrCat("cannot start the machine: ", error.what()));
    return kExitNotRun;
  }
}

}  // namespace
}  // namespace zvmm

int main(int argc, char** argv) { return zvmm::Main(argc, argv); }
