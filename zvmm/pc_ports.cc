#include "pc_ports.h"

namespace zvmm {

void AddPcPorts(const PcPortDevices& devices, IoPorts& ports) {
  ports.Add(Pic::kMaster, 2, devices.pic);
  ports.Add(Pic::kSlave, 2, devices.pic);
  ports.Add(Pic::kTrigger, 2, devices.pic);
  ports.Add(Pit::kPorts, 4, devices.pit);
  ports.Add(Pit::kSpeaker, 1, devices.pit);
  ports.Add(I8042::kData, 1, devices.i8042);
  ports.Add(I8042::kStatusAndCommand, 1, devices.i8042);
  ports.Add(SystemControl::kPort, 1, devices.system_control);
  ports.Add(Cmos::kIndexPort, 2, devices.cmos);
  ports.Add(Uart::kCom1, Uart::kPorts, devices.console);
  ports.Add(AcpiPm::kPorts, AcpiPm::kPortCount, devices.acpi_pm);
  ports.Add(PvPanic::kPort, 1, devices.pvpanic);
  ports.Add(HostBridge::kPorts, HostBridge::kPortCount, devices.host_bridge);
}

}  // namespace zvmm
