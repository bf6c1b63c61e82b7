// The interrupts of a virtio PCI device: messages where the guest has turned MSI-X on, else a line
// and the status register that drives it.
//
// The status has a mutex of its own, so that a guest's interrupt handler, which reads it first of
// all, never waits for a request that the device is serving.

#pragma once

#include <linux/virtio_pci.h>

#include <cstdint>
#include <mutex>
#include <utility>

#include "devices/device.h"
#include "pci/msix.h"

namespace zvmm {

// Owns the table of messages. Thread-safe; calls the line with its mutex held.
class VirtioInterrupt {
 public:
  // Bits of the status register.
  static constexpr uint8_t kQueue = 1;
  static constexpr uint8_t kConfig = VIRTIO_PCI_ISR_CONFIG;

  VirtioInterrupt(InterruptLine line, uint16_t vectors, MsiX::Sender send)
      : msix_(vectors, std::move(send)), line_(std::move(line)) {}

  MsiX& msix() { return msix_; }

  // `vector` is what the driver has chosen for the reason.
  void Raise(uint8_t reason, uint16_t vector) {
    if (msix_.enabled()) {
      msix_.Trigger(vector);
      return;
    }
    std::lock_guard lock(mutex_);
    status_ |= reason;
    UpdateLine();
  }

  // Reading clears it, and with it the line.
  uint8_t TakeStatus() {
    std::lock_guard lock(mutex_);
    const uint8_t bits = std::exchange(status_, 0);
    UpdateLine();
    return bits;
  }

  // Whether the guest lets the line rise.
  void SetLineEnabled(bool enabled) {
    std::lock_guard lock(mutex_);
    line_enabled_ = enabled;
    UpdateLine();
  }

  bool pending() {
    std::lock_guard lock(mutex_);
    return status_ != 0;
  }

 private:
  void UpdateLine() { line_(status_ != 0 && line_enabled_); }

  MsiX msix_;
  const InterruptLine line_;
  std::mutex mutex_;
  uint8_t status_ = 0;
  bool line_enabled_ = true;
};

}  // namespace zvmm
