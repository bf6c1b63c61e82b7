// A program in C++17 with threads, exceptions and containers of its own, and <lib/zx/...>.

#include <lib/zx/channel.h>
#include <lib/zx/event.h>
#include <lib/zx/port.h>
#include <lib/zx/time.h>
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>
#include <zircon/time.h>

#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "expect.h"

namespace {

void SendFromThread() {
  zx_handle_t port = ZX_HANDLE_INVALID;
  EXPECT(zx_port_create(0, &port) == ZX_OK);
  std::vector<std::thread> threads;
  for (uint64_t key = 1; key <= 3; ++key) {
    threads.emplace_back([port, key] {
      zx_port_packet_t packet{};
      packet.key = key;
      packet.type = ZX_PKT_TYPE_USER;
      EXPECT(zx_port_queue(port, &packet) == ZX_OK);
    });
  }
  std::map<uint64_t, std::string> received;
  for (int i = 0; i < 3; ++i) {
    zx_port_packet_t packet{};
    EXPECT(zx_port_wait(port, ZX_TIME_INFINITE, &packet) == ZX_OK);
    received[packet.key] = std::to_string(packet.key);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT(received.size() == 3 && received.at(3) == "3");
  EXPECT(zx_handle_close(port) == ZX_OK);
}

void ThrowPastTheLibrary() {
  bool caught = false;
  try {
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    if (zx_vmo_create(UINT64_MAX, 0, &vmo) != ZX_OK) {
      throw std::runtime_error("too large");
    }
  } catch (const std::exception& error) {
    caught = std::strcmp(error.what(), "too large") == 0;
  }
  EXPECT(caught);
}

// A VMO goes through a channel, is mapped, and its owners close what is left.
void SendMemory() {
  zx::vmo vmo;
  EXPECT(zx::vmo::create(4096, 0, &vmo) == ZX_OK);
  uint64_t size = 0;
  EXPECT(vmo.get_size(&size) == ZX_OK && size == 4096);
  EXPECT(vmo.write("word", 0, 5) == ZX_OK);
  zx::channel here;
  zx::channel there;
  EXPECT(zx::channel::create(0, &here, &there) == ZX_OK);
  zx_handle_t sent = vmo.release();
  EXPECT(here.write(0, nullptr, 0, &sent, 1) == ZX_OK);
  uint32_t bytes = 0;
  uint32_t handles = 0;
  EXPECT(there.read(0, nullptr, vmo.reset_and_get_address(), 0, 1, &bytes, &handles) == ZX_OK);
  EXPECT(bytes == 0 && handles == 1);
  zx_vaddr_t address = 0;
  EXPECT(zx::vmar::root_self()->map(ZX_VM_PERM_READ, 0, vmo, 0, 4096, &address) == ZX_OK);
  EXPECT(std::strcmp(reinterpret_cast<const char*>(address), "word") == 0);
  EXPECT(zx::vmar::root_self()->unmap(address, 4096) == ZX_OK);
}

void WaitOnPort() {
  zx::port port;
  zx::event event;
  EXPECT(zx::port::create(0, &port) == ZX_OK);
  EXPECT(zx::event::create(0, &event) == ZX_OK);
  EXPECT(event.wait_async(port, 7, ZX_EVENT_SIGNALED, 0) == ZX_OK);
  zx_port_packet_t packet{};
  EXPECT(port.wait(zx::deadline_after(zx::msec(1)), &packet) == ZX_ERR_TIMED_OUT);
  EXPECT(event.signal(0, ZX_EVENT_SIGNALED) == ZX_OK);
  EXPECT(port.wait(zx::time::infinite(), &packet) == ZX_OK && packet.key == 7);
}

}  // namespace

int main() {
  SendFromThread();
  ThrowPastTheLibrary();
  SendMemory();
  WaitOnPort();
  EXPECT(std::string(zircon_kvm_version()) == WANTED_VERSION);
  return expect_mistakes != 0 ? 1 : 0;
}
