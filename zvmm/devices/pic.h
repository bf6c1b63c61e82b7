// As much of a pair of 8259 interrupt controllers as a guest with an I/O APIC wants to find: mask
// registers that keep what is written, an initialisation sequence that is accepted, no interrupts.

#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "devices/device.h"

namespace zvmm {

// Thread-safe.
class Pic final : public ByteIoDevice {
 public:
  static constexpr uint16_t kMaster = 0x20;  // Two ports each.
  static constexpr uint16_t kSlave = 0xA0;
  static constexpr uint16_t kTrigger = 0x4D0;  // Edge or level, one port for each chip.

  std::string_view name() const override { return "interrupt controller 8259"; }

 private:
  struct Chip {
    uint8_t mask = 0xFF;
    uint8_t words_to_come = 0;  // Of the initialisation sequence.
    uint8_t trigger = 0;
  };

  uint8_t ReadByte(uint16_t port) override;
  void WriteByte(uint16_t port, uint8_t value) override;

  std::mutex mutex_;
  std::array<Chip, 2> chips_;
};

}  // namespace zvmm
