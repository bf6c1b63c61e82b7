// An I/O APIC with 24 pins: turns the level of interrupt lines into interrupts of VCPUs.
//
// An edge pin fires when its line rises; the edge is kept while the pin is masked and the line
// stays up. A level pin fires when its line is up and its remote-IRR bit is clear, and sets the
// bit. A processor's end of interrupt does not reach this device (the local APIC is the library's,
// and it tells nobody), so remote-IRR is cleared
//   - by a write to the EOI register, which version 0x20 has and Linux uses when it finds no trace
//     of a level interrupt in its local APIC;
//   - by making the pin edge-triggered, the way that drivers of older versions have;
//   - when the line falls. Real hardware would wait; here the wait might never end.

#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "devices/device.h"

namespace zvmm {

// Owns the redirection table; refers to the sink. Thread-safe; calls the sink with its mutex held.
class IoApic final : public MmioDevice {
 public:
  static constexpr uint64_t kAddress = 0xFEC00000;
  static constexpr uint64_t kSize = 0x1000;
  static constexpr unsigned kPins = 24;

  explicit IoApic(InterruptSink& sink);

  std::string_view name() const override { return "I/O APIC"; }

  // A line of one more device at a pin, which is up while any of its lines is. Each pin has room
  // for 32. Before VCPUs run; the line lives as long as this.
  InterruptLine Connect(unsigned pin);

  uint64_t Read(uint64_t address, uint8_t size) override;
  void Write(uint64_t address, uint8_t size, uint64_t value) override;

 private:
  struct Pin {
    uint64_t redirection;
    unsigned sources = 0;  // Lines that are connected,
    uint32_t levels = 0;   // and those that are up.
    bool edge = false;     // Rose and has not been delivered.
  };

  void SetLevel(unsigned pin, uint32_t source, bool level);

  // All of these with mutex_ held.
  uint32_t ReadRegister() const;
  void WriteRegister(uint32_t value);
  void WriteRedirection(Pin& pin, bool high, uint32_t value);
  void EndOfInterrupt(uint8_t vector);
  void Service(Pin& pin);
  void Deliver(uint64_t redirection);

  InterruptSink& sink_;
  std::mutex mutex_;
  uint8_t select_ = 0;
  uint8_t id_ = 0;
  std::array<Pin, kPins> pins_;
};

}  // namespace zvmm
