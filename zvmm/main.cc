// zvmm: a small virtual machine monitor on the Zircon hypervisor calls. See --help.

#include <signal.h>
#include <stdio.h>

#include <optional>
#include <string>

#include "exit_status.h"
#include "machine.h"
#include "options.h"
#include "signals.h"

namespace zvmm {
namespace {

int ExitStatus(const StopRequest& end, const Options& options) {
  switch (end.reason) {
    case StopRequest::Reason::kPowerOff:
      return kExitPowerOff;
    case StopRequest::Reason::kReset:
      fprintf(stderr, "zvmm: the guest asked for a reset; ending\n");
      return options.reset_status;
    case StopRequest::Reason::kExitStatus:
      return end.status;
    case StopRequest::Reason::kUser:
      fprintf(stderr, "zvmm: %s\n", end.message.c_str());
      return end.status;
    case StopRequest::Reason::kFailure:
      break;
  }
  fprintf(stderr, "zvmm: %s\n", end.message.c_str());
  return kExitCrashed;
}

int Main(int argc, char** argv) {
  std::optional<int> exit_status;
  const Options options = ParseOptions(argc, argv, exit_status);
  if (exit_status) {
    return *exit_status;
  }
  // Before the first thread, so that all have it. A closed pipe is an error of write(), no signal.
  const sigset_t signals = EndSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  auto machine = Machine::Create(options);
  if (!machine.ok()) {
    fprintf(stderr, "zvmm: %s\n", std::string(machine.status().message()).c_str());
    return kExitNotRun;
  }
  return ExitStatus((*machine)->Run(), options);
}

}  // namespace
}  // namespace zvmm

int main(int argc, char** argv) { return zvmm::Main(argc, argv); }
