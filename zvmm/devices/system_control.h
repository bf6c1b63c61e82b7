// System control port A of a PC: the fast reset, and the gate of address line 20.

#pragma once

#include <atomic>
#include <cstdint>

#include "devices/device.h"
#include "stop.h"

namespace zvmm {

// Refers to the latch. Thread-safe.
class SystemControl final : public ByteIoDevice {
 public:
  static constexpr uint16_t kPort = 0x92;

  explicit SystemControl(StopLatch& stop) : stop_(stop) {}

  std::string_view name() const override { return "system control port"; }

 private:
  static constexpr uint8_t kReset = 1 << 0;
  // Line 20 is never held down here; who closes the gate reads that it is open.
  static constexpr uint8_t kA20 = 1 << 1;

  uint8_t ReadByte(uint16_t /*port*/) override { return written_ | kA20; }
  // The machine is reset where bit 0 rises, so it is never read as set.
  void WriteByte(uint16_t /*port*/, uint8_t value) override {
    if ((value & kReset) != 0) {
      stop_.Request({.reason = StopRequest::Reason::kReset});
    }
    written_ = static_cast<uint8_t>(value & ~kReset);
  }

  StopLatch& stop_;
  std::atomic<uint8_t> written_{0};
};

}  // namespace zvmm
