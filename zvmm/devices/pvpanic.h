// A port through which a guest's kernel says that it has panicked; Linux's driver pvpanic does, on
// the device QEMU0001 of ACPI.
//
// A crash kernel that has been loaded for the case is left its turn: it ends the machine itself.

#pragma once

#include <cstdint>

#include "devices/device.h"
#include "stop.h"

namespace zvmm {

// Refers to the latch. Has no state; thread-safe.
class PvPanic final : public ByteIoDevice {
 public:
  static constexpr uint16_t kPort = 0x505;
  // Events, as bits: reading gives those that are known.
  static constexpr uint8_t kPanicked = 1 << 0;
  static constexpr uint8_t kCrashKernelLoaded = 1 << 1;

  explicit PvPanic(StopLatch& stop) : stop_(stop) {}

  std::string_view name() const override { return "pvpanic"; }

 private:
  uint8_t ReadByte(uint16_t port) override {
    return port == kPort ? kPanicked | kCrashKernelLoaded : 0xFF;
  }
  void WriteByte(uint16_t port, uint8_t value) override {
    if (port == kPort && (value & kPanicked) != 0) {
      stop_.Panic();
    }
  }

  StopLatch& stop_;
};

}  // namespace zvmm
