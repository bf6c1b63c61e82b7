// The devices of a PC that are always there, or are found at fixed places: what they are connected
// to, and which accesses they answer.

#pragma once

#include <lib/zx/guest.h>
#include <lib/zx/vmar.h>

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "devices/acpi_pm.h"
#include "devices/cmos.h"
#include "devices/device.h"
#include "devices/exit_port.h"
#include "devices/hpet.h"
#include "devices/i8042.h"
#include "devices/io_apic.h"
#include "devices/open_bus.h"
#include "devices/pic.h"
#include "devices/pit.h"
#include "devices/pvpanic.h"
#include "devices/system_control.h"
#include "devices/uart.h"
#include "guest_memory.h"
#include "host/alarm_thread.h"
#include "io_ports.h"
#include "options.h"
#include "pci/host_bridge.h"
#include "pci/pci_bus.h"
#include "serial_port.h"
#include "statistics.h"
#include "stop.h"

namespace zvmm {

// Owns the devices; refers to the rest. Belongs to the main thread, but for what its devices say.
class PcDevices {
 public:
  // `transmit` gets what the guest writes to its first serial port.
  PcDevices(StopLatch& stop, InterruptSink& processors, std::function<void(uint8_t)> transmit);

  // Opens what serial ports lead to, and sets the traps.
  absl::Status Connect(const Options& options, const zx::guest& guest, const zx::vmar& space,
                       const MemoryLayout& ram);
  // Starts threads.
  absl::Status Start();
  // Ends what threads may wait for.
  void CloseInput();
  // Writes what is left of the output.
  void Finish();

  IoApic& io_apic() { return io_apic_; }
  PciBus& pci() { return pci_; }
  // The first serial port.
  Uart& console() { return console_; }

  // Adds how often each was used.
  void AddTo(Statistics& statistics) const;

 private:
  absl::Status OpenSerialPorts(const std::vector<SerialOptions>& serials);

  StopLatch& stop_;
  // Devices come after what they refer to.
  IoApic io_apic_;
  Uart console_;
  std::vector<std::unique_ptr<SerialPort>> serial_ports_;
  Pic pic_;
  Pit pit_;
  Cmos cmos_;
  I8042 i8042_;
  SystemControl system_control_;
  PciBus pci_;
  HostBridge host_bridge_;
  AcpiPm acpi_pm_;
  ExitPort exit_port_;
  PvPanic pvpanic_;
  OpenBus open_bus_;
  IoPorts ports_;
  // With the option only: a guest that has a better clock is slower for it.
  std::unique_ptr<Hpet> hpet_;
  // They end first.
  AlarmThread pit_alarm_{[this] { pit_.Expire(); }};
  AlarmThread cmos_alarm_{[this] { cmos_.Expire(); }};
  AlarmThread hpet_alarm_{[this] { hpet_->Expire(); }};
};

}  // namespace zvmm
