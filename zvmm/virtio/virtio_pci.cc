#include "virtio/virtio_pci.h"

#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include <cassert>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boot/memory_map.h"
#include "host/log.h"
#include "mmio_trap.h"

namespace zvmm {
namespace {

constexpr uint16_t kVendor = 0x1AF4;
constexpr uint16_t kFirstModernDevice = 0x1040;  // Plus the kind of device.
constexpr uint8_t kModernRevision = 1;

constexpr uint64_t kVersion1 = uint64_t{1} << VIRTIO_F_VERSION_1;
constexpr uint64_t kDeviceConfigSize = 0x100;
constexpr unsigned kWindowData = sizeof(virtio_pci_cap) / 4;  // In words, behind the head.

PciIdentity IdentityOf(const VirtioDevice& device) {
  return {.vendor = kVendor,
          .device = static_cast<uint16_t>(kFirstModernDevice + device.id()),
          .class_code = device.class_code(),
          .revision = kModernRevision,
          .subsystem_vendor = kVendor,
          .subsystem = device.id()};
}

// The `size` bytes, up to 8, at `offset` of a register image; 0 if they are not all in it.
uint64_t Load(std::span<const uint8_t> image, uint64_t offset, uint8_t size) {
  uint64_t value = 0;
  if (offset < image.size() && size <= image.size() - offset) {
    std::memcpy(&value, image.data() + offset, size);
  }
  return value;
}

uint64_t WithLow(uint64_t whole, uint64_t low) {
  return (whole & ~uint64_t{0xFFFFFFFF}) | (low & 0xFFFFFFFF);
}

uint64_t WithHigh(uint64_t whole, uint64_t high) { return (whole & 0xFFFFFFFF) | high << 32; }

}  // namespace

VirtioPci::VirtioPci(unsigned slot, std::unique_ptr<VirtioDevice> device, const MemoryView& memory,
                     InterruptLine line)
    : device_(std::move(device)),
      bar_(PciBarOf(slot)),
      interrupt_(std::move(line)),
      config_(IdentityOf(*device_)),
      queues_(device_->queue_count(), Virtqueue(memory)) {
  assert(queues_.size() <= DeviceThread::kMostQueues);
  config_.SetBar(bar_, kPciBarSize);
  config_.SetInterrupt(static_cast<uint8_t>(PciPinOf(slot)));
  AddCapabilities();
}

void VirtioPci::AddCapabilities() {
  const auto add = [this](uint8_t type, uint64_t offset, uint64_t length, auto capability) {
    auto& head = reinterpret_cast<virtio_pci_cap&>(capability);
    head.cap_len = sizeof(capability);
    head.cfg_type = type;
    head.offset = static_cast<uint32_t>(offset);
    head.length = static_cast<uint32_t>(length);
    const auto* bytes = reinterpret_cast<const uint8_t*>(&capability);
    return config_.AddCapability(PCI_CAP_ID_VNDR,
                                 {bytes + PCI_CAP_SIZEOF - 2, bytes + sizeof(capability)});
  };
  add(VIRTIO_PCI_CAP_COMMON_CFG, kCommon, sizeof(virtio_pci_common_cfg), virtio_pci_cap{});
  virtio_pci_notify_cap notify = {};
  notify.notify_off_multiplier = DeviceThread::kNotifySize;
  add(VIRTIO_PCI_CAP_NOTIFY_CFG, kNotify, kPageSize, notify);
  add(VIRTIO_PCI_CAP_ISR_CFG, kInterruptStatus, 1, virtio_pci_cap{});
  add(VIRTIO_PCI_CAP_DEVICE_CFG, kDeviceConfig, kDeviceConfigSize, virtio_pci_cap{});
  // The window: the guest writes bar, offset and length, and then finds the bytes in `data`.
  struct WindowCapability {
    virtio_pci_cap head;
    uint32_t data;
  };
  const uint8_t window = add(VIRTIO_PCI_CAP_PCI_CFG, 0, 0, WindowCapability{});
  window_word_ = window / 4;
  config_.MakeWritable((window + offsetof(virtio_pci_cap, bar)) / 4, 0xFF);
  config_.MakeWritable((window + offsetof(virtio_pci_cap, offset)) / 4, 0xFFFFFFFF);
  config_.MakeWritable((window + offsetof(virtio_pci_cap, length)) / 4, 0xFFFFFFFF);
}

absl::Status VirtioPci::Start(const zx::guest& guest) {
  auto thread = DeviceThread::Start(std::string(device_->name()),
                                    [this](unsigned index) { Notified(index); });
  if (!thread.ok()) {
    return thread.status();
  }
  thread_ = *std::move(thread);
  if (absl::Status status = SetMmioTrap(guest, bar_, kPageSize, *this); !status.ok()) {
    return status;
  }
  return thread_->SetBell(guest, bar_ + kNotify);
}

void VirtioPci::Notified(unsigned index) {
  std::lock_guard lock(mutex_);
  constexpr uint8_t kResting = VIRTIO_CONFIG_S_NEEDS_RESET | VIRTIO_CONFIG_S_FAILED;
  if (index >= queues_.size() || !queues_[index].enabled() || (status_ & kResting) != 0 ||
      (status_ & VIRTIO_CONFIG_S_DRIVER_OK) == 0) {
    return;
  }
  if (absl::Status status = device_->Serve(index, queues_[index]); !status.ok()) {
    Break(status);
  } else if (queues_[index].TakeInterrupt()) {
    interrupt_.Raise(InterruptStatus::kQueue);
  }
}

void VirtioPci::Wake(unsigned index) {
  if (thread_ != nullptr) {
    thread_->Wake(index);
  }
}

uint64_t VirtioPci::offered_features() const { return device_->features() | kVersion1; }

// ---- Configuration ----

uint32_t VirtioPci::ReadConfig(unsigned word) {
  if (word == window_word_ + kWindowData) {
    return ReadThroughConfig();
  }
  std::lock_guard lock(config_mutex_);
  uint32_t value = config_.Read(word);
  if (word == PCI_COMMAND / 4 && interrupt_.pending()) {
    value |= uint32_t{PCI_STATUS_INTERRUPT} << 16;
  }
  return value;
}

void VirtioPci::WriteConfig(unsigned word, uint32_t value, uint32_t mask) {
  if (word == window_word_ + kWindowData) {
    WriteThroughConfig(value & mask);
    return;
  }
  std::lock_guard lock(config_mutex_);
  config_.Write(word, value, mask);
  interrupt_.SetEnabled(!config_.interrupt_disabled());
}

VirtioPci::Window VirtioPci::ReadWindow() {
  std::lock_guard lock(config_mutex_);
  virtio_pci_cap head;
  uint32_t words[sizeof(head) / 4];
  for (unsigned i = 0; i < std::size(words); ++i) {
    words[i] = config_.Read(window_word_ + i);
  }
  std::memcpy(&head, words, sizeof(head));
  const bool valid = head.bar == 0 && head.offset < kPciBarSize &&
                     (head.length == 1 || head.length == 2 || head.length == 4) &&
                     head.offset % head.length == 0;
  return {.offset = head.offset, .size = static_cast<uint8_t>(valid ? head.length : 0)};
}

uint32_t VirtioPci::ReadThroughConfig() {
  const Window window = ReadWindow();
  if (window.size == 0 || window.offset >= kNotify) {
    return 0;
  }
  return static_cast<uint32_t>(Read(bar_ + window.offset, window.size));
}

void VirtioPci::WriteThroughConfig(uint32_t value) {
  const Window window = ReadWindow();
  if (window.size == 0) {
    return;
  }
  if (window.offset >= kNotify) {
    const uint64_t index = (window.offset - kNotify) / DeviceThread::kNotifySize;
    if (index < queues_.size()) {
      Wake(static_cast<unsigned>(index));
    }
    return;
  }
  Write(bar_ + window.offset, window.size, value);
}

// ---- Registers ----

uint64_t VirtioPci::Read(uint64_t address, uint8_t size) {
  const uint64_t offset = address - bar_;
  if (offset == kInterruptStatus) {
    return interrupt_.Take();
  }
  if (offset >= kDeviceConfig) {
    return Load(device_->config(), offset - kDeviceConfig, size);
  }
  std::lock_guard lock(mutex_);
  const virtio_pci_common_cfg registers = CommonRegisters();
  return Load({reinterpret_cast<const uint8_t*>(&registers), sizeof(registers)}, offset - kCommon,
              size);
}

void VirtioPci::Write(uint64_t address, uint8_t size, uint64_t value) {
  const uint64_t offset = address - bar_;
  if (offset >= kCommon + sizeof(virtio_pci_common_cfg)) {
    return;  // Neither the interrupt status nor our devices' configuration can be written.
  }
  std::lock_guard lock(mutex_);
  if (size == sizeof(uint64_t)) {
    WriteCommon(offset, sizeof(uint32_t), value & 0xFFFFFFFF);
    WriteCommon(offset + sizeof(uint32_t), sizeof(uint32_t), value >> 32);
  } else {
    WriteCommon(offset, size, value);
  }
}

virtio_pci_common_cfg VirtioPci::CommonRegisters() const {
  virtio_pci_common_cfg registers = {};
  registers.device_feature_select = device_feature_select_;
  if (device_feature_select_ < 2) {
    registers.device_feature =
        static_cast<uint32_t>(offered_features() >> (32 * device_feature_select_));
  }
  registers.guest_feature_select = driver_feature_select_;
  if (driver_feature_select_ < 2) {
    registers.guest_feature =
        static_cast<uint32_t>(driver_features_ >> (32 * driver_feature_select_));
  }
  registers.msix_config = VIRTIO_MSI_NO_VECTOR;
  registers.num_queues = static_cast<uint16_t>(queues_.size());
  registers.device_status = status_;
  registers.queue_select = queue_select_;
  registers.queue_msix_vector = VIRTIO_MSI_NO_VECTOR;
  if (Selected()) {
    const Virtqueue& queue = queues_[queue_select_];
    registers.queue_size = queue.size();
    registers.queue_enable = queue.enabled();
    registers.queue_notify_off = queue_select_;
    registers.queue_desc_lo = static_cast<uint32_t>(queue.descriptors());
    registers.queue_desc_hi = static_cast<uint32_t>(queue.descriptors() >> 32);
    registers.queue_avail_lo = static_cast<uint32_t>(queue.available());
    registers.queue_avail_hi = static_cast<uint32_t>(queue.available() >> 32);
    registers.queue_used_lo = static_cast<uint32_t>(queue.used());
    registers.queue_used_hi = static_cast<uint32_t>(queue.used() >> 32);
  }
  return registers;
}

void VirtioPci::WriteCommon(uint64_t offset, uint8_t size, uint64_t value) {
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
    case VIRTIO_PCI_COMMON_STATUS:
      if (size == 1) WriteStatus(static_cast<uint8_t>(value));
      return;
    case VIRTIO_PCI_COMMON_Q_SELECT:
      if (size == 2) queue_select_ = static_cast<uint16_t>(value);
      return;
    default:
      break;
  }
  if (!Selected()) {
    return;
  }
  Virtqueue& queue = queues_[queue_select_];
  if (offset == VIRTIO_PCI_COMMON_Q_SIZE && size == 2) {
    queue.SetSize(static_cast<uint16_t>(value));
  } else if (offset == VIRTIO_PCI_COMMON_Q_ENABLE && size == 2) {
    if (value == 1) EnableQueue();
  } else if (size == 4) {
    WriteQueueAddress(queue, offset, value);
  }
}

