// What --net says: which network a card is connected to, and its address.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace zvmm {

using MacAddress = std::array<uint8_t, 6>;

// A value.
struct NetOptions {
  enum class Kind { kTap, kUnix };

  Kind kind = Kind::kTap;
  std::string name;  // Of the interface, or the socket's path.
  MacAddress mac{};
};

// Parses "tap=NAME" or "unix=PATH", either followed by ",mac=52:54:00:12:34:56" or not. Without it
// the address is made from the rest: the same each time, and another for another network.
absl::StatusOr<NetOptions> ParseNetOptions(std::string_view text);

}  // namespace zvmm
