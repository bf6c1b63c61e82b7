#include "virtio_console.h"

#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include "pci.h"

namespace {

// The rings, as the device has them laid out.
struct Descriptor {
  uint64_t address;
  uint32_t size;
  uint16_t flags;
  uint16_t next;
};
constexpr uint16_t kEntries = 2;
struct Rings {
  alignas(16) Descriptor descriptors[kEntries];
  alignas(2) volatile uint16_t available[2 + kEntries];  // Flags, index, entries.
  alignas(4) volatile uint16_t used[2 + 4 * kEntries];
};

constexpr uint32_t kConsole = 0x1043'1AF4;
constexpr uint16_t kTransmit = 1;
constexpr uint64_t kMemoryBarMask = ~uint64_t{0xF};

Rings rings;
volatile virtio_pci_common_cfg* common = nullptr;
volatile uint16_t* notify = nullptr;

uint64_t AddressOf(const volatile void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

// Where the structure of a capability is, or 0.
uint64_t FindStructure(unsigned slot, uint8_t type) {
  unsigned at = ReadPci(slot, PCI_CAPABILITY_LIST) & 0xFC;
  for (; at != 0; at = ReadPci(slot, at) >> 8 & 0xFC) {
    const uint32_t head = ReadPci(slot, at);
    if ((head & 0xFF) != PCI_CAP_ID_VNDR || head >> 24 != type) {
      continue;
    }
    const uint8_t bar = ReadPci(slot, at + offsetof(virtio_pci_cap, bar)) & 0xFF;
    const uint64_t base = ReadPci(slot, PCI_BASE_ADDRESS_0 + 4u * bar) & kMemoryBarMask;
    return base + ReadPci(slot, at + offsetof(virtio_pci_cap, offset));
  }
  return 0;
}

void SetUp() {
  common->device_status = 0;
  common->device_status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
  common->guest_feature_select = 1;
  common->guest_feature = 1 << (VIRTIO_F_VERSION_1 - 32);
  common->device_status =
      VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK;
  common->queue_select = kTransmit;
  common->queue_size = kEntries;
  common->queue_desc_lo = static_cast<uint32_t>(AddressOf(rings.descriptors));
  common->queue_desc_hi = 0;
  common->queue_avail_lo = static_cast<uint32_t>(AddressOf(rings.available));
  common->queue_avail_hi = 0;
  common->queue_used_lo = static_cast<uint32_t>(AddressOf(rings.used));
  common->queue_used_hi = 0;
  common->queue_enable = 1;
  common->device_status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
                          VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK;
}

}  // namespace

bool FindVirtioConsole() {
  for (unsigned slot = 0; slot < kPciSlots; ++slot) {
    if (ReadPci(slot, PCI_VENDOR_ID) != kConsole) {
      continue;
    }
    const uint64_t registers = FindStructure(slot, VIRTIO_PCI_CAP_COMMON_CFG);
    const uint64_t notify_area = FindStructure(slot, VIRTIO_PCI_CAP_NOTIFY_CFG);
    if (registers == 0 || notify_area == 0) {
      return false;
    }
    common = reinterpret_cast<volatile virtio_pci_common_cfg*>(registers);
    // The multiplier is zvmm's.
    constexpr uint64_t kNotifySize = 4;
    SetUp();
    notify =
        reinterpret_cast<volatile uint16_t*>(notify_area + common->queue_notify_off * kNotifySize);
    return true;
  }
  return false;
}

void SendToVirtioConsole(Bytes text) {
  rings.descriptors[0] = {.address = AddressOf(text.data()),
                          .size = static_cast<uint32_t>(text.size()),
                          .flags = 0,
                          .next = 0};
  rings.available[2 + rings.available[1] % kEntries] = 0;
  asm volatile("" : : : "memory");
  rings.available[1] = static_cast<uint16_t>(rings.available[1] + 1);
  *notify = kTransmit;
  while (rings.used[1] != rings.available[1]) {
    asm volatile("pause");
  }
}
