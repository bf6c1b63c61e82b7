#include "host/serial_options.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace zvmm {

absl::StatusOr<SerialOptions> ParseSerialOptions(std::string_view text) {
  using Kind = SerialOptions::Kind;
  constexpr std::string_view kFile = "file=";
  constexpr std::string_view kUnix = "unix=";
  if (text == "null") {
    return SerialOptions{.kind = Kind::kNull};
  }
  if (text == "pty") {
    return SerialOptions{.kind = Kind::kPty};
  }
  if (text.starts_with(kFile) && text.size() > kFile.size()) {
    return SerialOptions{.kind = Kind::kFile, .path = std::string(text.substr(kFile.size()))};
  }
  if (text.starts_with(kUnix) && text.size() > kUnix.size()) {
    return SerialOptions{.kind = Kind::kUnix, .path = std::string(text.substr(kUnix.size()))};
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", std::string(text),
                   "' is no place for a serial port: null, file=PATH, unix=SOCKET, pty"));
}

}  // namespace zvmm
