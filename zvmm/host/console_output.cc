#include "host/console_output.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "host/polled_file.h"
#include "host/start_thread.h"

namespace zvmm {
namespace {

// How long output may wait for more of it, and how much need not wait.
constexpr std::chrono::milliseconds kGatherTime{4};
constexpr size_t kGatherSize = 1024;

// One write. Of a pipe that cannot be opened again poll() says that so much has room.
constexpr size_t kWriteSize = 4096;

// For a reader that does not read, when nobody wants to wait.
constexpr int kAbandonedMs = 1000;

}  // namespace

absl::StatusOr<std::unique_ptr<ConsoleOutput>> ConsoleOutput::Create(std::string name,
                                                                     Descriptor file,
                                                                     WhenFull when_full,
                                                                     FailureHandler on_failure) {
  Descriptor event = file.is_valid() ? Descriptor(eventfd(0, EFD_CLOEXEC)) : Descriptor();
  if (!event.is_valid()) {
    return absl::ErrnoToStatus(errno, name);
  }
  std::unique_ptr<ConsoleOutput> output(new ConsoleOutput(
      std::move(name), std::move(file), std::move(event), when_full, std::move(on_failure)));
  auto thread = StartThread("console-out", [self = output.get()] { self->Main(); });
  if (!thread.ok()) {
    return thread.status();
  }
  output->thread_ = *std::move(thread);
  return output;
}

ConsoleOutput::ConsoleOutput(std::string name, Descriptor file, Descriptor abandoned_event,
                             WhenFull when_full, FailureHandler on_failure)
    : name_(std::move(name)),
      file_(std::move(file)),
      abandoned_event_(std::move(abandoned_event)),
      when_full_(when_full),
      on_failure_(std::move(on_failure)) {}

ConsoleOutput::~ConsoleOutput() {
  if (thread_.joinable()) {
    Abandon();
    static_cast<void>(Finish());
  }
}

void ConsoleOutput::Write(std::span<const uint8_t> bytes) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] {
    return closed_ || abandoned_ || when_full_ == WhenFull::kDrop || pending_.size() < kCapacity;
  });
  if (closed_ || pending_.size() >= kCapacity) {
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

void ConsoleOutput::Abandon() {
  {
    std::lock_guard lock(mutex_);
    abandoned_ = true;
  }
  room_.notify_all();
  // Without this the thread would notice a little later only: the counter cannot be full.
  const uint64_t one = 1;
  if (write(abandoned_event_.get(), &one, sizeof(one)) != sizeof(one)) {
    return;
  }
}

absl::Status ConsoleOutput::Finish() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  work_.notify_all();
  room_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
  return status_;
}

void ConsoleOutput::Main() {
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

bool ConsoleOutput::WriteOut(std::string_view text) {
  bool abandoned = false;
  while (!text.empty()) {
    pollfd fds[] = {
        {.fd = file_.get(), .events = POLLOUT, .revents = 0},
        {.fd = abandoned ? -1 : abandoned_event_.get(), .events = POLLIN, .revents = 0}};
    const int ready = poll(fds, std::size(fds), abandoned ? kAbandonedMs : kForever);
    if (ready < 0 && errno != EINTR) {
      Fail(errno);
      return false;
    }
    if (ready == 0) {
      return false;
    }
    abandoned = abandoned || (ready > 0 && fds[1].revents != 0);
    if (ready < 0 || fds[0].revents == 0) {
      continue;
    }
    const ssize_t count = write(file_.get(), text.data(), std::min(text.size(), kWriteSize));
    if (count >= 0) {
      text.remove_prefix(static_cast<size_t>(count));
    } else if (errno != EINTR && errno != EAGAIN) {
      Fail(errno);
      return false;
    }
  }
  return true;
}

void ConsoleOutput::Fail(int error) {
  status_ = absl::ErrnoToStatus(error, name_);
  on_failure_(status_);
}

}  // namespace zvmm
