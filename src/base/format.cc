#include "base/format.h"

#include <fmt/format.h>

namespace zircon::base {

std::string VFormat(fmt::string_view format, fmt::format_args args) {
  return fmt::vformat(format, args);
}

}  // namespace zircon::base
