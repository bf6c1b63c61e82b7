// The virtual machine: memory, VCPUs, devices and how they are connected.
//
//   auto machine = Machine::Create(options);    // reads and checks the files, makes the guest
//   StopRequest end = (*machine)->Run();        // boots; returns when the machine stops

#pragma once

#include <lib/zx/guest.h>

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "boot/cpu_entry.h"
#include "devices/acpi_pm.h"
#include "devices/cmos.h"
#include "devices/exit_port.h"
#include "devices/i8042.h"
#include "devices/io_apic.h"
#include "devices/open_bus.h"
#include "devices/pic.h"
#include "devices/pit.h"
#include "devices/pvpanic.h"
#include "devices/uart.h"
#include "guest_memory.h"
#include "host/console_input.h"
#include "host/console_output.h"
#include "host/signals.h"
#include "host/terminal.h"
#include "io_ports.h"
#include "options.h"
#include "pci/host_bridge.h"
#include "pci/pci_bus.h"
#include "stop.h"
#include "vcpus.h"
#include "virtio/disk_image.h"
#include "virtio/virtio_console.h"
#include "virtio/virtio_pci.h"

namespace zvmm {

// Owns everything the guest consists of. Belongs to the main thread.
class Machine {
 public:
  // Checks everything that the user gave, then creates the guest and loads the kernel. Fails
  // without having run anything.
  static absl::StatusOr<std::unique_ptr<Machine>> Create(const Options& options);

  // Runs the guest until it, the user, or a signal ends it. What the guest has written is written
  // out then, however long that takes, unless it was the user who wanted an end; another signal
  // ends the process. Once only.
  StopRequest Run(Signals& signals);

 private:
  Machine(zx::guest guest, std::unique_ptr<GuestMemory> memory, const Options& options);

  absl::Status OpenConsole();

  absl::Status ConnectDevices(const Options& options, const zx::vmar& space);
  absl::Status AddVirtioDevices(std::vector<std::unique_ptr<DiskImage>> disks);
  absl::StatusOr<VirtioPci*> AddVirtioDevice(std::unique_ptr<VirtioDevice> device);
  bool ReceiveInput(std::span<const uint8_t> bytes, WhenFull when_full);
  void TakeSignals(Signals& signals);
  absl::Status Boot();
  void EndThreads(const StopRequest& end);

  StopLatch stop_;
  zx::guest guest_;
  std::unique_ptr<GuestMemory> memory_;
  CpuEntry entry_;

  // Devices come after what they refer to. Run() ends the threads that use them.
  Terminal terminal_;
  std::unique_ptr<ConsoleOutput> output_;
  std::unique_ptr<ConsoleInput> input_;
  Vcpus vcpus_;
  IoApic io_apic_;
  Uart uart_;
  Pic pic_;
  Pit pit_;
  Cmos cmos_;
  I8042 i8042_;
  PciBus pci_;
  HostBridge host_bridge_;
  AcpiPm acpi_pm_;
  ExitPort exit_port_;
  PvPanic pvpanic_;
  OpenBus open_bus_;
  IoPorts ports_;
  const ConsoleKind input_console_;
  VirtioConsole* virtio_console_ = nullptr;  // Belongs to one of these:
  std::vector<std::unique_ptr<VirtioPci>> virtio_;
};

}  // namespace zvmm
