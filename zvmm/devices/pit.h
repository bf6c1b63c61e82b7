// An 8254 timer, and the speaker port 0x61 with the gate and the output of its channel 2: what
// guests use to find out how fast their other clocks run. Channel 0 interrupts where its output
// rises: once in modes 0, 1, 4 and 5, each period in modes 2 and 3. A period that nobody saw the
// end of because the host was late has no interrupt of its own.

#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "devices/clock.h"
#include "devices/device.h"

namespace zvmm {

// Thread-safe.
class Pit final : public ByteIoDevice {
 public:
  static constexpr uint16_t kPorts = 0x40;  // Three counters and the control word.
  static constexpr uint16_t kSpeaker = 0x61;
  static constexpr uint64_t kHertz = 1'193'182;

  // The pin that channel 0 is wired to; ISA interrupt 0 by the MADT's override.
  static constexpr unsigned kPin = 2;

  explicit Pit(InterruptLine line, MonotonicClock clock = MonotonicNow);
  // Before the guest begins; rung, it is to call Expire(). Without one nothing interrupts.
  void SetAlarm(Alarm* alarm) { alarm_ = alarm; }
  // Interrupts if it is time to.
  void Expire();

  std::string_view name() const override { return "timer 8254"; }

 private:
  // How the two bytes of a count travel.
  enum class Access : uint8_t { kLow = 1, kHigh = 2, kBoth = 3 };

  struct Channel {
    uint8_t mode = 0;
    Access access = Access::kBoth;
    uint16_t reload = 0;  // 0 counts as 65536.
    bool loaded = false;
    bool gate = true;
    std::chrono::nanoseconds started{0};
    uint8_t low_byte = 0;     // The first of two written.
    bool write_high = false;  // Which byte is next.
    bool read_high = false;
    uint16_t latch = 0;
    bool latched = false;
    uint8_t status = 0;
    bool status_latched = false;
  };

  uint8_t ReadByte(uint16_t port) override;
  void WriteByte(uint16_t port, uint8_t value) override;

  // All of these with mutex_ held.
  uint8_t ReadCounter(Channel& channel);
  void WriteCounter(Channel& channel, uint8_t value);
  void WriteControl(uint8_t value);
  void Load(Channel& channel, uint16_t reload);
  // Asks for the next rise of channel 0's output that comes after `elapsed` ticks of it.
  void Await(uint64_t elapsed);
  void SetGate(Channel& channel, bool gate);
  uint64_t Elapsed(const Channel& channel) const;
  uint16_t Count(const Channel& channel) const;
  bool Output(const Channel& channel) const;
  void LatchCount(Channel& channel);
  void LatchStatus(Channel& channel);

  const InterruptLine line_;
  const MonotonicClock clock_;
  Alarm* alarm_ = nullptr;
  std::mutex mutex_;
  std::array<Channel, 3> channels_;
  uint8_t speaker_ = 0;
  uint64_t next_rise_ = 0;  // Of channel 0, in ticks since it was loaded; 0: none.
};

}  // namespace zvmm
