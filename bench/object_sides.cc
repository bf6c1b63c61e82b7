#include "object_sides.h"

#include <lib/zx/channel.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "object_operations.h"

namespace bench {
namespace {

constexpr uint32_t kBytes = 64;

void All(ssize_t moved, size_t size) {
  if (moved != static_cast<ssize_t>(size)) [[unlikely]]
    Must(false, "write, read");
}

// The library's, by its key.
MakeSide Zx(const char* key) {
  return [key] { return Loop(ObjectOperationOf(key).make()); };
}

// Two descriptors, and what passes between them.
struct Pair {
  ~Pair() {
    close(a);
    close(b);
  }
  int a = -1;
  int b = -1;
  char bytes[kBytes] = {};
};

// A Side of a function, behind a pointer as the library's is.
std::unique_ptr<Side> Plain(std::function<void()> once) { return Loop(std::move(once)); }

std::shared_ptr<Pair> SocketPair() {
  auto pair = std::make_shared<Pair>();
  int ends[2];
  Must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
  pair->a = ends[0];
  pair->b = ends[1];
  return pair;
}

std::function<void()> WriteRead(std::shared_ptr<Pair> pair) {
  return [pair = std::move(pair)] {
    All(write(pair->a, pair->bytes, kBytes), kBytes);
    All(read(pair->b, pair->bytes, kBytes), kBytes);
  };
}

std::unique_ptr<Side> SocketPairWriteRead() { return Plain(WriteRead(SocketPair())); }

std::unique_ptr<Side> PipeWriteRead() {
  auto pair = std::make_shared<Pair>();
  int ends[2];
  Must(pipe(ends) == 0, "pipe");
  pair->a = ends[1];
  pair->b = ends[0];
  return Plain(WriteRead(std::move(pair)));
}

std::shared_ptr<Pair> EventFd(unsigned value) {
  auto pair = std::make_shared<Pair>();
  pair->a = eventfd(value, EFD_CLOEXEC);
  Must(pair->a >= 0, "eventfd");
  return pair;
}

std::unique_ptr<Side> DupClose() {
  return Plain([event = EventFd(0)] {
    const int duplicate = dup(event->a);
    if (duplicate < 0 || close(duplicate) != 0) [[unlikely]]
      Must(false, "dup, close");
  });
}

std::unique_ptr<Side> EventFdClose() {
  return Plain([] {
    const int event = eventfd(0, EFD_CLOEXEC);
    if (event < 0 || close(event) != 0) [[unlikely]]
      Must(false, "eventfd, close");
  });
}

std::unique_ptr<Side> EventFdWriteRead() {
  return Plain([event = EventFd(0)] {
    uint64_t value = 1;
    All(write(event->a, &value, sizeof(value)), sizeof(value));
    All(read(event->a, &value, sizeof(value)), sizeof(value));
  });
}

std::unique_ptr<Side> PollReady() {
  return Plain([event = EventFd(1)] {
    pollfd polled = {event->a, POLLIN, 0};
    if (poll(&polled, 1, -1) != 1) [[unlikely]]
      Must(false, "poll");
  });
}

std::unique_ptr<Side> EventFdEpoll() {
  auto event = EventFd(0);
  event->b = epoll_create1(EPOLL_CLOEXEC);
  epoll_event wanted = {EPOLLIN, {}};
  Must(event->b >= 0 && epoll_ctl(event->b, EPOLL_CTL_ADD, event->a, &wanted) == 0, "epoll");
  return Plain([event] {
    uint64_t value = 1;
    epoll_event seen;
    All(write(event->a, &value, sizeof(value)), sizeof(value));
    if (epoll_wait(event->b, &seen, 1, -1) != 1) [[unlikely]]
      Must(false, "epoll_wait");
    All(read(event->a, &value, sizeof(value)), sizeof(value));
  });
}

// ---- There and back between two threads ----

// By the clock, since both wait.
class RoundTrips : public Side {
 public:
  double Run(int count) final {
    const int64_t start = Now();
    for (int i = 0; i < count; ++i) Once();
    return static_cast<double>(Now() - start);
  }

