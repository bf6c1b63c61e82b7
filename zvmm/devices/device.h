// What a device is to the rest of zvmm: an object that answers port or memory accesses, drives
// interrupt lines, and sometimes asks for the machine to stop.
//
// Thread safety: every VCPU thread may call any device at any time, so each device that has state
// has its own mutex. Locks are taken in the direction of the interrupt only: device, I/O APIC.

#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "exit_counts.h"

namespace zvmm {

// Answers IN and OUT.
class IoDevice {
 public:
  virtual ~IoDevice() = default;
  // `port` is the port that the guest named; `size` is 1, 2 or 4. The size is not limited by the
  // device's range: a wide access that starts on its last port is delivered whole.
  virtual uint32_t Read(uint16_t port, uint8_t size) = 0;
  virtual void Write(uint16_t port, uint8_t size, uint32_t value) = 0;
  // For people.
  virtual std::string_view name() const = 0;

  AccessCounts port_counts;  // Kept by who calls.
};

// A device on an 8-bit bus: a wide access is as many byte accesses on consecutive ports.
class ByteIoDevice : public IoDevice {
 public:
  uint32_t Read(uint16_t port, uint8_t size) final {
    uint32_t value = 0;
    for (uint8_t i = 0; i < size; ++i) {
      value |= uint32_t{ReadByte(static_cast<uint16_t>(port + i))} << (8 * i);
    }
    return value;
  }
  void Write(uint16_t port, uint8_t size, uint32_t value) final {
    for (uint8_t i = 0; i < size; ++i) {
      WriteByte(static_cast<uint16_t>(port + i), static_cast<uint8_t>(value >> (8 * i)));
    }
  }

 protected:
  // For a port that is not the device's: 0xFF, and ignored.
  virtual uint8_t ReadByte(uint16_t port) = 0;
  virtual void WriteByte(uint16_t port, uint8_t value) = 0;
};

// Answers loads and stores in a trapped range of guest-physical memory.
class MmioDevice {
 public:
  virtual ~MmioDevice() = default;
  // `size` is 1, 2, 4 or 8; `address` need not be aligned.
  virtual uint64_t Read(uint64_t address, uint8_t size) = 0;
  virtual void Write(uint64_t address, uint8_t size, uint64_t value) = 0;
  // For people.
  virtual std::string_view name() const = 0;

  AccessCounts memory_counts;  // Kept by who calls.
};

// One interrupt line of a device: called with the level that the line takes. Called again with the
// same level it has no effect.
using InterruptLine = std::function<void(bool level)>;

// What becomes of input that the guest does not take. At a terminal the escape key must work all
// the same, so what is typed is dropped, as a terminal does.
enum class WhenFull { kWait, kDrop };

// Where interrupts go: the VCPUs.
class InterruptSink {
 public:
  virtual ~InterruptSink() = default;
  // Raises `vector` in each VCPU whose bit is set. Bits of VCPUs that do not run are ignored.
  virtual void Interrupt(uint64_t vcpu_mask, uint8_t vector) = 0;
};

}  // namespace zvmm
