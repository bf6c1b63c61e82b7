#include "pc_devices.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "mmio/mmio_trap.h"
#include "pc_ports.h"

namespace zvmm {

PcDevices::PcDevices(StopLatch& stop, InterruptSink& processors,
                     std::function<void(uint8_t)> transmit)
    : stop_(stop),
      io_apic_(processors),
      console_(Uart::kCom1, io_apic_.Connect(Uart::kCom1Pin), std::move(transmit)),
      pit_(io_apic_.Connect(Pit::kPin)),
      cmos_(io_apic_.Connect(Cmos::kPin)),
      i8042_(stop),
      system_control_(stop),
      host_bridge_(stop, pci_),
      acpi_pm_(stop),
      exit_port_(stop),
      pvpanic_(stop) {
  pit_.SetAlarm(&pit_alarm_);
  cmos_.SetAlarm(&cmos_alarm_);
}

absl::Status PcDevices::Connect(const Options& options, const zx::guest& guest,
                                const zx::vmar& space, const MemoryLayout& ram) {
  AddPcPorts({.pic = pic_,
              .pit = pit_,
              .i8042 = i8042_,
              .system_control = system_control_,
              .cmos = cmos_,
              .console = console_,
              .acpi_pm = acpi_pm_,
              .pvpanic = pvpanic_,
              .host_bridge = host_bridge_},
             ports_);
  if (absl::Status status = OpenSerialPorts(options.serials); !status.ok()) {
    return status;
  }
  if (ports_.Find(options.exit_port) != nullptr || options.exit_port >= IoPorts::kEnd) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--exit-port: port %#x has another device", options.exit_port));
  }
  ports_.Add(options.exit_port, 1, exit_port_);
  ports_.FillGaps(open_bus_);
  if (absl::Status status = ports_.SetTraps(guest); !status.ok()) {
    return status;
  }
  if (absl::Status status = SetMmioTrap(guest, IoApic::kAddress, IoApic::kSize, io_apic_);
      !status.ok()) {
    return status;
  }
  std::vector<AddressRange> fixed = {{IoApic::kAddress, IoApic::kSize}};
  if (options.hpet) {
    hpet_ = std::make_unique<Hpet>([this](unsigned pin) { return io_apic_.Connect(pin); });
    hpet_->SetAlarm(&hpet_alarm_);
    if (absl::Status status = SetMmioTrap(guest, Hpet::kAddress, Hpet::kSize, *hpet_);
        !status.ok()) {
      return status;
    }
    fixed.push_back({Hpet::kAddress, Hpet::kSize});
  }
  // Whatever is left: there the guest may have put a BAR.
  return SetMmioTrapAround(fixed, ram, guest, space, pci_);
}

absl::Status PcDevices::OpenSerialPorts(const std::vector<SerialOptions>& serials) {
  if (serials.size() >= SerialPort::kPlaces.size()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "--serial: %d given, and %d is the most", serials.size(), SerialPort::kPlaces.size() - 1));
  }
  for (unsigned number = 1; number <= serials.size(); ++number) {
    const SerialPort::Place& place = SerialPort::kPlaces[number];
    auto port = SerialPort::Open(number, serials[number - 1], io_apic_.Connect(place.pin), stop_);
    if (!port.ok()) {
      return port.status();
    }
    serial_ports_.push_back(*std::move(port));
    ports_.Add(place.base, Uart::kPorts, serial_ports_.back()->uart());
  }
  return absl::OkStatus();
}

absl::Status PcDevices::Start() {
  for (const auto& port : serial_ports_) {
    if (absl::Status status = port->Start(); !status.ok()) {
      return status;
    }
  }
  if (hpet_ != nullptr) {
    if (absl::Status status = hpet_alarm_.Start("zvmm HPET"); !status.ok()) {
      return status;
    }
  }
  if (absl::Status status = cmos_alarm_.Start("zvmm RTC"); !status.ok()) {
    return status;
  }
  return pit_alarm_.Start("zvmm timer");
}

void PcDevices::CloseInput() {
  console_.Close();
  for (const auto& port : serial_ports_) {
    port->CloseInput();
  }
}

void PcDevices::Finish() {
  for (const auto& port : serial_ports_) {
    port->Finish();
  }
}

void PcDevices::AddTo(Statistics& statistics) const {
  for (const IoDevice* device : ports_.devices()) {
    statistics.Add(device->name(), device->port_counts);
  }
  statistics.Add(io_apic_.name(), io_apic_.memory_counts);
  if (hpet_ != nullptr) {
    statistics.Add(hpet_->name(), hpet_->memory_counts);
  }
  statistics.Add(pci_.name(), pci_.memory_counts);
  for (const PciFunction* function : pci_.functions()) {
    statistics.Add(function->name(), function->function_counts);
  }
}

}  // namespace zvmm
