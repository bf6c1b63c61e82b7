// What --serial says: where one more serial port of the guest's leads.

#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace zvmm {

// A value.
struct SerialOptions {
  enum class Kind {
    kNull,  // Nowhere.
    kFile,  // To a file, which is emptied; nothing comes back.
    kUnix,  // To whoever listens at a Unix socket.
    kPty,   // To a pseudo-terminal, whose name is told.
  };

  Kind kind = Kind::kNull;
  std::string path{};
};

// Parses "null", "file=PATH", "unix=PATH" or "pty".
absl::StatusOr<SerialOptions> ParseSerialOptions(std::string_view text);

}  // namespace zvmm
