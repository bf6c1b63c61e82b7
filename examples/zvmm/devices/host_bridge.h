// Where a PC has its PCI host bridge: ports 0xCF8 to 0xCFF. There is no PCI bus here, so that the
// configuration registers read all ones; but the reset control register 0xCF9 works, which the FADT
// names to the guest.

#pragma once

#include <atomic>
#include <cstdint>

#include "devices/device.h"
#include "stop.h"

namespace zvmm {

// Refers to the latch. Thread-safe.
class HostBridge final : public IoDevice {
 public:
  static constexpr uint16_t kPorts = 0xCF8;
  static constexpr uint16_t kPortCount = 8;
  static constexpr uint16_t kResetPort = 0xCF9;
  static constexpr uint8_t kResetValue = 0x06;  // Hard reset, now.

  explicit HostBridge(StopLatch& stop) : stop_(stop) {}

  uint32_t Read(uint16_t port, uint8_t size) override {
    return port == kResetPort && size == 1 ? reset_control_.load() : 0xFFFFFFFF;
  }

  void Write(uint16_t port, uint8_t size, uint32_t value) override {
    // A byte access only: a double word at 0xCF8 is a configuration address.
    if (port != kResetPort || size != 1) {
      return;
    }
    constexpr uint8_t kResetNow = 0x04;
    reset_control_ = static_cast<uint8_t>(value) & ~kResetNow;
    if ((value & kResetNow) != 0) {
      stop_.Request({.reason = StopRequest::Reason::kReset});
    }
  }

 private:
  StopLatch& stop_;
  std::atomic<uint8_t> reset_control_{0};
};

}  // namespace zvmm
