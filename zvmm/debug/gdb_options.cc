#include "debug/gdb_options.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace zvmm {

absl::StatusOr<GdbOptions> ParseGdbOptions(std::string_view text) {
  GdbOptions options;
  constexpr std::string_view kNoWait = ",nowait";
  std::string_view where = text;
  if (where.ends_with(kNoWait)) {
    where.remove_suffix(kNoWait.size());
    options.waits = false;
  }
  constexpr std::string_view kUnix = "unix=";
  constexpr std::string_view kTcp = "tcp=";
  if (where.starts_with(kUnix) && where.size() > kUnix.size()) {
    options.address = {.kind = ListenAddress::Kind::kUnix,
                       .path = std::string(where.substr(kUnix.size()))};
    return options;
  }
  if (where.starts_with(kTcp)) {
    where.remove_prefix(kTcp.size());
    const auto [end, error] =
        std::from_chars(where.data(), where.data() + where.size(), options.address.port);
    if (error == std::errc() && end == where.data() + where.size() && options.address.port != 0) {
      return options;
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "'", std::string(text), "' is neither tcp=PORT nor unix=PATH, with or without ,nowait"));
}

}  // namespace zvmm
