// Where gdb finds the machine, as the command line has it.

#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "host/listen_socket.h"

namespace zvmm {

struct GdbOptions {
  ListenAddress address{};
  bool waits = true;  // The guest's first instruction waits for gdb.
};

// "tcp=PORT" or "unix=PATH", and ",nowait" behind it.
absl::StatusOr<GdbOptions> ParseGdbOptions(std::string_view text);

}  // namespace zvmm
