#include "net/net_options.h"

#include <charconv>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace zvmm {
namespace {

constexpr uint8_t kGroupBit = 0x01;
constexpr uint8_t kLocallyAdministered = 0x02;

absl::StatusOr<MacAddress> ParseMac(std::string_view text) {
  MacAddress mac{};
  const absl::Status wrong = absl::InvalidArgumentError(absl::StrCat(
      "'", std::string(text), "' is no address of a network card, such as ", "52:54:00:12:34:56"));
  constexpr size_t kTextSize = 3 * mac.size() - 1;
  if (text.size() != kTextSize) {
    return wrong;
  }
  for (size_t i = 0; i < mac.size(); ++i) {
    const char* const digits = text.data() + 3 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, mac[i], 16);
    if (error != std::errc() || end != digits + 2 || (i + 1 < mac.size() && digits[2] != ':')) {
      return wrong;
    }
  }
  if ((mac[0] & kGroupBit) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(std::string(text), " is the address of a group, not of a card"));
  }
  return mac;
}

// FNV-1a, of which six bytes are enough.
MacAddress MakeMac(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3;
  }
  MacAddress mac{};
  for (size_t i = 0; i < mac.size(); ++i) {
    mac[i] = static_cast<uint8_t>(hash >> (8 * i));
  }
  mac[0] = static_cast<uint8_t>((mac[0] & ~kGroupBit) | kLocallyAdministered);
  return mac;
}

}  // namespace

absl::StatusOr<NetOptions> ParseNetOptions(std::string_view text) {
  constexpr std::string_view kTap = "tap=";
  constexpr std::string_view kUnix = "unix=";
  constexpr std::string_view kMac = ",mac=";
  NetOptions options;
  std::string_view network = text;
  const size_t mac = text.rfind(kMac);
  if (mac != std::string_view::npos) {
    network = text.substr(0, mac);
    auto parsed = ParseMac(text.substr(mac + kMac.size()));
    if (!parsed.ok()) {
      return parsed.status();
    }
    options.mac = *parsed;
  } else {
    options.mac = MakeMac(text);
  }
  if (network.starts_with(kTap)) {
    options.kind = NetOptions::Kind::kTap;
    options.name = network.substr(kTap.size());
  } else if (network.starts_with(kUnix)) {
    options.kind = NetOptions::Kind::kUnix;
    options.name = network.substr(kUnix.size());
  }
  if (options.name.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", std::string(text),
                     "' is no network: tap=NAME or unix=SOCKET, and maybe ,mac=ADDRESS"));
  }
  return options;
}

}  // namespace zvmm
