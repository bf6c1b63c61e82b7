#include "debug/packet_stream.h"

#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"

namespace zvmm {
namespace {

constexpr char kEscape = '}';
constexpr char kEscapeMask = 0x20;
constexpr size_t kChecksumDigits = 2;

uint8_t Checksum(std::string_view data) {
  uint8_t sum = 0;
  for (const char c : data) {
    sum = static_cast<uint8_t>(sum + static_cast<uint8_t>(c));
  }
  return sum;
}

int Digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string Unescaped(std::string_view data) {
  std::string plain;
  for (size_t i = 0; i < data.size(); ++i) {
    if (data[i] == kEscape && i + 1 < data.size()) {
      ++i;
      plain += static_cast<char>(data[i] ^ kEscapeMask);
    } else {
      plain += data[i];
    }
  }
  return plain;
}

}  // namespace

std::optional<PacketStream::Event> PacketStream::Next() {
  constexpr char kCtrlC = 3;
  size_t begin = 0;
  // Acknowledgements, and whatever else is between frames, say nothing.
  while (begin < bytes_.size() && bytes_[begin] != '$' && bytes_[begin] != kCtrlC &&
         bytes_[begin] != '-') {
    ++begin;
  }
  bytes_.erase(0, begin);
  if (bytes_.empty()) {
    return std::nullopt;
  }
  if (bytes_[0] != '$') {
    const Event event{.kind = bytes_[0] == kCtrlC ? Event::kInterrupt : Event::kAgain};
    bytes_.erase(0, 1);
    return event;
  }
  const size_t end = bytes_.find('#');
  if (end == std::string::npos || bytes_.size() - end <= kChecksumDigits) {
    if (bytes_.size() <= kMostData) {
      return std::nullopt;
    }
    bytes_.clear();
    return Event{.kind = Event::kDamaged};
  }
  const std::string_view data = std::string_view(bytes_).substr(1, end - 1);
  const auto sum = FromHex(std::string_view(bytes_).substr(end + 1, kChecksumDigits));
  Event event{.kind = Event::kDamaged};
  if (data.size() <= kMostData && sum && static_cast<uint8_t>((*sum)[0]) == Checksum(data)) {
    event = {.kind = Event::kPacket, .data = Unescaped(data)};
  }
  bytes_.erase(0, end + 1 + kChecksumDigits);
  return event;
}

std::string Framed(std::string_view data) {
  std::string escaped;
  for (const char c : data) {
    if (c == '$' || c == '#' || c == '*' || c == kEscape) {
      escaped += kEscape;
      escaped += static_cast<char>(c ^ kEscapeMask);
    } else {
      escaped += c;
    }
  }
  return absl::StrFormat("$%s#%02x", escaped, Checksum(escaped));
}

std::string ToHex(std::string_view bytes) {
  return absl::BytesToHexString({bytes.data(), bytes.size()});
}

std::optional<std::string> FromHex(std::string_view digits) {
  if (digits.size() % 2 != 0) {
    return std::nullopt;
  }
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    const int high = Digit(digits[i]);
    const int low = Digit(digits[i + 1]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

}  // namespace zvmm
