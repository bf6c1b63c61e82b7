// Format: text from a format string that is checked when it is compiled, as fmt::format().
//
//   std::string why = base::Format("{} does not open: errno {}", path, error);
//
// Only the checking is in this header: what makes the text costs a compiler seconds a file and
// stands once, in format.cc.
//
// Thread safety: pure. Throws std::bad_alloc.

#pragma once

#include <fmt/core.h>

#include <string>

namespace zircon::base {

[[nodiscard]] std::string VFormat(fmt::string_view format, fmt::format_args args);

template <typename... Args>
[[nodiscard]] std::string Format(fmt::format_string<Args...> format, Args&&... args) {
  return VFormat(format, fmt::make_format_args(args...));
}

}  // namespace zircon::base
