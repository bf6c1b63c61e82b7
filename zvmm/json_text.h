// A string as JSON wants it. Names are zvmm's own, but a disk's may have anything.

#pragma once

#include <string>
#include <string_view>

#include "absl/strings/str_format.h"

namespace zvmm {

inline std::string JsonQuoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
    }
    if (static_cast<unsigned char>(c) < ' ') {
      absl::StrAppendFormat(&quoted, "\\u%04x", c);
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace zvmm
