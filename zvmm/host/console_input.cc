#include "host/console_input.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "exit_status.h"
#include "host/polled_file.h"
#include "host/start_thread.h"

namespace zvmm {
namespace {

constexpr uint8_t kEscapeKey = 0x01;  // Ctrl-A.

// A shell that brings a running program to the foreground does not tell it.
constexpr int kBackgroundLookMs = 250;

}  // namespace

EscapeFilter::Wish EscapeFilter::Filter(std::span<const uint8_t>& in, std::string& out) {
  while (!in.empty()) {
    const uint8_t byte = in.front();
    in = in.subspan(1);
    if (!escaped_ && byte == kEscapeKey) {
      escaped_ = true;
      continue;
    }
    if (std::exchange(escaped_, false)) {
      if (byte == 'x' || byte == 'X') {
        return Wish::kEnd;
      }
      if (byte == 'z' || byte == 'Z') {
        return Wish::kSuspend;
      }
    }
    out.push_back(static_cast<char>(byte));
  }
  return Wish::kNone;
}

absl::StatusOr<std::unique_ptr<ConsoleInput>> ConsoleInput::Create(const std::string& name,
                                                                   Descriptor file,
                                                                   Terminal& terminal,
                                                                   StopLatch& stop) {
  Descriptor event =
      file.is_valid() ? Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) : Descriptor();
  if (!event.is_valid()) {
    return absl::ErrnoToStatus(errno, name);
  }
  return std::unique_ptr<ConsoleInput>(
      new ConsoleInput(std::move(file), std::move(event), terminal, stop));
}

ConsoleInput::ConsoleInput(Descriptor file, Descriptor look_event, Terminal& terminal,
                           StopLatch& stop)
    : file_(std::move(file)),
      look_event_(std::move(look_event)),
      terminal_(terminal),
      stop_(stop) {}

ConsoleInput::~ConsoleInput() { Close(); }

absl::Status ConsoleInput::Start(Receiver receiver) {
  receiver_ = std::move(receiver);
  auto thread = StartThread("console-in", [this] { Main(); });
  if (!thread.ok()) {
    return thread.status();
  }
  thread_ = *std::move(thread);
  return absl::OkStatus();
}

void ConsoleInput::Look() {
  const uint64_t one = 1;
  // Fails only if the thread has not looked for 2^64 - 2 times.
  if (write(look_event_.get(), &one, sizeof(one)) != sizeof(one)) {
    return;
  }
}

void ConsoleInput::Close() {
  closed_ = true;
  Look();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void ConsoleInput::Main() {
  // In the background a read shall fail instead of stopping the process.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTTIN);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);

  while (wanted_) {
    const bool may_read = terminal_.Enter();
    pollfd fds[] = {{.fd = may_read ? file_.get() : -1, .events = POLLIN, .revents = 0},
                    {.fd = look_event_.get(), .events = POLLIN, .revents = 0}};
    const int ready = poll(fds, std::size(fds), may_read ? kForever : kBackgroundLookMs);
    if (ready < 0 && errno != EINTR) {
      return;
    }
    uint64_t looks = 0;
    if (ready > 0 && fds[1].revents != 0 &&
        read(look_event_.get(), &looks, sizeof(looks)) != sizeof(looks)) {
      return;
    }
    if (closed_) {
      return;
    }
    // The shell may have taken the terminal while this thread waited.
    if (ready <= 0 || fds[0].revents == 0 || !terminal_.Enter()) {
      continue;
    }
    uint8_t buffer[256];
    const ssize_t count = read(file_.get(), buffer, sizeof(buffer));
    if (count > 0) {
      Pass({buffer, static_cast<size_t>(count)});
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN && terminal_.Enter())) {
      return;  // The end of the input is not the end of the guest.
    }
  }
}

void ConsoleInput::Pass(std::span<const uint8_t> bytes) {
  if (terminal_.is_terminal()) {
    PassFromTerminal(bytes);
  } else {
    wanted_ = receiver_(bytes, WhenFull::kWait);
  }
}

void ConsoleInput::PassFromTerminal(std::span<const uint8_t> bytes) {
  while (wanted_ && !bytes.empty()) {
    std::string text;
    const EscapeFilter::Wish wish = filter_.Filter(bytes, text);
    wanted_ =
        receiver_({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, WhenFull::kDrop);
    switch (wish) {
      case EscapeFilter::Wish::kNone:
        break;
      case EscapeFilter::Wish::kEnd:
        // As Ctrl-C would have ended another program.
        stop_.Request({.reason = StopRequest::Reason::kUser,
                       .status = kExitSignalBase + SIGINT,
                       .message = "ended by Ctrl-A x"});
        wanted_ = false;
        break;
      case EscapeFilter::Wish::kSuspend:
        // As Ctrl-Z would have: all programs of the job.
        static_cast<void>(kill(0, SIGTSTP));
        break;
    }
  }
}

}  // namespace zvmm
