// The sandbox of --sandbox: from EnterSandbox() on the process can make no system call but those
// that the library (<zircon-kvm/seccomp.h>) and zvmm need while a guest runs.

#pragma once

#include <string>

#include "absl/status/status.h"

namespace zvmm {

// For all threads that there are, and those that they start; for good. A call that is not allowed
// ends the process with SIGSYS. Files are open by then, but for one that is to be made at the end
// (`creates_a_file`). Main thread.
absl::Status EnterSandbox(bool creates_a_file);

}  // namespace zvmm
