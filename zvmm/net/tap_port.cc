// The TAP interface of frame_port.h.

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "host/descriptor.h"
#include "net/frame_port.h"

namespace zvmm {
namespace {

// Frames of one Receive(): the reader wants to look at other things in between.
constexpr unsigned kFramesAtOnce = 64;

class TapPort final : public FramePort {
 public:
  explicit TapPort(Descriptor file) : file_(std::move(file)) {}

  int fd() const override { return file_.get(); }

  absl::Status Receive(const Taker& take) override {
    for (unsigned i = 0; i < kFramesAtOnce; ++i) {
      const ssize_t size = read(file_.get(), buffer_.data(), buffer_.size());
      if (size < 0) {
        return errno == EAGAIN || errno == EINTR ? absl::OkStatus()
                                                 : absl::ErrnoToStatus(errno, "read");
      }
      take({buffer_.data(), static_cast<size_t>(size)});
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Send(std::span<const uint8_t> frame) override {
    while (write(file_.get(), frame.data(), frame.size()) < 0) {
      if (errno != EINTR) {
        // Too busy, down, or a frame that it does not take: lost, as on a wire. A file that takes
        // nothing more says so when it is read.
        break;
      }
    }
    return true;
  }

  absl::StatusOr<bool> Flush() override { return true; }

 private:
  const Descriptor file_;
  std::array<uint8_t, kMostFrame> buffer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<FramePort>> OpenTap(const std::string& name) {
  constexpr char kPath[] = "/dev/net/tun";
  if (name.empty() || name.size() >= IFNAMSIZ) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", name, "' is no name of a network interface"));
  }
  Descriptor file(open(kPath, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_valid()) {
    return absl::ErrnoToStatus(errno, kPath);
  }
  ifreq request = {};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  std::memcpy(request.ifr_name, name.data(), name.size());
  if (ioctl(file.get(), TUNSETIFF, &request) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("the TAP interface ", name, " (ip tuntap add ",
                                                   name, " mode tap user $USER makes one)"));
  }
  return std::make_unique<TapPort>(std::move(file));
}

}  // namespace zvmm
