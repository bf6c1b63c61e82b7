// Sockets that have a path.

#pragma once

#include <sys/un.h>

#include <string>

#include "absl/status/statusor.h"
#include "host/descriptor.h"

namespace zvmm {

// The path as the kernel takes it, or what is wrong with it.
absl::StatusOr<sockaddr_un> UnixAddress(const std::string& path);

// A stream, connected. The error names the path.
absl::StatusOr<Descriptor> ConnectUnixSocket(const std::string& path);

}  // namespace zvmm
