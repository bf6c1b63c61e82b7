// The sandbox of --sandbox: from EnterSandbox() on the process can make no system call but those
// that the library (<zircon-kvm/seccomp.h>) and zvmm need while a guest runs.

#pragma once

#include <string>

#include "absl/status/status.h"

namespace zvmm {

// What not every machine needs.
struct SandboxNeeds {
  bool creates_a_file = false;  // One that is made at the end.
  bool serves_gdb = false;      // Connections to a socket that listens already.
};

// For all threads that there are, and those that they start; for good. A call that is not allowed
// ends the process with SIGSYS. Files are open by then, but for what is needed. Main thread.
absl::Status EnterSandbox(const SandboxNeeds& needs);

}  // namespace zvmm
