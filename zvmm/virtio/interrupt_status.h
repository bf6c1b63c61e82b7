// The interrupt status register of a virtio PCI device and the interrupt line that it drives.
//
// It has a mutex of its own, so that a guest's interrupt handler, which reads it first of all,
// never waits for a request that the device is serving.

#pragma once

#include <linux/virtio_pci.h>

#include <cstdint>
#include <mutex>
#include <utility>

#include "devices/device.h"

namespace zvmm {

// Thread-safe; calls the line with its mutex held.
class InterruptStatus {
 public:
  static constexpr uint8_t kQueue = 1;
  static constexpr uint8_t kConfig = VIRTIO_PCI_ISR_CONFIG;

  explicit InterruptStatus(InterruptLine line) : line_(std::move(line)) {}

  void Raise(uint8_t bits) {
    std::lock_guard lock(mutex_);
    bits_ |= bits;
    UpdateLine();
  }

  // Reading clears it, and with it the line.
  uint8_t Take() {
    std::lock_guard lock(mutex_);
    const uint8_t bits = std::exchange(bits_, 0);
    UpdateLine();
    return bits;
  }

  // Whether the guest lets the line rise.
  void SetEnabled(bool enabled) {
    std::lock_guard lock(mutex_);
    enabled_ = enabled;
    UpdateLine();
  }

  bool pending() {
    std::lock_guard lock(mutex_);
    return bits_ != 0;
  }

 private:
  void UpdateLine() { line_(bits_ != 0 && enabled_); }

  const InterruptLine line_;
  std::mutex mutex_;
  uint8_t bits_ = 0;
  bool enabled_ = true;
};

}  // namespace zvmm
