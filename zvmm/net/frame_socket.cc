// The stream socket of frame_port.h.

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/strings/str_format.h"
#include "host/descriptor.h"
#include "host/unix_socket.h"
#include "net/frame_port.h"

namespace zvmm {
namespace {

constexpr size_t kLengthSize = sizeof(uint32_t);

class FrameSocket final : public FramePort {
 public:
  explicit FrameSocket(Descriptor file) : file_(std::move(file)), received_(kCapacity) {}

  int fd() const override { return file_.get(); }

  absl::Status Receive(const Taker& take) override {
    const ssize_t size =
        recv(file_.get(), received_.data() + filled_, kCapacity - filled_, MSG_DONTWAIT);
    if (size == 0) {
      return absl::UnavailableError("the other side has closed the socket");
    }
    if (size < 0) {
      return errno == EAGAIN || errno == EINTR ? absl::OkStatus()
                                               : absl::ErrnoToStatus(errno, "recv");
    }
    filled_ += static_cast<size_t>(size);
    return TakeFrames(take);
  }

  absl::StatusOr<bool> Send(std::span<const uint8_t> frame) override {
    if (!kept_.empty()) {
      return false;
    }
    uint32_t length = __builtin_bswap32(static_cast<uint32_t>(frame.size()));
    iovec parts[] = {{&length, kLengthSize}, {const_cast<uint8_t*>(frame.data()), frame.size()}};
    msghdr message = {};
    message.msg_iov = parts;
    message.msg_iovlen = std::size(parts);
    ssize_t sent = sendmsg(file_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN && errno != EINTR) {
        return absl::ErrnoToStatus(errno, "send");
      }
      sent = 0;
    }
    const auto done = static_cast<size_t>(sent);
    if (done < kLengthSize) {
      const auto* bytes = reinterpret_cast<const uint8_t*>(&length);
      kept_.assign(bytes + done, bytes + kLengthSize);
    }
    const size_t of_frame = done < kLengthSize ? 0 : done - kLengthSize;
    kept_.insert(kept_.end(), frame.begin() + static_cast<ptrdiff_t>(of_frame), frame.end());
    return true;
  }

  absl::StatusOr<bool> Flush() override {
    while (!kept_.empty()) {
      const ssize_t sent =
          send(file_.get(), kept_.data(), kept_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno == EINTR) {
          continue;
        }
        return errno == EAGAIN ? absl::StatusOr<bool>(false) : absl::ErrnoToStatus(errno, "send");
      }
      kept_.erase(kept_.begin(), kept_.begin() + sent);
    }
    return true;
  }

 private:
  // Room for the longest frame and more.
  static constexpr size_t kCapacity = 2 * (kLengthSize + kMostFrame);

  absl::Status TakeFrames(const Taker& take) {
    size_t at = 0;
    while (filled_ - at >= kLengthSize) {
      uint32_t length = 0;
      std::memcpy(&length, received_.data() + at, kLengthSize);
      length = __builtin_bswap32(length);
      if (length > kMostFrame) {
        return absl::InvalidArgumentError(
            absl::StrFormat("a frame of %d bytes; the most is %d", length, kMostFrame));
      }
      if (filled_ - at - kLengthSize < length) {
        break;
      }
      take({received_.data() + at + kLengthSize, length});
      at += kLengthSize + length;
    }
    std::copy(received_.begin() + static_cast<ptrdiff_t>(at),
              received_.begin() + static_cast<ptrdiff_t>(filled_), received_.begin());
    filled_ -= at;
    return absl::OkStatus();
  }

  const Descriptor file_;
  // The receiver's.
  std::vector<uint8_t> received_;
  size_t filled_ = 0;
  // The sender's.
  std::vector<uint8_t> kept_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<FramePort>> ConnectFrameSocket(const std::string& path) {
  auto socket = ConnectUnixSocket(path);
  if (!socket.ok()) {
    return socket.status();
  }
  return std::make_unique<FrameSocket>(*std::move(socket));
}

}  // namespace zvmm
