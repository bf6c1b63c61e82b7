// Virtio over PCI, version 1: what the guest sees of a virtio device.
//
// BAR 0 has two pages:
//
//   0x0000  common configuration: features, status, where the queues are
//   0x0100  interrupt status
//   0x0200  the device's own configuration
//   0x0800  MSI-X: table
//   0x0C00  MSI-X: pending bits
//   0x1000  notify page: 4 bytes for each queue, which the guest writes when it has put something
//   in
//
// A guest that breaks the protocol, by a ring outside of RAM or a chain without an end, finds
// DEVICE_NEEDS_RESET in the status; the device rests until it is reset.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "absl/status/status.h"
#include "devices/device.h"
#include "guest_memory.h"
#include "pci/msix.h"
#include "pci/pci_config.h"
#include "pci/pci_function.h"
#include "pci/pci_layout.h"
#include "virtio/device_thread.h"
#include "virtio/virtio_device.h"
#include "virtio/virtio_interrupt.h"
#include "virtio/virtio_registers.h"

namespace zvmm {

// Owns the device and its thread. Thread-safe, but for Start() and Stop(). Registers wait while a
// request is served; configuration and interrupt status do not.
class VirtioPci final : public PciFunction {
 public:
  static constexpr uint64_t kCommon = 0x0000;
  static constexpr uint64_t kInterruptStatus = 0x0100;
  static constexpr uint64_t kDeviceConfig = 0x0200;
  static constexpr uint64_t kVectorTable = 0x0800;
  static constexpr uint64_t kPendingVectors = 0x0C00;
  static constexpr uint64_t kNotify = 0x1000;
  // A queue's place in the notify page.
  static constexpr uint64_t kNotifySize = 4;

  // `slot` decides where the BAR is at first, and which pin of the interrupt controller `line` is.
  VirtioPci(unsigned slot, std::unique_ptr<VirtioDevice> device, const MemoryView& memory,
            InterruptLine line, MsiX::Sender send);

  // Starts the thread.
  absl::Status Start();
  // Ends the thread, which first serves what it was woken for. The guest's VCPUs have ended.
  void Stop();

  // Serves a queue now, on the calling thread.
  void Serve(unsigned index);
  // Serves a queue soon, on the device's thread. Any thread; nothing happens before Start().
  void Wake(unsigned index);

  std::string_view name() const override { return device_->name(); }
  uint32_t ReadConfig(unsigned word) override;
  void WriteConfig(unsigned word, uint32_t value, uint32_t mask) override;

  Range memory() const override;
  uint64_t ReadMemory(uint64_t offset, uint8_t size) override;
  void WriteMemory(uint64_t offset, uint8_t size, uint64_t value) override;

 private:
  void AddCapabilities();
  void AddVectors();
  void Notify(uint64_t offset);

  // What the guest has asked to see through the configuration: size 0 if that is nothing.
  struct Window {
    uint64_t offset;
    uint8_t size;
  };
  Window ReadWindow();
  uint32_t ReadThroughConfig();
  void WriteThroughConfig(uint32_t value);
  void Decode();

  const std::unique_ptr<VirtioDevice> device_;
  VirtioInterrupt interrupt_;

  std::mutex config_mutex_;
  PciConfig config_;
  unsigned window_word_ = 0;  // Where the capability is that reaches the BAR through configuration.
  unsigned vectors_word_ = 0;  // Where that of MSI-X is.
  // config_'s memory(), for accesses to it: they take no lock of the configuration.
  static constexpr uint64_t kNowhere = ~uint64_t{0};
  std::atomic<uint64_t> bar_{kNowhere};

  std::mutex mutex_;
  VirtioRegisters registers_;

  std::unique_ptr<DeviceThread> thread_;
};

}  // namespace zvmm
