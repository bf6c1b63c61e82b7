// A program in C++17 with threads, exceptions and containers of its own, and <lib/zx/...> where
// that is installed.

#include <zircon-kvm/host.h>
#include <zircon/syscalls.h>
#include <zircon/time.h>

#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#if __has_include(<lib/zx/vmo.h>)
#include <lib/zx/vmo.h>
#endif

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

void UseOwners() {
#if __has_include(<lib/zx/vmo.h>)
  zx::vmo vmo;
  EXPECT(zx::vmo::create(4096, 0, &vmo) == ZX_OK);
  uint64_t size = 0;
  EXPECT(vmo.get_size(&size) == ZX_OK && size == 4096);
#endif
}

}  // namespace

int main() {
  SendFromThread();
  ThrowPastTheLibrary();
  UseOwners();
  EXPECT(std::string(zircon_kvm_version()) == WANTED_VERSION);
  return expect_mistakes != 0 ? 1 : 0;
}
