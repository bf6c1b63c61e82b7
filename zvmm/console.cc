#include "console.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "exit_status.h"

namespace zvmm {
namespace {

constexpr uint8_t kEscapeKey = 0x01;  // Ctrl-A.

// How long output may wait for more of it, and how much need not wait.
constexpr std::chrono::milliseconds kGatherTime{4};
constexpr size_t kGatherSize = 1024;

// One write; a pipe that poll() calls writable takes that much without blocking.
constexpr size_t kWriteSize = 4096;
// For a reader that has stopped reading when zvmm ends.
constexpr int kLastWriteTimeoutMs = 1000;

constexpr int kForever = -1;

}  // namespace

bool EscapeFilter::Filter(std::span<const uint8_t> in, std::string& out) {
  for (const uint8_t byte : in) {
    if (!escaped_ && byte == kEscapeKey) {
      escaped_ = true;
      continue;
    }
    if (std::exchange(escaped_, false) && (byte == 'x' || byte == 'X')) {
      return false;
    }
    out.push_back(static_cast<char>(byte));
  }
  return true;
}

Console::Console(int in_fd, int out_fd, StopLatch& stop)
    : in_fd_(in_fd), out_fd_(out_fd), stop_(stop), close_fd_(eventfd(0, EFD_CLOEXEC)) {
  output_ = std::thread([this] { OutputMain(); });
}

Console::~Console() {
  Close();
  close(close_fd_);
}

void Console::Write(std::span<const uint8_t> bytes) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return closed_ || pending_.size() < kCapacity; });
  if (closed_) {
    return;
  }
  const bool first = pending_.empty();
  pending_.append(bytes.begin(), bytes.end());
  const bool complete = std::find(bytes.begin(), bytes.end(), '\n') != bytes.end();
  const bool hurry = !urgent_ && (complete || pending_.size() >= kGatherSize);
  urgent_ = urgent_ || hurry;
  lock.unlock();
  if (first || hurry) {
    work_.notify_one();
  }
}

void Console::StartInput(Receiver receiver, bool escapes) {
  input_ = std::thread(
      [this, receiver = std::move(receiver), escapes] { InputMain(receiver, escapes); });
}

void Console::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  work_.notify_all();
  room_.notify_all();
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(close_fd_, &one, sizeof(one));
  for (std::thread* thread : {&input_, &output_}) {
    if (thread->joinable()) {
      thread->join();
    }
  }
}

void Console::OutputMain() {
  pthread_setname_np(pthread_self(), "console-out");
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return closed_ || !pending_.empty(); });
    if (pending_.empty()) {
      return;  // Closed, and all is written.
    }
    work_.wait_for(lock, kGatherTime, [this] { return closed_ || urgent_; });
    const std::string text = std::exchange(pending_, {});
    urgent_ = false;
    lock.unlock();
    room_.notify_all();
    const bool written = WriteOut(text);
    lock.lock();
    if (!written) {
      closed_ = true;  // Nobody reads: the rest is dropped.
      pending_.clear();
      room_.notify_all();
    }
  }
}

bool Console::WriteOut(std::string_view text) {
  bool closing = false;
  while (!text.empty()) {
    pollfd fds[] = {{.fd = out_fd_, .events = POLLOUT, .revents = 0},
                    {.fd = closing ? -1 : close_fd_, .events = POLLIN, .revents = 0}};
    const int ready = poll(fds, std::size(fds), closing ? kLastWriteTimeoutMs : kForever);
    if (ready < 0 && errno != EINTR) {
      return false;
    }
    if (ready == 0) {
      return false;
    }
    closing = closing || fds[1].revents != 0;
    if (ready < 0 || fds[0].revents == 0) {
      continue;
    }
    const ssize_t count = write(out_fd_, text.data(), std::min(text.size(), kWriteSize));
    if (count >= 0) {
      text.remove_prefix(static_cast<size_t>(count));
    } else if (errno != EINTR && errno != EAGAIN) {
      stop_.Request({.message = std::string("standard output: ") + strerror(errno)});
      return false;
    }
  }
  return true;
}

void Console::InputMain(const Receiver& receiver, bool escapes) {
  pthread_setname_np(pthread_self(), "console-in");
  EscapeFilter filter;
  while (true) {
    pollfd fds[] = {{.fd = in_fd_, .events = POLLIN, .revents = 0},
                    {.fd = close_fd_, .events = POLLIN, .revents = 0}};
    if (poll(fds, std::size(fds), kForever) < 0) {
      if (errno == EINTR) {
        continue;
      }
      return;
    }
    if (fds[1].revents != 0) {
      return;
    }
    uint8_t buffer[256];
    const ssize_t count = read(in_fd_, buffer, sizeof(buffer));
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
      continue;
    }
    if (count <= 0) {
      return;  // The end of the input is not the end of the guest.
    }
    const std::span<const uint8_t> bytes(buffer, static_cast<size_t>(count));
    if (!escapes) {
      if (!receiver(bytes)) {
        return;
      }
      continue;
    }
    std::string text;
    const bool go_on = filter.Filter(bytes, text);
    if (!receiver({reinterpret_cast<const uint8_t*>(text.data()), text.size()})) {
      return;
    }
    if (!go_on) {
      // As Ctrl-C would have ended another program.
      stop_.Request({.reason = StopRequest::Reason::kUser,
                     .status = kExitSignalBase + SIGINT,
                     .message = "ended by Ctrl-A x"});
      return;
    }
  }
}

}  // namespace zvmm
