// The I/O ports that a PC has at fixed places.
//
//   AddPcPorts({.pic = pic, .pit = pit, ...}, ports);

#pragma once

#include "devices/acpi_pm.h"
#include "devices/cmos.h"
#include "devices/i8042.h"
#include "devices/pic.h"
#include "devices/pit.h"
#include "devices/pvpanic.h"
#include "devices/system_control.h"
#include "devices/uart.h"
#include "io_ports.h"
#include "pci/host_bridge.h"

namespace zvmm {

// Somebody else's devices.
struct PcPortDevices {
  Pic& pic;
  Pit& pit;
  I8042& i8042;
  SystemControl& system_control;
  Cmos& cmos;
  Uart& console;
  AcpiPm& acpi_pm;
  PvPanic& pvpanic;
  HostBridge& host_bridge;
};

void AddPcPorts(const PcPortDevices& devices, IoPorts& ports);

}  // namespace zvmm
