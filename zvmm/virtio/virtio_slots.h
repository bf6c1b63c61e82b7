// The virtio devices of the machine, in the slots of the PCI bus, one behind the other.

#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "devices/device.h"
#include "devices/io_apic.h"
#include "guest_memory.h"
#include "pci/pci_bus.h"
#include "virtio/virtio_device.h"
#include "virtio/virtio_pci.h"

namespace zvmm {

// Owns the devices; refers to the rest. Belongs to the main thread.
class VirtioSlots {
 public:
  VirtioSlots(PciBus& pci, IoApic& io_apic, InterruptSink& processors, const MemoryView& memory)
      : pci_(pci), io_apic_(io_apic), processors_(processors), memory_(memory) {}

  // Puts a device into the next slot and starts its thread. Fails when no slot is left.
  absl::StatusOr<VirtioPci*> Add(std::unique_ptr<VirtioDevice> device);

  // Ends the threads. What they were woken for before is still served. The VCPUs have ended.
  void Stop();

 private:
  PciBus& pci_;
  IoApic& io_apic_;
  InterruptSink& processors_;
  const MemoryView& memory_;
  std::vector<std::unique_ptr<VirtioPci>> devices_;
};

}  // namespace zvmm
