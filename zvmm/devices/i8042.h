// What is left of the keyboard controller: its way to reset the machine. No keyboard is connected.

#pragma once

#include <cstdint>

#include "devices/device.h"
#include "stop.h"

namespace zvmm {

// Refers to the latch. Has no state; thread-safe.
class I8042 final : public ByteIoDevice {
 public:
  static constexpr uint16_t kData = 0x60;
  static constexpr uint16_t kStatusAndCommand = 0x64;

  explicit I8042(StopLatch& stop) : stop_(stop) {}

  std::string_view name() const override { return "keyboard controller"; }

 private:
  // Status 0: ready for a command, nothing typed.
  uint8_t ReadByte(uint16_t port) override { return port == kStatusAndCommand ? 0 : 0xFF; }
  void WriteByte(uint16_t port, uint8_t value) override {
    constexpr uint8_t kPulseReset = 0xFE;
    if (port == kStatusAndCommand && value == kPulseReset) {
      stop_.Request({.reason = StopRequest::Reason::kReset});
    }
  }

  StopLatch& stop_;
};

}  // namespace zvmm
