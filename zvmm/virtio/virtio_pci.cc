#include "virtio/virtio_pci.h"

#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>

#include <cassert>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "boot/memory_map.h"

namespace zvmm {
namespace {

constexpr uint16_t kVendor = 0x1AF4;
constexpr uint16_t kFirstModernDevice = 0x1040;  // Plus the kind of device.
constexpr uint8_t kModernRevision = 1;

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

// One for each queue, and one for changes of the configuration.
uint16_t VectorsOf(const VirtioDevice& device) {
  return static_cast<uint16_t>(device.queue_count() + 1);
}

// The `size` bytes, up to 8, at `offset` of a register image; 0 if they are not all in it.
uint64_t Load(std::span<const uint8_t> image, uint64_t offset, uint8_t size) {
  uint64_t value = 0;
  if (offset < image.size() && size <= image.size() - offset) {
    std::memcpy(&value, image.data() + offset, size);
  }
  return value;
}

}  // namespace

VirtioPci::VirtioPci(unsigned slot, std::unique_ptr<VirtioDevice> device, const MemoryView& memory,
                     InterruptLine line, MsiX::Sender send)
    : device_(std::move(device)),
      interrupt_(std::move(line), VectorsOf(*device_), std::move(send)),
      config_(IdentityOf(*device_)),
      registers_(*device_, memory, interrupt_) {
  assert(device_->queue_count() <= DeviceThread::kMostQueues);
  static_assert(kVectorTable + (DeviceThread::kMostQueues + 1) * MsiX::kEntrySize <=
                kPendingVectors);
  config_.SetBar(PciBarOf(slot), kPciBarSize);
  config_.SetInterrupt(static_cast<uint8_t>(PciPinOf(slot)));
  AddCapabilities();
  AddVectors();
  Decode();
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
  add(VIRTIO_PCI_CAP_COMMON_CFG, kCommon, VirtioRegisters::kSize, virtio_pci_cap{});
  virtio_pci_notify_cap notify = {};
  notify.notify_off_multiplier = kNotifySize;
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

void VirtioPci::AddVectors() {
  // All in BAR 0: its number would be in the low bits of both.
  struct {
    uint16_t control;
    uint32_t table;
    uint32_t pending;
  } __attribute__((packed))
  const body = {.control = static_cast<uint16_t>(interrupt_.msix().vectors() - 1),
                .table = kVectorTable,
                .pending = kPendingVectors};
  const auto* bytes = reinterpret_cast<const uint8_t*>(&body);
  vectors_word_ = config_.AddCapability(PCI_CAP_ID_MSIX, {bytes, bytes + sizeof(body)}) / 4u;
  config_.MakeWritable(vectors_word_,
                       uint32_t{PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL} << 16);
}

absl::Status VirtioPci::Start() {
  auto thread =
      DeviceThread::Start(std::string(device_->name()), [this](unsigned index) { Serve(index); });
  if (!thread.ok()) {
    return thread.status();
  }
  thread_ = *std::move(thread);
  return absl::OkStatus();
}

void VirtioPci::Stop() {
  device_->Disconnect();
  thread_.reset();
}

void VirtioPci::Serve(unsigned index) {
  std::lock_guard lock(mutex_);
  registers_.Serve(index);
}

void VirtioPci::Wake(unsigned index) {
  if (thread_ != nullptr) {
    thread_->Wake(index);
  }
}

void VirtioPci::Notify(uint64_t offset) {
  const uint64_t place = (offset - kNotify) / kNotifySize;
  if (place >= device_->queue_count()) {
    return;
  }
  const auto index = static_cast<unsigned>(place);
  if (device_->serves_at_once(index)) {
    Serve(index);
  } else {
    Wake(index);
  }
}

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
  Decode();
}

void VirtioPci::Decode() {
  const Range range = config_.memory();
  bar_ = range.size == 0 ? kNowhere : range.start;
  interrupt_.SetLineEnabled(!config_.interrupt_disabled());
  interrupt_.msix().SetControl(static_cast<uint16_t>(config_.Read(vectors_word_) >> 16));
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
  return window.size == 0 ? 0 : static_cast<uint32_t>(ReadMemory(window.offset, window.size));
}

void VirtioPci::WriteThroughConfig(uint32_t value) {
  if (const Window window = ReadWindow(); window.size != 0) {
    WriteMemory(window.offset, window.size, value);
  }
}

// ---- Memory ----

PciFunction::Range VirtioPci::memory() const {
  const uint64_t bar = bar_;
  return {.start = bar, .size = bar == kNowhere ? 0 : kPciBarSize};
}

uint64_t VirtioPci::ReadMemory(uint64_t offset, uint8_t size) {
  if (offset >= kNotify) {
    return 0;  // There is nothing to read.
  }
  if (offset >= kPendingVectors) {
    return interrupt_.msix().ReadPending(offset - kPendingVectors, size);
  }
  if (offset >= kVectorTable) {
    return interrupt_.msix().ReadTable(offset - kVectorTable, size);
  }
  if (offset >= kDeviceConfig) {
    return Load(device_->config(), offset - kDeviceConfig, size);
  }
  if (offset >= kInterruptStatus) {
    return offset == kInterruptStatus ? interrupt_.TakeStatus() : 0;
  }
  std::lock_guard lock(mutex_);
  return registers_.Read(offset - kCommon, size);
}

void VirtioPci::WriteMemory(uint64_t offset, uint8_t size, uint64_t value) {
  if (offset >= kNotify) {
    Notify(offset);
  } else if (offset >= kVectorTable && offset < kPendingVectors) {
    interrupt_.msix().WriteTable(offset - kVectorTable, size, value);
  } else if (offset < kCommon + VirtioRegisters::kSize) {
    std::lock_guard lock(mutex_);
    registers_.Write(offset - kCommon, size, value);
  }
  // Neither the interrupt status nor our devices' configuration can be written.
}

}  // namespace zvmm
