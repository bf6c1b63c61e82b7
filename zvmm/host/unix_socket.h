// Connecting to a socket that has a path.

#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "host/descriptor.h"

namespace zvmm {

// A stream. The error names the path.
absl::StatusOr<Descriptor> ConnectUnixSocket(const std::string& path);

}  // namespace zvmm
