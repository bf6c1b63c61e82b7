#include "debug/gdb_server.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "host/log.h"
#include "host/start_thread.h"

namespace zvmm {

absl::StatusOr<std::unique_ptr<GdbServer>> GdbServer::Create(const GdbOptions& options,
                                                             const DebugAbilities& abilities,
                                                             const MemoryView& memory,
                                                             std::function<void()> kill) {
  auto listening = Listen(options.address);
  if (!listening.ok()) {
    return absl::Status(listening.status().code(),
                        absl::StrCat("--gdb: ", std::string(listening.status().message())));
  }
  Descriptor news(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!news.is_valid()) {
    return absl::ErrnoToStatus(errno, "eventfd");
  }
  return std::unique_ptr<GdbServer>(new GdbServer(options, *std::move(listening), std::move(news),
                                                  abilities, memory, std::move(kill)));
}

GdbServer::GdbServer(const GdbOptions& options, Descriptor listening, Descriptor news,
                     const DebugAbilities& abilities, const MemoryView& memory,
                     std::function<void()> kill)
    : options_(options),
      listening_(std::move(listening)),
      news_(std::move(news)),
      stops_(options.waits, [this] { Wake(); }),
      breakpoints_(abilities),
      target_(stops_, breakpoints_, memory, std::move(kill)),
      running_(!options.waits) {}

GdbServer::~GdbServer() {
  Finish();
  if (options_.address.kind == ListenAddress::Kind::kUnix) {
    // Under the sandbox it stays.
    static_cast<void>(unlink(options_.address.path.c_str()));
  }
}

absl::Status GdbServer::Start() {
  auto thread = StartThread("gdb", [this] { Main(); });
  if (!thread.ok()) {
    return thread.status();
  }
  thread_ = *std::move(thread);
  const std::string where = options_.address.kind == ListenAddress::Kind::kUnix
                                ? options_.address.path
                                : absl::StrCat("localhost:", options_.address.port);
  Say(absl::StrFormat("%s, in gdb: target remote %s",
                      options_.waits ? "the guest waits for gdb" : "gdb may come", where));
  return absl::OkStatus();
}

void GdbServer::Finish() {
  ending_ = true;
  stops_.End();
  Wake();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void GdbServer::Wake() {
  const uint64_t one = 1;
  // It is full only if nobody has looked for a very long time.
  static_cast<void>(!write(news_.get(), &one, sizeof(one)));
}

GdbServer::Ready GdbServer::Await(int fd) {
  while (!ending_) {
    pollfd files[] = {{fd, POLLIN, 0}, {news_.get(), POLLIN, 0}};
    if (poll(files, std::size(files), -1) < 0) {
      continue;  // EINTR, or no memory: nothing better to do.
    }
    Ready ready{.file = files[0].revents != 0, .news = files[1].revents != 0};
    if (ready.news) {
      uint64_t count = 0;
      static_cast<void>(!read(news_.get(), &count, sizeof(count)));
    }
    if (ready.file || ready.news) {
      return ready;
    }
  }
  return {};
}

void GdbServer::Main() {
  while (!ending_) {
    const Ready ready = Await(listening_.get());
    if (!ready.file || ending_) {
      continue;
    }
    connection_ = Descriptor(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection_.is_valid() || !stops_.StopAll()) {
      continue;
    }
    // A gdb that does not read for so long has gone, and must not hold up the machine's end.
    constexpr timeval kPatience = {.tv_sec = 5, .tv_usec = 0};
    static_cast<void>(
        setsockopt(connection_.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience)));
    running_ = false;
    Talk();
    connection_ = Descriptor();
    if (!ending_ && stops_.StopAll()) {
      target_.RemoveAll();
      while (stops_.TakeStop()) {
      }
      target_.GoOn([](unsigned) { return DebugGo::kRun; });
    }
  }
}

void GdbServer::Talk() {
  GdbSession session(target_);
  PacketStream stream;
  // A VCPU that stopped before anybody was there is where the talk begins.
  if (const auto stop = stops_.TakeStop()) {
    session.NewsOf(*stop);
  }
  while (true) {
    const Ready ready = Await(connection_.get());
    if (ending_) {
      // gdb waits for a stop: the machine has exited instead.
      if (running_) {
        SendFrame("W00");
      }
      return;
    }
    if (ready.news && running_) {
      const auto stop = stops_.TakeStop();
      if (stop && !TellStop(session, *stop)) {
        return;
      }
    }
    if (!ready.file) {
      continue;
    }
    char bytes[4096];
    const ssize_t count = recv(connection_.get(), bytes, sizeof(bytes), 0);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return;
    }
    stream.Add({bytes, static_cast<size_t>(count)});
    if (!TakeEvents(session, stream)) {
      return;
    }
  }
}

bool GdbServer::TakeEvents(GdbSession& session, PacketStream& stream) {
  while (const auto event = stream.Next()) {
    const bool acknowledges = session.acknowledges();
    switch (event->kind) {
      case PacketStream::Event::kInterrupt:
        if (running_ && !TellStop(session, {.vcpu = target_.Vcpus().front()})) {
          return false;
        }
        break;
      case PacketStream::Event::kAgain:
        if (!Send(last_frame_)) {
          return false;
        }
        break;
      case PacketStream::Event::kDamaged:
        if (acknowledges && !Send("-")) {
          return false;
        }
        break;
      case PacketStream::Event::kPacket:
        if (acknowledges && !Send("+")) {
          return false;
        }
        // While the machine runs there is nothing to ask.
        if (!running_ && !TakeAnswer(session.Handle(event->data))) {
          return false;
        }
        break;
    }
  }
  return true;
}

bool GdbServer::TakeAnswer(const GdbSession::Answer& answer) {
  switch (answer.next) {
    case GdbSession::Next::kAnswer:
      return SendFrame(answer.data);
    case GdbSession::Next::kRun:
      running_ = true;
      return true;
    case GdbSession::Next::kDetach:
      SendFrame(answer.data);
      return false;
    case GdbSession::Next::kKill:
      target_.Kill();
      return false;
  }
  return false;
}

bool GdbServer::TellStop(GdbSession& session, const DebugStop& stop) {
  if (!stops_.StopAll()) {
    return false;
  }
  running_ = false;
  return SendFrame(session.NewsOf(stop));
}

bool GdbServer::SendFrame(std::string_view data) {
  last_frame_ = Framed(data);
  return Send(last_frame_);
}

bool GdbServer::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(connection_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) {
      continue;
    }
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

}  // namespace zvmm
