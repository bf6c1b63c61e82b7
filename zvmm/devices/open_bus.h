// Where there is no device: reads give all ones, writes go nowhere, as on a PC. Guests look for
// devices that way; without it zx_vcpu_enter() would fail with ZX_ERR_NOT_FOUND.

#pragma once

#include <cstdint>

#include "devices/device.h"

namespace zvmm {

// Has no state; thread-safe.
class OpenBus final : public IoDevice {
 public:
  std::string_view name() const override { return "ports without a device"; }
  uint32_t Read(uint16_t port, uint8_t size) override { return 0xFFFFFFFF; }
  void Write(uint16_t port, uint8_t size, uint32_t value) override {}
};

}  // namespace zvmm