 private:
  virtual void Once() = 0;
};

class ZxCalls final : public RoundTrips {
 public:
  ZxCalls() {
    Must(zx::channel::create(0, &here_, &there_) == ZX_OK, "zx_channel_create");
    server_ = std::thread([this] { Serve(); });
  }
  ~ZxCalls() override {
    here_.reset();
    server_.join();
  }

 private:
  void Once() override {
    char reply[kBytes];
    uint32_t size = 0;
    uint32_t handles = 0;
    zx_channel_call_args_t args = {};
    args.wr_bytes = request_;
    args.wr_num_bytes = kBytes;
    args.rd_bytes = reply;
    args.rd_num_bytes = kBytes;
    if (zx_channel_call(here_.get(), 0, ZX_TIME_INFINITE, &args, &size, &handles) != ZX_OK)
        [[unlikely]]
      Must(false, "zx_channel_call");
  }
  void Serve() {
    char bytes[kBytes];
    uint32_t size = 0;
    for (;;) {
      zx_signals_t seen = 0;
      Must(zx_object_wait_one(there_.get(), ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED,
                              ZX_TIME_INFINITE, &seen) == ZX_OK,
           "zx_object_wait_one");
      if ((seen & ZX_CHANNEL_READABLE) == 0) return;
      const bool good =
          zx_channel_read(there_.get(), 0, bytes, nullptr, kBytes, 0, &size, nullptr) == ZX_OK &&
          zx_channel_write(there_.get(), 0, bytes, size, nullptr, 0) == ZX_OK;
      if (!good) [[unlikely]]
        Must(false, "zx_channel_read, zx_channel_write");
    }
  }

  zx::channel here_, there_;
  const char request_[kBytes] = {};
  std::thread server_;
};

class SocketPairCalls final : public RoundTrips {
 public:
  SocketPairCalls() {
    server_ = std::thread([this] { Serve(); });
  }
  ~SocketPairCalls() override {
    shutdown(pair_->a, SHUT_RDWR);
    server_.join();
  }

 private:
  void Once() override {
    char reply[kBytes];
    All(write(pair_->a, request_, kBytes), kBytes);
    All(read(pair_->a, reply, kBytes), kBytes);
  }
  void Serve() {
    char bytes[kBytes];
    while (read(pair_->b, bytes, kBytes) == kBytes) All(write(pair_->b, bytes, kBytes), kBytes);
  }

  const std::shared_ptr<Pair> pair_ = SocketPair();
  const char request_[kBytes] = {};
  std::thread server_;
};

const ObjectComparison kComparisons[] = {
    {"channel write + read, 64 B", "channel", "a socket pair's", Zx("channel"), SocketPairWriteRead,
     0.2},
    {"channel_call round trip", "channel_call", "a socket pair's", std::make_unique<ZxCalls>,
     std::make_unique<SocketPairCalls>, 0.7},
    {"socket write + read, 64 B", "socket", "a pipe's", Zx("socket"), PipeWriteRead, 0},
    {"FIFO write + read, 64 B", "fifo", "a pipe's", Zx("fifo"), PipeWriteRead, 0},
    {"duplicate + close", "duplicate", "dup + close", Zx("duplicate"), DupClose, 0},
    {"event create + close", "event", "eventfd + close", Zx("event"), EventFdClose, 0},
    {"signal, set + clear", "signal", "an eventfd's write + read", Zx("signal"), EventFdWriteRead,
     0},
    {"wait_one that is ready", "wait_one", "poll", Zx("wait_one"), PollReady, 0},
    {"port queue + wait", "port", "eventfd + epoll", Zx("port"), EventFdEpoll, 0},
};

}  // namespace

std::span<const ObjectComparison> ObjectComparisons() { return kComparisons; }

}  // namespace bench
