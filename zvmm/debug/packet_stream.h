// The frames of gdb's remote protocol: $DATA#CHECKSUM, what of it is escaped, and the bytes between
// frames.
//
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Overview.html

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace zvmm {

// Takes bytes as they come. Not thread-safe.
class PacketStream {
 public:
  // The longest frame that is taken; a longer one is refused as one that is damaged.
  static constexpr size_t kMostData = 64 * 1024;

  struct Event {
    enum Kind {
      kPacket,     // `data`, unescaped
      kDamaged,    // a frame whose checksum is wrong: it is to be sent again
      kInterrupt,  // Ctrl-C
      kAgain,      // the other side wants the last frame again
    };
    Kind kind = kPacket;
    std::string data{};
  };

  void Add(std::string_view bytes) { bytes_ += bytes; }
  // The next thing that has arrived whole, if any.
  std::optional<Event> Next();

 private:
  std::string bytes_;
};

// The frame of an answer.
std::string Framed(std::string_view data);

// Two digits a byte.
std::string ToHex(std::string_view bytes);
// Nothing if there is an odd number of digits, or something that is none.
std::optional<std::string> FromHex(std::string_view digits);

}  // namespace zvmm
