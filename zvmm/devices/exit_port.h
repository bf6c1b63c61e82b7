// A port for guests that want to end with a status: zvmm exits with the byte that is written to it.
//
//   mov al, 3
//   out 0xF4, al        ; zvmm exits with status 3

#pragma once

#include <cstdint>

#include "devices/device.h"
#include "stop.h"

namespace zvmm {

// Refers to the latch. Has no state; thread-safe.
class ExitPort final : public IoDevice {
 public:
  static constexpr uint16_t kDefaultPort = 0xF4;

  explicit ExitPort(StopLatch& stop) : stop_(stop) {}

  std::string_view name() const override { return "exit port"; }

  uint32_t Read(uint16_t port, uint8_t size) override { return 0xFFFFFFFF; }
  void Write(uint16_t port, uint8_t size, uint32_t value) override {
    stop_.Request(
        {.reason = StopRequest::Reason::kExitStatus, .status = static_cast<uint8_t>(value)});
  }

 private:
  StopLatch& stop_;
};

}  // namespace zvmm
