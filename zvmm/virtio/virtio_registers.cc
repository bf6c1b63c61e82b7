#include "virtio/virtio_registers.h"

#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
// Its functions for drivers are not C++.
#define VIRTIO_RING_NO_LEGACY
#include <linux/virtio_ring.h>

#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "host/log.h"

namespace zvmm {
namespace {

constexpr uint64_t kVersion1 = FeatureBit(VIRTIO_F_VERSION_1);
// What the queues can do for every device.
constexpr uint64_t kTransportFeatures =
    kVersion1 | FeatureBit(VIRTIO_RING_F_INDIRECT_DESC) | FeatureBit(VIRTIO_RING_F_EVENT_IDX);

uint64_t WithLow(uint64_t whole, uint64_t low) {
  return (whole & ~uint64_t{0xFFFFFFFF}) | (low & 0xFFFFFFFF);
}

uint64_t WithHigh(uint64_t whole, uint64_t high) { return (whole & 0xFFFFFFFF) | high << 32; }

}  // namespace

const uint64_t VirtioRegisters::kSize = sizeof(virtio_pci_common_cfg);

VirtioRegisters::VirtioRegisters(VirtioDevice& device, const MemoryView& memory,
                                 VirtioInterrupt& interrupt)
    : device_(device),
      interrupt_(interrupt),
      queues_(device.queue_count(), Virtqueue(memory)),
      queue_vectors_(device.queue_count(), VIRTIO_MSI_NO_VECTOR),
      config_vector_(VIRTIO_MSI_NO_VECTOR) {}

uint64_t VirtioRegisters::offered_features() const {
  return device_.features() | kTransportFeatures;
}

uint64_t VirtioRegisters::Read(uint64_t offset, uint8_t size) const {
  uint64_t value = 0;
  const virtio_pci_common_cfg image = Image();
  if (offset < sizeof(image) && size <= sizeof(image) - offset) {
    std::memcpy(&value, reinterpret_cast<const uint8_t*>(&image) + offset, size);
  }
  return value;
}

virtio_pci_common_cfg VirtioRegisters::Image() const {
  virtio_pci_common_cfg image = {};
  image.device_feature_select = device_feature_select_;
  if (device_feature_select_ < 2) {
    image.device_feature =
        static_cast<uint32_t>(offered_features() >> (32 * device_feature_select_));
  }
  image.guest_feature_select = driver_feature_select_;
  if (driver_feature_select_ < 2) {
    image.guest_feature = static_cast<uint32_t>(driver_features_ >> (32 * driver_feature_select_));
  }
  image.msix_config = config_vector_;
  image.num_queues = static_cast<uint16_t>(queues_.size());
  image.device_status = status_;
  image.queue_select = queue_select_;
  image.queue_msix_vector = VIRTIO_MSI_NO_VECTOR;
  if (Selected()) {
    const Virtqueue& queue = queues_[queue_select_];
    image.queue_size = queue.size();
    image.queue_msix_vector = queue_vectors_[queue_select_];
    image.queue_enable = queue.enabled();
    image.queue_notify_off = queue_select_;
    image.queue_desc_lo = static_cast<uint32_t>(queue.descriptors());
    image.queue_desc_hi = static_cast<uint32_t>(queue.descriptors() >> 32);
    image.queue_avail_lo = static_cast<uint32_t>(queue.available());
    image.queue_avail_hi = static_cast<uint32_t>(queue.available() >> 32);
    image.queue_used_lo = static_cast<uint32_t>(queue.used());
    image.queue_used_hi = static_cast<uint32_t>(queue.used() >> 32);
  }
  return image;
}

void VirtioRegisters::Write(uint64_t offset, uint8_t size, uint64_t value) {
  if (size == sizeof(uint64_t)) {
    WriteField(offset, sizeof(uint32_t), value & 0xFFFFFFFF);
    WriteField(offset + sizeof(uint32_t), sizeof(uint32_t), value >> 32);
  } else {
    WriteField(offset, size, value);
  }
}

void VirtioRegisters::WriteField(uint64_t offset, uint8_t size, uint64_t value) {
  // A driver writes each field with its own width; anything else is ignored.
  switch (offset) {
    case VIRTIO_PCI_COMMON_DFSELECT:
      if (size == 4) device_feature_select_ = static_cast<uint32_t>(value);
      return;
    case VIRTIO_PCI_COMMON_GFSELECT:
      if (size == 4) driver_feature_select_ = static_cast<uint32_t>(value);
      return;
    case VIRTIO_PCI_COMMON_GF:
      if (size == 4) WriteFeatures(static_cast<uint32_t>(value));
      return;
    case VIRTIO_PCI_COMMON_MSIX:
      if (size == 2) config_vector_ = KnownVector(value);
      return;
    case VIRTIO_PCI_COMMON_STATUS:
      if (size == 1) WriteStatus(static_cast<uint8_t>(value));
      return;
    case VIRTIO_PCI_COMMON_Q_SELECT:
      if (size == 2) queue_select_ = static_cast<uint16_t>(value);
      return;
    default:
      if (Selected()) {
        WriteQueueField(offset, size, value);
      }
      return;
  }
}

void VirtioRegisters::WriteQueueField(uint64_t offset, uint8_t size, uint64_t value) {
  Virtqueue& queue = queues_[queue_select_];
  if (size == 4) {
    WriteQueueAddress(queue, offset, value);
    return;
  }
  if (size != 2) {
    return;
  }
  switch (offset) {
    case VIRTIO_PCI_COMMON_Q_SIZE:
      queue.SetSize(static_cast<uint16_t>(value));
      return;
    case VIRTIO_PCI_COMMON_Q_MSIX:
      queue_vectors_[queue_select_] = KnownVector(value);
      return;
    case VIRTIO_PCI_COMMON_Q_ENABLE:
      if (value == 1) EnableQueue();
      return;
    default:
      return;
  }
}

void VirtioRegisters::WriteQueueAddress(Virtqueue& queue, uint64_t offset, uint64_t value) const {
  switch (offset) {
    case VIRTIO_PCI_COMMON_Q_DESCLO:
      return queue.SetDescriptors(WithLow(queue.descriptors(), value));
    case VIRTIO_PCI_COMMON_Q_DESCHI:
      return queue.SetDescriptors(WithHigh(queue.descriptors(), value));
    case VIRTIO_PCI_COMMON_Q_AVAILLO:
      return queue.SetAvailable(WithLow(queue.available(), value));
    case VIRTIO_PCI_COMMON_Q_AVAILHI:
      return queue.SetAvailable(WithHigh(queue.available(), value));
    case VIRTIO_PCI_COMMON_Q_USEDLO:
      return queue.SetUsed(WithLow(queue.used(), value));
    case VIRTIO_PCI_COMMON_Q_USEDHI:
      return queue.SetUsed(WithHigh(queue.used(), value));
    default:
      return;
  }
}

// So the driver learns that it cannot have the vector.
uint16_t VirtioRegisters::KnownVector(uint64_t vector) const {
  return vector < interrupt_.msix().vectors() ? static_cast<uint16_t>(vector)
                                              : uint16_t{VIRTIO_MSI_NO_VECTOR};
}

void VirtioRegisters::WriteStatus(uint8_t value) {
  if (value == 0) {
    Reset();
    return;
  }
  uint8_t added = value & ~(status_ | VIRTIO_CONFIG_S_NEEDS_RESET);
  if ((added & VIRTIO_CONFIG_S_FEATURES_OK) != 0) {
    if ((driver_features_ & ~offered_features()) != 0 || (driver_features_ & kVersion1) == 0) {
      // The bit stays clear: so the driver learns that there is no agreement.
      added &= ~VIRTIO_CONFIG_S_FEATURES_OK;
    } else {
      device_.Agree(driver_features_);
    }
  }
  // Only a reset takes bits away.
  status_ |= added;
}

void VirtioRegisters::WriteFeatures(uint32_t value) {
  // What was agreed on stays.
  if ((status_ & VIRTIO_CONFIG_S_FEATURES_OK) != 0) {
    return;
  }
  if (driver_feature_select_ == 0) {
    driver_features_ = WithLow(driver_features_, value);
  } else if (driver_feature_select_ == 1) {
    driver_features_ = WithHigh(driver_features_, value);
  }
}

void VirtioRegisters::EnableQueue() {
  Virtqueue& queue = queues_[queue_select_];
  const absl::Status status =
      queue.Enable({.indirect = (driver_features_ & FeatureBit(VIRTIO_RING_F_INDIRECT_DESC)) != 0,
                    .event_index = (driver_features_ & FeatureBit(VIRTIO_RING_F_EVENT_IDX)) != 0});
  if (!status.ok()) {
    Break(status);
  }
}

void VirtioRegisters::Reset() {
  for (Virtqueue& queue : queues_) {
    queue.Reset();
  }
  device_.Reset();
  queue_vectors_.assign(queue_vectors_.size(), VIRTIO_MSI_NO_VECTOR);
  config_vector_ = VIRTIO_MSI_NO_VECTOR;
  queue_select_ = 0;
  device_feature_select_ = 0;
  driver_feature_select_ = 0;
  driver_features_ = 0;
  status_ = 0;
  static_cast<void>(interrupt_.TakeStatus());
}

void VirtioRegisters::Serve(unsigned index) {
  constexpr uint8_t kResting = VIRTIO_CONFIG_S_NEEDS_RESET | VIRTIO_CONFIG_S_FAILED;
  if (index >= queues_.size() || !queues_[index].enabled() || (status_ & kResting) != 0 ||
      (status_ & VIRTIO_CONFIG_S_DRIVER_OK) == 0) {
    return;
  }
  if (absl::Status status = device_.Serve(index, queues_[index]); !status.ok()) {
    Break(status);
  }
  if (queues_[index].TakeInterrupt()) {
    interrupt_.Raise(VirtioInterrupt::kQueue, queue_vectors_[index]);
  }
}

void VirtioRegisters::Break(const absl::Status& why) {
  status_ |= VIRTIO_CONFIG_S_NEEDS_RESET;
  if (!std::exchange(complained_, true)) {
    Say(absl::StrCat(std::string(device_.name()), ": the guest's driver gave ",
                     std::string(why.message()), "; the device waits for a reset"));
  }
  if ((status_ & VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
    interrupt_.Raise(VirtioInterrupt::kConfig, config_vector_);
  }
}

}  // namespace zvmm
