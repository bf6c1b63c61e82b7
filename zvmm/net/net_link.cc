#include "net/net_link.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "host/log.h"
#include "host/start_thread.h"

namespace zvmm {

absl::StatusOr<std::unique_ptr<NetLink>> NetLink::Start(std::string name,
                                                        std::unique_ptr<FramePort> port,
                                                        Events events) {
  Descriptor event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.is_valid()) {
    return absl::ErrnoToStatus(errno, name);
  }
  std::unique_ptr<NetLink> link(
      new NetLink(std::move(name), std::move(port), std::move(event), std::move(events)));
  auto thread = StartThread("net-link", [self = link.get()] { self->Main(); });
  if (!thread.ok()) {
    return thread.status();
  }
  link->thread_ = *std::move(thread);
  return link;
}

NetLink::NetLink(std::string name, std::unique_ptr<FramePort> port, Descriptor event, Events events)
    : name_(std::move(name)),
      port_(std::move(port)),
      look_event_(std::move(event)),
      events_(std::move(events)) {}

void NetLink::Stop() {
  if (!thread_.joinable()) {
    return;
  }
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  Look();
  thread_.join();
}

std::span<const uint8_t> NetLink::Front() {
  std::lock_guard lock(mutex_);
  // Only this thread takes frames away, and others stay where they are when one comes.
  return frames_.empty() ? std::span<const uint8_t>() : std::span<const uint8_t>(frames_.front());
}

void NetLink::Pop() {
  bool was_full = false;
  {
    std::lock_guard lock(mutex_);
    was_full = waiting_ >= kCapacity;
    waiting_ -= frames_.front().size();
    frames_.pop_front();
    was_full = was_full && waiting_ < kCapacity;
  }
  if (was_full) {
    Look();
  }
}

bool NetLink::Send(std::span<const uint8_t> frame) {
  std::lock_guard send_lock(send_mutex_);
  {
    std::lock_guard lock(mutex_);
    if (failed_) {
      return true;
    }
  }
  const auto sent = port_->Send(frame);
  if (!sent.ok()) {
    Fail(sent.status());
    return true;
  }
  if (*sent) {
    // What it has kept of this one must be sent too.
    const auto flushed = port_->Flush();
    if (!flushed.ok()) {
      Fail(flushed.status());
      return true;
    }
    if (*flushed) {
      return true;
    }
  }
  {
    std::lock_guard lock(mutex_);
    sending_ = true;
  }
  Look();
  return *sent;
}

void NetLink::Look() const {
  const uint64_t one = 1;
  // Fails only if the thread has not looked for 2^64 - 2 times.
  if (write(look_event_.get(), &one, sizeof(one)) != sizeof(one)) {
    return;
  }
}

short NetLink::Wanted() {
  std::lock_guard lock(mutex_);
  short events = 0;
  if (!failed_) {
    events |= waiting_ < kCapacity ? POLLIN : 0;
    events |= sending_ ? POLLOUT : 0;
  }
  return events;
}

void NetLink::Main() {
  while (true) {
    const short wanted = Wanted();
    // A port that is not wanted is not polled: poll() reports its end whether wanted or not.
    pollfd fds[] = {{.fd = wanted != 0 ? port_->fd() : -1, .events = wanted, .revents = 0},
                    {.fd = look_event_.get(), .events = POLLIN, .revents = 0}};
    if (poll(fds, std::size(fds), -1) < 0) {
      if (errno == EINTR) {
        continue;
      }
      Fail(absl::ErrnoToStatus(errno, "poll"));
      return;
    }
    uint64_t looks = 0;
    if (fds[1].revents != 0 && read(look_event_.get(), &looks, sizeof(looks)) != sizeof(looks)) {
      continue;
    }
    {
      std::lock_guard lock(mutex_);
      if (ending_) {
        return;
      }
    }
    if ((fds[0].revents & POLLOUT) != 0) {
      Flush();
    }
    if ((fds[0].revents & ~POLLOUT) != 0) {
      Receive();
    }
  }
}

void NetLink::Receive() {
  bool first = false;
  const absl::Status status = port_->Receive([this, &first](std::span<const uint8_t> frame) {
    if (frame.empty()) {
      return;
    }
    std::lock_guard lock(mutex_);
    first = first || frames_.empty();
    frames_.emplace_back(frame.begin(), frame.end());
    waiting_ += frame.size();
  });
  if (!status.ok()) {
    Fail(status);
  }
  if (first) {
    events_.received();
  }
}

void NetLink::Flush() {
  {
    std::lock_guard send_lock(send_mutex_);
    const auto flushed = port_->Flush();
    if (!flushed.ok()) {
      Fail(flushed.status());
    } else if (!*flushed) {
      return;
    }
    std::lock_guard lock(mutex_);
    sending_ = false;
  }
  events_.writable();
}

void NetLink::Fail(const absl::Status& status) {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(failed_, true)) {
      return;
    }
  }
  Say(absl::StrCat(name_, ": ", std::string(status.message()),
                   "; the guest's network card is without a network from now on"));
}

}  // namespace zvmm
