// The size of a page, in tests of spaces and of this process's memory.

#pragma once

#include <cstdint>

namespace zircon::objects {

inline constexpr uint64_t kPage = 4096;

}  // namespace zircon::objects