void VirtioPci::WriteQueueAddress(Virtqueue& queue, uint64_t offset, uint64_t value) {
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

void VirtioPci::WriteStatus(uint8_t value) {
  if (value == 0) {
    Reset();
    return;
  }
  uint8_t added = value & ~(status_ | VIRTIO_CONFIG_S_NEEDS_RESET);
  if ((added & VIRTIO_CONFIG_S_FEATURES_OK) != 0 &&
      ((driver_features_ & ~offered_features()) != 0 || (driver_features_ & kVersion1) == 0)) {
    // The bit stays clear: so the driver learns that there is no agreement.
    added &= ~VIRTIO_CONFIG_S_FEATURES_OK;
  }
  // Only a reset takes bits away.
  status_ |= added;
}

void VirtioPci::WriteFeatures(uint32_t value) {
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

void VirtioPci::EnableQueue() {
  if (absl::Status status = queues_[queue_select_].Enable(); !status.ok()) {
    Break(status);
  }
}

void VirtioPci::Reset() {
  for (Virtqueue& queue : queues_) {
    queue.Reset();
  }
  device_->Reset();
  queue_select_ = 0;
  device_feature_select_ = 0;
  driver_feature_select_ = 0;
  driver_features_ = 0;
  status_ = 0;
  interrupt_.Take();
}

void VirtioPci::Break(const absl::Status& why) {
  status_ |= VIRTIO_CONFIG_S_NEEDS_RESET;
  if (!std::exchange(complained_, true)) {
    Say(absl::StrCat(std::string(device_->name()), ": the guest's driver gave ",
                     std::string(why.message()), "; the device waits for a reset"));
  }
  if ((status_ & VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
    interrupt_.Raise(InterruptStatus::kConfig);
  }
}

}  // namespace zvmm
