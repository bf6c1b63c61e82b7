// A high precision event timer: a 64-bit counter of 100 MHz and three comparators that interrupt,
// each once or periodically, at a pin of the I/O APIC that the guest chooses, or (legacy
// replacement) at those of the 8254 and the real-time clock. Level and edge; no messages (FSB).
// A period that nobody saw the end of because the host was late has no interrupt of its own.

#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>

#include "devices/clock.h"
#include "devices/device.h"

namespace zvmm {

// Thread-safe.
class Hpet final : public MmioDevice {
 public:
  static constexpr uint64_t kAddress = 0xFED00000;
  static constexpr uint64_t kSize = 0x1000;
  static constexpr uint64_t kHertz = 100'000'000;
  // The I/O APIC's pins that a comparator can be routed to: 2, 8, and those that PCI shares.
  static constexpr uint32_t kRoutes = 0xFF0104;
  // The upper half is the tick's length in femtoseconds.
  static constexpr uint64_t kCapabilities =
      uint64_t{10'000'000} << 32 | uint64_t{0x8086} << 16 | 1 << 15 | 1 << 13 | 2 << 8 | 1;

  // `lines`: of every pin in kRoutes one.
  explicit Hpet(const std::function<InterruptLine(unsigned pin)>& connect,
                MonotonicClock clock = MonotonicNow);

  std::string_view name() const override { return "HPET"; }

  // Before the guest begins; rung, it is to call Expire().
  void SetAlarm(Alarm* alarm) { alarm_ = alarm; }
  // Interrupts what it is time for.
  void Expire();

  uint64_t Read(uint64_t address, uint8_t size) override;
  void Write(uint64_t address, uint8_t size, uint64_t value) override;

 private:
  static constexpr size_t kTimers = 3;
  static constexpr size_t kPins = 24;

  struct Timer {
    uint64_t config = 0;
    uint64_t comparator = ~uint64_t{0};
    uint64_t period = 0;
    // The count at which it interrupts next, with all 64 bits; only while `waits`.
    uint64_t next = 0;
    bool waits = false;
    bool level = false;  // Its line is up.
  };

  // All of these with mutex_ held.
  uint64_t Count() const;
  uint64_t ReadRegister(uint64_t offset) const;
  void WriteRegister(uint64_t offset, uint64_t value);
  void WriteConfig(uint64_t value);
  void WriteTimerConfig(size_t index, uint64_t value);
  void WriteComparator(Timer& timer, uint64_t value);
  bool enabled() const { return (config_ & 1) != 0; }
  void Await(Timer& timer);
  void AwaitAll();
  void SetAlarmForAll();
  unsigned PinOf(size_t index) const;
  void Fire(size_t index);
  void Lower(size_t index);

  const MonotonicClock clock_;
  std::array<InterruptLine, kPins> lines_;
  Alarm* alarm_ = nullptr;
  std::mutex mutex_;
  uint64_t config_ = 0;
  uint64_t status_ = 0;
  // The counter: what it stood at, and when that was.
  uint64_t base_count_ = 0;
  std::chrono::nanoseconds base_time_{0};
  std::array<Timer, kTimers> timers_;
};

}  // namespace zvmm
