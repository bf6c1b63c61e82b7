// Uart: a serial port, as much of a 16550 as polling and the interrupt of its receiver take.

#pragma once

#include <mutex>
#include <string>

#include "io.h"
#include "io_apic.h"

class Guest;

class Uart : public IoHandler {
 public:
  static constexpr uint16_t kPort = 0x3F8;
  static constexpr uint32_t kLine = 4;

  explicit Uart(IoApic* io_apic) : io_apic_(io_apic) {}
  zx_status_t Init(Guest* guest);
  // Something for the guest to read. Any thread.
  zx_status_t Receive(char byte);
  // All that the guest has written.
  std::string Written();

 private:
  zx_status_t Read(uint64_t offset, IoValue* value) override;
  zx_status_t Write(uint64_t offset, const IoValue& value) override;

  IoApic* const io_apic_;
  std::mutex mutex_;
  std::string written_ __TA_GUARDED(mutex_);
  std::string received_ __TA_GUARDED(mutex_);
  uint8_t interrupts_ __TA_GUARDED(mutex_) = 0;
};
