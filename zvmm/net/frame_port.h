// Where the frames of a virtual network card go and come from: a TAP interface of the host, or a
// program at the other end of a socket.
//
//   auto port = OpenTap("tap0");
//   auto link = NetLink::Start(*std::move(port), …);    // net_link.h
//
// A frame is that of Ethernet, without preamble and checksum.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace zvmm {

// An open file that gives and takes frames, without waiting. Used by one thread at a time, but that
// one may receive while another sends.
class FramePort {
 public:
  // Ethernet's header, and as much as IP packets can have.
  static constexpr size_t kMostFrame = 14 + 65535;

  // Takes one frame, which is good as long as the call.
  using Taker = std::function<void(std::span<const uint8_t> frame)>;

  virtual ~FramePort() = default;

  // For poll().
  virtual int fd() const = 0;

  // Gives what has come, as far as it is complete, up to some number of frames. Fails when no more
  // will ever come.
  virtual absl::Status Receive(const Taker& take) = 0;

  // Sends a frame, or keeps what of it cannot be sent yet. False, and the frame is left to the
  // caller, while something is kept: Flush() when the file can be written.
  virtual absl::StatusOr<bool> Send(std::span<const uint8_t> frame) = 0;

  // Sends what was kept. Tells whether all of it is gone.
  virtual absl::StatusOr<bool> Flush() = 0;
};

// A TAP interface, which exists or is made if the process may.
absl::StatusOr<std::unique_ptr<FramePort>> OpenTap(const std::string& name);

// A Unix stream socket on which frames follow a length of 32 bits, the most significant byte first:
// what passt and QEMU's "-netdev stream" speak.
absl::StatusOr<std::unique_ptr<FramePort>> ConnectFrameSocket(const std::string& path);

}  // namespace zvmm
