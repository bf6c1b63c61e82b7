// The real-time clock and its battery-backed memory, behind an index and a data port, as the
// MC146818 has them. The clock shows the host's time, UTC; it can be read, not set. It interrupts
// each second (update), up to 8192 times a second (periodic), and at a time of day (alarm); as long
// as the guest has not read status C there is no further interrupt.

#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "devices/clock.h"
#include "devices/device.h"

namespace zvmm {

// Thread-safe.
class Cmos final : public ByteIoDevice {
 public:
  static constexpr uint16_t kIndexPort = 0x70;
  static constexpr uint16_t kDataPort = 0x71;
  static constexpr uint8_t kCentury = 0x32;  // The FADT names it to the guest.
  static constexpr unsigned kPin = 8;        // Of the I/O APIC.

  explicit Cmos(InterruptLine line, WallClock clock = WallNow,
                MonotonicClock monotonic = MonotonicNow);

  std::string_view name() const override { return "real-time clock"; }

  // Before the guest begins; rung, it is to call Expire().
  void SetAlarm(Alarm* alarm) { alarm_ = alarm; }
  // Interrupts if it is time.
  void Expire();

 private:
  uint8_t ReadByte(uint16_t port) override;
  void WriteByte(uint16_t port, uint8_t value) override;

  // All of these with mutex_ held.
  uint8_t ReadRegister();
  void WriteRegister(uint8_t value);
  uint8_t ReadTime(uint8_t index) const;
  uint8_t Encode(int value) const;
  uint8_t EncodeHour(int hour) const;
  bool counts() const;
  bool updates() const;
  bool interrupts() const;
  // In hertz; 0: there is none.
  uint64_t PeriodicRate() const;
  // When the alarm matches for the first time after `time`.
  std::chrono::nanoseconds NextMatch(std::chrono::nanoseconds time) const;
  // Notes in status C what has happened since it was called last.
  void Update();
  // Sets the line, and the alarm for what is to interrupt next.
  void SetLine();

  const InterruptLine line_;
  const WallClock clock_;
  const MonotonicClock monotonic_;
  Alarm* alarm_ = nullptr;
  std::mutex mutex_;
  std::chrono::nanoseconds seen_;  // Up to where Update() has looked.
  uint8_t index_ = 0;
  std::array<uint8_t, 128> memory_{};
};

}  // namespace zvmm
