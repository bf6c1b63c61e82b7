#include "virtio/virtio_slots.h"

#include <utility>

#include "absl/status/status.h"
#include "devices/interrupt_message.h"
#include "pci/host_bridge.h"
#include "pci/pci_layout.h"

namespace zvmm {

absl::StatusOr<VirtioPci*> VirtioSlots::Add(std::unique_ptr<VirtioDevice> device) {
  const auto slot = static_cast<unsigned>(devices_.size()) + HostBridge::kSlot + 1;
  if (slot >= kPciSlots) {
    return absl::InvalidArgumentError("more devices than the PCI bus has slots");
  }
  devices_.push_back(std::make_unique<VirtioPci>(
      slot, std::move(device), memory_, io_apic_.Connect(PciPinOf(slot)),
      [this](uint64_t address, uint32_t data) {
        InterruptMessage::FromStore(address, data).SendTo(processors_);
      }));
  pci_.Add(slot, *devices_.back());
  if (absl::Status status = devices_.back()->Start(); !status.ok()) {
    return status;
  }
  return devices_.back().get();
}

void VirtioSlots::Stop() {
  for (const auto& device : devices_) {
    device->Stop();
  }
}

}  // namespace zvmm
