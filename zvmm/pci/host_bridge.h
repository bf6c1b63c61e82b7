// The PCI host bridge: ports 0xCF8 to 0xCFF, and the function in slot 0 by which guests recognise
// that there is a bus. Among the ports is the reset control register 0xCF9, which the FADT names to
// the guest: it answers byte accesses, the configuration address double words.

#pragma once

#include <atomic>
#include <cstdint>

#include "devices/device.h"
#include "pci/pci_bus.h"
#include "pci/pci_config.h"
#include "stop.h"

namespace zvmm {

// Refers to the latch and the bus. Thread-safe.
class HostBridge final : public IoDevice, public PciFunction {
 public:
  static constexpr uint16_t kPorts = 0xCF8;
  static constexpr uint16_t kPortCount = 8;
  static constexpr uint16_t kResetPort = 0xCF9;
  static constexpr uint8_t kResetValue = 0x06;  // Hard reset, now.
  static constexpr uint16_t kData = 0xCFC;
  static constexpr unsigned kSlot = 0;

  HostBridge(StopLatch& stop, PciBus& bus) : stop_(stop), bus_(bus) { bus_.Add(kSlot, *this); }

  std::string_view name() const override { return "PCI host bridge"; }

  uint32_t Read(uint16_t port, uint8_t size) override {
    if (port >= kData) {
      return bus_.ReadData(port - kData, size);
    }
    if (port == kPorts && size == 4) {
      return bus_.ReadAddress();
    }
    return port == kResetPort && size == 1 ? reset_control_.load() : 0xFFFFFFFF;
  }

  void Write(uint16_t port, uint8_t size, uint32_t value) override {
    if (port >= kData) {
      bus_.WriteData(port - kData, size, value);
    } else if (port == kPorts && size == 4) {
      bus_.WriteAddress(value);
    } else if (port == kResetPort && size == 1) {
      WriteReset(static_cast<uint8_t>(value));
    }
  }

  // The function has nothing to set.
  uint32_t ReadConfig(unsigned word) override { return config_.Read(word); }
  void WriteConfig(unsigned, uint32_t, uint32_t) override {}

 private:
  void WriteReset(uint8_t value) {
    constexpr uint8_t kResetNow = 0x04;
    reset_control_ = value & ~kResetNow;
    if ((value & kResetNow) != 0) {
      stop_.Request({.reason = StopRequest::Reason::kReset});
    }
  }

  StopLatch& stop_;
  PciBus& bus_;
  // A plain bridge from the host to PCI that needs no driver and no quirk.
  const PciConfig config_{{.vendor = 0x1B36, .device = 0x0008, .class_code = 0x060000}};
  std::atomic<uint8_t> reset_control_{0};
};

}  // namespace zvmm
