// The common configuration of a virtio device: features, status, where the queues are, which
// interrupt is for what.

#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "guest_memory.h"
#include "virtio/virtio_device.h"
#include "virtio/virtio_interrupt.h"
#include "virtio/virtqueue.h"

struct virtio_pci_common_cfg;

namespace zvmm {

// Owns the queues; refers to device and interrupt. Not thread-safe: the transport guards it.
class VirtioRegisters {
 public:
  // Bytes of the register range.
  static const uint64_t kSize;

  VirtioRegisters(VirtioDevice& device, const MemoryView& memory, VirtioInterrupt& interrupt);

  // Offsets from the range's start. What is not inside reads as zeros.
  uint64_t Read(uint64_t offset, uint8_t size) const;
  void Write(uint64_t offset, uint8_t size, uint64_t value);

  // Serves a queue, if the driver has got so far, and interrupts.
  void Serve(unsigned index);

 private:
  uint64_t offered_features() const;
  virtio_pci_common_cfg Image() const;
  void WriteField(uint64_t offset, uint8_t size, uint64_t value);
  void WriteQueueField(uint64_t offset, uint8_t size, uint64_t value);
  void WriteQueueAddress(Virtqueue& queue, uint64_t offset, uint64_t value) const;
  void WriteStatus(uint8_t value);
  void WriteFeatures(uint32_t value);
  void EnableQueue();
  void Reset();
  void Break(const absl::Status& why);
  uint16_t KnownVector(uint64_t vector) const;
  bool Selected() const { return queue_select_ < queues_.size(); }

  VirtioDevice& device_;
  VirtioInterrupt& interrupt_;
  std::vector<Virtqueue> queues_;
  std::vector<uint16_t> queue_vectors_;
  uint16_t config_vector_;
  uint16_t queue_select_ = 0;
  uint32_t device_feature_select_ = 0;
  uint32_t driver_feature_select_ = 0;
  uint64_t driver_features_ = 0;
  uint8_t status_ = 0;
  bool complained_ = false;  // A guest gets one line in the log, not one for each mistake.
};

}  // namespace zvmm
