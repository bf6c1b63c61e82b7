#include "virtio/device_thread.h"

#include <zircon/status.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "boot/memory_map.h"
#include "host/log.h"
#include "host/start_thread.h"
#include "zx_error.h"

namespace zvmm {
namespace {

// The keys of user packets. A bell's key is the address of its page.
constexpr uint64_t kWakeKey = 0;
constexpr uint64_t kEndKey = 1;

zx_port_packet_t UserPacket(uint64_t key, uint64_t word) {
  zx_port_packet_t packet = {};
  packet.key = key;
  packet.type = ZX_PKT_TYPE_USER;
  packet.user.u64[0] = word;
  return packet;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DeviceThread>> DeviceThread::Start(std::string name,
                                                                  Handler handler) {
  zx::port port;
  if (zx_status_t status = zx::port::create(0, &port); status != ZX_OK) {
    return ZxError("zx_port_create", status);
  }
  std::unique_ptr<DeviceThread> thread(new DeviceThread(std::move(port), std::move(handler)));
  auto started = StartThread(name, [self = thread.get(), name] { self->Main(name); });
  if (!started.ok()) {
    return started.status();
  }
  thread->thread_ = *std::move(started);
  return thread;
}

DeviceThread::DeviceThread(zx::port port, Handler handler)
    : port_(std::move(port)), handler_(std::move(handler)) {}

DeviceThread::~DeviceThread() {
  if (!thread_.joinable()) {
    return;
  }
  const zx_port_packet_t end = UserPacket(kEndKey, 0);
  // Bells do not use up the room of user packets, and of those there are few.
  port_.queue(&end);
  thread_.join();
}

absl::Status DeviceThread::SetBell(const zx::guest& guest, uint64_t address) {
  if (zx_status_t status = guest.set_trap(ZX_GUEST_TRAP_BELL, address, kPageSize, port_, address);
      status != ZX_OK) {
    return ZxError("zx_guest_set_trap for a notify page", status);
  }
  return absl::OkStatus();
}

void DeviceThread::Wake(unsigned index) {
  if ((woken_.fetch_or(uint32_t{1} << index) & uint32_t{1} << index) == 0) {
    const zx_port_packet_t packet = UserPacket(kWakeKey, index);
    port_.queue(&packet);
  }
}

void DeviceThread::Main(const std::string& name) {
  while (true) {
    zx_port_packet_t packet;
    if (zx_status_t status = port_.wait(zx::time::infinite(), &packet); status != ZX_OK) {
      Say(absl::StrCat(name, ": zx_port_wait: ", zx_status_get_string(status)));
      return;
    }
    if (packet.type == ZX_PKT_TYPE_GUEST_BELL) {
      handler_(static_cast<unsigned>((packet.guest_bell.addr - packet.key) / kNotifySize));
    } else if (packet.key == kWakeKey) {
      const auto index = static_cast<unsigned>(packet.user.u64[0]);
      // Before the look at the queue: who wakes from now on is seen, or wakes anew.
      woken_.fetch_and(~(uint32_t{1} << index));
      handler_(index);
    } else {
      return;
    }
  }
}

}  // namespace zvmm
