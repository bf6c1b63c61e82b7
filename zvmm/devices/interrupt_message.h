// An interrupt as a message: what the I/O APIC sends, and what a device of PCI writes to memory.

#pragma once

#include <cstdint>

#include "devices/device.h"

namespace zvmm {

// A value.
struct InterruptMessage {
  // Delivery modes; SMI, INIT and ExtINT have no use here.
  enum Delivery : uint8_t { kFixed = 0, kLowestPriority = 1, kNmi = 4 };

  uint8_t destination = 0;
  bool logical = false;
  uint8_t delivery = kFixed;
  uint8_t vector = 0;

  // The message that a store of `data` to `address` is: the processors' range is 0xFEExxxxx. One
  // beyond that would be a store to RAM, and is none: it gives a message that does nothing.
  static InterruptMessage FromStore(uint64_t address, uint32_t data);

  // Interrupts the processors that are meant.
  void SendTo(InterruptSink& sink) const;
};

}  // namespace zvmm
