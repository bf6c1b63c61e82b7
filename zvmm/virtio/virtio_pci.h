// Virtio over PCI, version 1: what the guest sees of a virtio device.
//
// BAR 0 has two pages. The first is a MEM trap and holds the registers; the second is a BELL trap,
// which the guest rings when it has put something into a queue:
//
//   0x0000  common configuration: features, status, where the queues are
//   0x0100  interrupt status
//   0x0200  the device's own configuration
//   0x1000  notify page: 4 bytes for each queue
//
// A guest that breaks the protocol, by a ring outside of RAM or a chain without an end, finds
// DEVICE_NEEDS_RESET in the status; the device rests until it is reset.

#pragma once

#include <lib/zx/guest.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "devices/device.h"
#include "guest_memory.h"
#include "pci/pci_config.h"
#include "pci/pci_function.h"
#include "pci/pci_layout.h"
#include "virtio/device_thread.h"
#include "virtio/interrupt_status.h"
#include "virtio/virtio_device.h"
#include "virtio/virtqueue.h"

struct virtio_pci_common_cfg;

namespace zvmm {

// Owns the device and its thread. Thread-safe, but for Start() and Stop(). Configuration and
// registers wait while a request is served, the interrupt status does not.
class VirtioPci final : public PciFunction, public MmioDevice {
 public:
  static constexpr uint64_t kCommon = 0x0000;
  static constexpr uint64_t kInterruptStatus = 0x0100;
  static constexpr uint64_t kDeviceConfig = 0x0200;
  static constexpr uint64_t kNotify = 0x1000;

  // `slot` decides where the BAR is; `line` is the interrupt controller's pin of that slot.
  VirtioPci(unsigned slot, std::unique_ptr<VirtioDevice> device, const MemoryView& memory,
            InterruptLine line);

  // Starts the thread and sets the traps.
  absl::Status Start(const zx::guest& guest);
  // Ends the thread: what waits in the queues stays there. The guest's VCPUs have ended.
  void Stop() { thread_.reset(); }

  // Serves a queue now, on the calling thread.
  void Notified(unsigned index);
  // Serves a queue soon, on the device's thread. Any thread; nothing happens before Start().
  void Wake(unsigned index);

  uint32_t ReadConfig(unsigned word) override;
  void WriteConfig(unsigned word, uint32_t value, uint32_t mask) override;

  uint64_t Read(uint64_t address, uint8_t size) override;
  void Write(uint64_t address, uint8_t size, uint64_t value) override;

 private:
  uint64_t offered_features() const;
  void AddCapabilities();

  // What the guest has asked to see through the configuration: size 0 if that is nothing.
  struct Window {
    uint64_t offset;
    uint8_t size;
  };
  Window ReadWindow();
  uint32_t ReadThroughConfig();
  void WriteThroughConfig(uint32_t value);

  // All of these with mutex_ held.
  virtio_pci_common_cfg CommonRegisters() const;
  void WriteCommon(uint64_t offset, uint8_t size, uint64_t value);
  static void WriteQueueAddress(Virtqueue& queue, uint64_t offset, uint64_t value);
  void WriteStatus(uint8_t value);
  void WriteFeatures(uint32_t value);
  void EnableQueue();
  void Reset();
  void Break(const absl::Status& why);
  bool Selected() const { return queue_select_ < queues_.size(); }

  const std::unique_ptr<VirtioDevice> device_;
  const uint64_t bar_;
  InterruptStatus interrupt_;

  std::mutex config_mutex_;
  PciConfig config_;
  unsigned window_word_ = 0;  // Where the capability is that reaches the BAR through configuration.

  std::mutex mutex_;
  std::vector<Virtqueue> queues_;
  uint16_t queue_select_ = 0;
  uint32_t device_feature_select_ = 0;
  uint32_t driver_feature_select_ = 0;
  uint64_t driver_features_ = 0;
  uint8_t status_ = 0;
  bool complained_ = false;  // A guest gets one line in the log, not one for each mistake.

  std::unique_ptr<DeviceThread> thread_;
};

}  // namespace zvmm
