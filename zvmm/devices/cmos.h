// The real-time clock and its battery-backed memory, behind an index and a data port. The clock
// shows the host's time, UTC; it can be read, not set, and its alarm does not ring.

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

  explicit Cmos(WallClock clock = WallNow);

  std::string_view name() const override { return "real-time clock"; }

 private:
  uint8_t ReadByte(uint16_t port) override;
  void WriteByte(uint16_t port, uint8_t value) override;

  // All of these with mutex_ held.
  uint8_t ReadRegister() const;
  void WriteRegister(uint8_t value);
  uint8_t ReadTime(uint8_t index) const;

  const WallClock clock_;
  std::mutex mutex_;
  uint8_t index_ = 0;
  std::array<uint8_t, 128> memory_{};
};

}  // namespace zvmm
