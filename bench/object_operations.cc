#include "object_operations.h"

#include <lib/zx/channel.h>
#include <lib/zx/event.h>
#include <lib/zx/fifo.h>
#include <lib/zx/port.h>
#include <lib/zx/socket.h>
#include <lib/zx/vmo.h>

#include <cstring>
#include <memory>

#include "guest_memory.h"

namespace bench {
namespace {

constexpr uint32_t kBytes = 64;

void Good(zx_status_t status) {
  if (status != ZX_OK) [[unlikely]]
    Must(false, "a call on an object");
}

// Two ends and what passes between them.
template <typename End>
struct Pair {
  End a, b;
  char bytes[kBytes] = {};
};

std::function<void()> ChannelWriteRead() {
  auto pair = std::make_shared<Pair<zx::channel>>();
  Good(zx::channel::create(0, &pair->a, &pair->b));
  return [pair] {
    uint32_t size = 0;
    Good(zx_channel_write(pair->a.get(), 0, pair->bytes, kBytes, nullptr, 0));
    Good(zx_channel_read(pair->b.get(), 0, pair->bytes, nullptr, kBytes, 0, &size, nullptr));
  };
}

std::function<void()> SocketWriteRead() {
  auto pair = std::make_shared<Pair<zx::socket>>();
  Good(zx::socket::create(0, &pair->a, &pair->b));
  return [pair] {
    size_t size = 0;
    Good(zx_socket_write(pair->a.get(), 0, pair->bytes, kBytes, &size));
    Good(zx_socket_read(pair->b.get(), 0, pair->bytes, kBytes, &size));
  };
}

std::function<void()> FifoWriteRead() {
  auto pair = std::make_shared<Pair<zx::fifo>>();
  Good(zx::fifo::create(8, kBytes, 0, &pair->a, &pair->b));
  return [pair] {
    size_t count = 0;
    Good(zx_fifo_write(pair->a.get(), kBytes, pair->bytes, 1, &count));
    Good(zx_fifo_read(pair->b.get(), kBytes, pair->bytes, 1, &count));
  };
}

std::shared_ptr<zx::event> NewEvent() {
  auto event = std::make_shared<zx::event>();
  Good(zx::event::create(0, event.get()));
  return event;
}

std::function<void()> DuplicateClose() {
  return [event = NewEvent()] {
    zx_handle_t duplicate = ZX_HANDLE_INVALID;
    Good(zx_handle_duplicate(event->get(), ZX_RIGHT_SAME_RIGHTS, &duplicate));
    Good(zx_handle_close(duplicate));
  };
}

std::function<void()> EventCreateClose() {
  return [] {
    zx_handle_t event = ZX_HANDLE_INVALID;
    Good(zx_event_create(0, &event));
    Good(zx_handle_close(event));
  };
}

std::function<void()> GetInfo() {
  return [event = NewEvent()] {
    zx_info_handle_basic_t info;
    Good(zx_object_get_info(event->get(), ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr,
                            nullptr));
  };
}

std::function<void()> EventSignal() {
  return [event = NewEvent()] {
    Good(zx_object_signal(event->get(), 0, ZX_EVENT_SIGNALED));
    Good(zx_object_signal(event->get(), ZX_EVENT_SIGNALED, 0));
  };
}

std::function<void()> WaitOneReady() {
  auto event = NewEvent();
  Good(zx_object_signal(event->get(), 0, ZX_EVENT_SIGNALED));
  return [event] {
    zx_signals_t seen = 0;
    Good(zx_object_wait_one(event->get(), ZX_EVENT_SIGNALED, ZX_TIME_INFINITE, &seen));
  };
}

std::shared_ptr<zx::port> NewPort() {
  auto port = std::make_shared<zx::port>();
  Good(zx::port::create(0, port.get()));
  return port;
}

std::function<void()> PortQueueWait() {
  return [port = NewPort()] {
    zx_port_packet_t packet = {};
    packet.type = ZX_PKT_TYPE_USER;
    Good(zx_port_queue(port->get(), &packet));
    Good(zx_port_wait(port->get(), 0, &packet));
  };
}

std::function<void()> WaitAsyncReady() {
  auto event = NewEvent();
  Good(zx_object_signal(event->get(), 0, ZX_EVENT_SIGNALED));
  return [event, port = NewPort()] {
    zx_port_packet_t packet;
    Good(zx_object_wait_async(event->get(), port->get(), 7, ZX_EVENT_SIGNALED, 0));
    Good(zx_port_wait(port->get(), 0, &packet));
  };
}

std::function<void()> VmoWriteRead() {
  auto vmo = std::make_shared<zx::vmo>();
  Good(zx::vmo::create(4096, 0, vmo.get()));
  return [vmo, bytes = std::make_shared<Pair<zx::vmo>>()] {
    Good(zx_vmo_write(vmo->get(), bytes->bytes, 0, kBytes));
    Good(zx_vmo_read(vmo->get(), bytes->bytes, 0, kBytes));
  };
}

const ObjectOperation kOperations[] = {
    {"channel write + read, 64 B", "channel", ChannelWriteRead},
    {"socket write + read, 64 B", "socket", SocketWriteRead},
    {"FIFO write + read, 64 B", "fifo", FifoWriteRead},
    {"duplicate + close", "duplicate", DuplicateClose},
    {"event create + close", "event", EventCreateClose},
    {"get_info, HANDLE_BASIC", "get_info", GetInfo},
    {"signal, set + clear", "signal", EventSignal},
    {"wait_one that is ready", "wait_one", WaitOneReady},
    {"port queue + wait", "port", PortQueueWait},
    {"wait_async + port wait", "wait_async", WaitAsyncReady},
    {"VMO write + read, 64 B", "vmo", VmoWriteRead},
};

}  // namespace

std::span<const ObjectOperation> ObjectOperations() { return kOperations; }

const ObjectOperation& ObjectOperationOf(const char* key) {
  for (const ObjectOperation& operation : kOperations) {
    if (std::strcmp(operation.key, key) == 0) return operation;
  }
  Must(false, key);
  __builtin_unreachable();
}

}  // namespace bench
