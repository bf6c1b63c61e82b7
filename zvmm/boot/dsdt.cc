#include "boot/dsdt.h"

#include <vector>

#include "devices/acpi_pm.h"
#include "devices/pvpanic.h"
#include "pci/host_bridge.h"
#include "pci/pci_layout.h"

namespace zvmm {
namespace {

// \_S5: the values for SLP_TYP that mean "off", for PM1a, PM1b (which there is not); reserved.
aml::Code OffState() {
  return aml::Name("\\_S5_", aml::Package({aml::Integer(AcpiPm::kSleepTypeOff),
                                           aml::Integer(AcpiPm::kSleepTypeOff), aml::Integer(0),
                                           aml::Integer(0)}));
}

// _PRT: INTA of each slot is wired to an I/O APIC pin of its own.
aml::Code InterruptRoutes() {
  constexpr uint32_t kAnyFunction = 0xFFFF;
  constexpr uint32_t kIntA = 0;
  constexpr uint32_t kFixedPin = 0;  // No link device: the last number is the pin.
  std::vector<aml::Code> routes;
  for (unsigned slot = 1; slot < kPciSlots; ++slot) {
    routes.push_back(aml::Package({aml::Integer(slot << 16 | kAnyFunction), aml::Integer(kIntA),
                                   aml::Integer(kFixedPin), aml::Integer(PciPinOf(slot))}));
  }
  return aml::Package(routes);
}

aml::Code PciBridge() {
  const aml::Code resources =
      aml::BusNumbers(0, 0) + aml::IoPortRange(HostBridge::kPorts, HostBridge::kPortCount) +
      aml::MemoryWindow(static_cast<uint32_t>(kPciWindow), static_cast<uint32_t>(kPciWindowSize));
  return aml::Device("PCI0", aml::Name("_HID", aml::EisaId("PNP0A03")) +
                                 aml::Name("_UID", aml::Integer(0)) +
                                 aml::Name("_CRS", aml::ResourceTemplate(resources)) +
                                 aml::Name("_PRT", InterruptRoutes()));
}

aml::Code PanicDevice() {
  constexpr uint32_t kPresentAndWorking = 0x0F;
  return aml::Device(
      "PEVT", aml::Name("_HID", aml::String("QEMU0001")) +
                  aml::Name("_CRS", aml::ResourceTemplate(aml::IoPortRange(PvPanic::kPort, 1))) +
                  aml::Name("_STA", aml::Integer(kPresentAndWorking)));
}

}  // namespace

aml::Code DsdtCode() { return OffState() + aml::Scope("\\_SB_", PciBridge() + PanicDevice()); }

}  // namespace zvmm
