// The fixed ACPI hardware that the FADT describes: the power-management event and control blocks,
// through which the guest turns the machine off, and the PM timer.
//
// No event ever happens, so the SCI is never raised; ACPI mode is always on.

#pragma once

#include <cstdint>
#include <mutex>

#include "devices/clock.h"
#include "devices/device.h"
#include "stop.h"

namespace zvmm {

// Refers to the latch. Thread-safe.
class AcpiPm final : public ByteIoDevice {
 public:
  static constexpr uint16_t kPorts = 0x600;
  static constexpr uint16_t kEventBlock = 0x600;  // Status and enable, two bytes each.
  static constexpr uint8_t kEventBlockSize = 4;
  static constexpr uint16_t kControlBlock = 0x604;
  static constexpr uint8_t kControlBlockSize = 2;
  static constexpr uint16_t kTimer = 0x608;
  static constexpr uint8_t kTimerSize = 4;
  static constexpr uint16_t kPortCount = 12;
  static constexpr uint64_t kTimerHertz = 3'579'545;
  // The sleep type of S5, "off", as the DSDT names it to the guest.
  static constexpr uint8_t kSleepTypeOff = 5;

  explicit AcpiPm(StopLatch& stop, MonotonicClock clock = MonotonicNow);

  std::string_view name() const override { return "ACPI"; }

 private:
  uint8_t ReadByte(uint16_t port) override;
  void WriteByte(uint16_t port, uint8_t value) override;

  StopLatch& stop_;
  const MonotonicClock clock_;
  std::mutex mutex_;
  uint16_t enable_ = 0;
  uint16_t control_ = 0;
  uint32_t timer_ = 0;  // As it was when its first byte was read.
};

}  // namespace zvmm
