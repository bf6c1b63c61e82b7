#include "machine.h"

#include <lib/zx/resource.h>
#include <lib/zx/vmar.h>
#include <unistd.h>
#include <zircon-kvm/host.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "boot/acpi_tables.h"
#include "boot/boot_image.h"
#include "boot/memory_map.h"
#include "devices/interrupt_message.h"
#include "exit_status.h"
#include "host/log.h"
#include "mmio/mmio_trap.h"
#include "virtio/virtio_block.h"
#include "zx_error.h"

namespace zvmm {
namespace {

absl::StatusOr<std::vector<std::unique_ptr<DiskImage>>> OpenDisks(const Options& options) {
  // Letters that Linux has for them. Slots are more.
  constexpr size_t kMostDisks = 26;
  if (options.disks.size() > kMostDisks) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--disk: %d given, and %d is the most", options.disks.size(), kMostDisks));
  }
  std::vector<std::unique_ptr<DiskImage>> disks;
  for (const std::string& path : options.disks) {
    auto disk = DiskImage::Open(path, options.read_only_disks);
    if (!disk.ok()) {
      return disk.status();
    }
    disks.push_back(*std::move(disk));
  }
  return disks;
}

absl::Status CreateGuest(zx::guest& guest, zx::vmar& space) {
  zx::resource resource;
  if (zx_status_t status = zircon_kvm_hypervisor_resource(resource.reset_and_get_address());
      status != ZX_OK) {
    return ZxError("zircon_kvm_hypervisor_resource", status);
  }
  const zx_status_t status = zx::guest::create(resource, 0, &guest, &space);
  if (status == ZX_OK) {
    return absl::OkStatus();
  }
  char why[256] = "";
  zircon_kvm_check(why, sizeof(why));
  return absl::UnavailableError(
      absl::StrCat("zx_guest_create: ", zx_status_get_string(status), ": ", why));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Machine>> Machine::Create(const Options& options) {
  const uint64_t memory_size = options.memory_mib << 20;
  const auto load = OpenBootImage(
      {.kernel = options.kernel, .initrd = options.initrd, .command_line = options.command_line},
      MemoryLayout(memory_size));
  if (!load.ok()) {
    return load.status();
  }
  auto disks = OpenDisks(options);
  if (!disks.ok()) {
    return disks.status();
  }

  zx::guest guest;
  zx::vmar space;
  if (absl::Status status = CreateGuest(guest, space); !status.ok()) {
    return status;
  }
  auto memory = GuestMemory::Create(memory_size);
  if (!memory.ok()) {
    return memory.status();
  }
  if (absl::Status status = (*memory)->MapInto(space); !status.ok()) {
    return status;
  }
  const std::vector<uint8_t> tables = BuildAcpiTables(kAcpiTables, options.cpus);
  std::copy(tables.begin(), tables.end(),
            (*memory)->view().Range(kAcpiTables, tables.size()).begin());

  std::unique_ptr<Machine> machine(new Machine(std::move(guest), *std::move(memory), options));
  machine->entry_ = (*load)(kAcpiTables, machine->memory_->view());
  if (absl::Status status = machine->OpenConsole(); !status.ok()) {
    return status;
  }
  if (absl::Status status = machine->ConnectDevices(options, space); !status.ok()) {
    return status;
  }
  if (absl::Status status = machine->AddVirtioDevices(*std::move(disks)); !status.ok()) {
    return status;
  }
  return machine;
}

Machine::Machine(zx::guest guest, std::unique_ptr<GuestMemory> memory, const Options& options)
    : guest_(std::move(guest)),
      memory_(std::move(memory)),
      terminal_(STDIN_FILENO),
      vcpus_(guest_, options.cpus, memory_->view(), stop_),
      io_apic_(vcpus_),
      uart_(Uart::kCom1, io_apic_.Connect(Uart::kCom1Pin),
            [this](uint8_t byte) {
              output_->Write({&byte, 1});
            }),
      i8042_(stop_),
      host_bridge_(stop_, pci_),
      acpi_pm_(stop_),
      exit_port_(stop_),
      pvpanic_(stop_),
      input_console_(options.console) {}

absl::Status Machine::OpenConsole() {
  auto output = ConsoleOutput::Create(STDOUT_FILENO, stop_);
  if (!output.ok()) {
    return output.status();
  }
  output_ = *std::move(output);
  auto input = ConsoleInput::Create(STDIN_FILENO, terminal_, stop_);
  if (!input.ok()) {
    return input.status();
  }
  input_ = *std::move(input);
  return absl::OkStatus();
}

absl::Status Machine::ConnectDevices(const Options& options, const zx::vmar& space) {
  ports_.Add(Pic::kMaster, 2, pic_);
  ports_.Add(Pic::kSlave, 2, pic_);
  ports_.Add(Pic::kTrigger, 2, pic_);
  ports_.Add(Pit::kPorts, 4, pit_);
  ports_.Add(Pit::kSpeaker, 1, pit_);
  ports_.Add(I8042::kData, 1, i8042_);
  ports_.Add(I8042::kStatusAndCommand, 1, i8042_);
  ports_.Add(Cmos::kIndexPort, 2, cmos_);
  ports_.Add(Uart::kCom1, Uart::kPorts, uart_);
  ports_.Add(AcpiPm::kPorts, AcpiPm::kPortCount, acpi_pm_);
  ports_.Add(PvPanic::kPort, 1, pvpanic_);
  ports_.Add(HostBridge::kPorts, HostBridge::kPortCount, host_bridge_);
  if (ports_.Find(options.exit_port) != nullptr || options.exit_port >= IoPorts::kEnd) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--exit-port: port %#x has another device", options.exit_port));
  }
  ports_.Add(options.exit_port, 1, exit_port_);
  ports_.FillGaps(open_bus_);
  if (absl::Status status = ports_.SetTraps(guest_); !status.ok()) {
    return status;
  }
  if (absl::Status status = SetMmioTrap(guest_, IoApic::kAddress, IoApic::kSize, io_apic_);
      !status.ok()) {
    return status;
  }
  // Whatever is left: there the guest may have put a BAR.
  return SetMmioTrapAround({{IoApic::kAddress, IoApic::kSize}}, memory_->view().layout(), guest_,
                           space, pci_);
}

absl::Status Machine::AddVirtioDevices(std::vector<std::unique_ptr<DiskImage>> disks) {
  auto console = std::make_unique<VirtioConsole>(
      [this](std::span<const uint8_t> bytes) { output_->Write(bytes); });
  virtio_console_ = console.get();
  const auto transport = AddVirtioDevice(std::move(console));
  if (!transport.ok()) {
    return transport.status();
  }
  virtio_console_->SetWaker([transport = *transport] { transport->Wake(VirtioConsole::kReceive); });
  for (size_t i = 0; i < disks.size(); ++i) {
    const auto added = AddVirtioDevice(
        std::make_unique<VirtioBlock>(std::move(disks[i]), absl::StrCat("zvmm-disk-", i), stop_));
    if (!added.ok()) {
      return added.status();
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<VirtioPci*> Machine::AddVirtioDevice(std::unique_ptr<VirtioDevice> device) {
  const auto slot = static_cast<unsigned>(virtio_.size()) + HostBridge::kSlot + 1;
  if (slot >= kPciSlots) {
    return absl::InvalidArgumentError("more devices than the PCI bus has slots");
  }
  virtio_.push_back(std::make_unique<VirtioPci>(
      slot, std::move(device), memory_->view(), io_apic_.Connect(PciPinOf(slot)),
      [this](uint64_t address, uint32_t data) {
        InterruptMessage::FromStore(address, data).SendTo(vcpus_);
      }));
  pci_.Add(slot, *virtio_.back());
  if (absl::Status status = virtio_.back()->Start(); !status.ok()) {
    return status;
  }
  return virtio_.back().get();
}

bool Machine::ReceiveInput(std::span<const uint8_t> bytes, WhenFull when_full) {
  return input_console_ == ConsoleKind::kSerial ? uart_.Receive(bytes, when_full)
                                                : virtio_console_->Receive(bytes, when_full);
}

StopRequest Machine::Run(Signals& signals) {
  TakeSignals(signals);
  if (absl::Status status = Boot(); !status.ok()) {
    stop_.Request({.status = kExitNotRun, .message = std::string(status.message())});
  }
  StopRequest end = stop_.Wait();
  EndThreads(end);
  const absl::Status written = output_->Finish();
  if (!written.ok() && end.reason != StopRequest::Reason::kUser) {
    end = {.message = std::string(written.message())};
  }
  // They refer to this machine.
  signals.SetActions({});
  return end;
}

void Machine::TakeSignals(Signals& signals) {
  signals.SetActions(
      {.end =
           [this](int number) {
             const bool first =
                 stop_.Request({.reason = StopRequest::Reason::kUser,
                                .status = kExitSignalBase + number,
                                .message = absl::StrCat("ended by signal ", number)});
             if (!first) {
               // Whatever is still being waited for.
               terminal_.Close();
               Say(absl::StrCat("ended by signal ", number, "; output of the guest may be lost"));
               DieBySignal(number);
             }
           },
       .suspend = [this] { terminal_.Suspend(); },
       .resume =
           [this] {
             terminal_.Resume();
             input_->Look();
           }});
}

absl::Status Machine::Boot() {
  const absl::Status status =
      input_->Start([this](std::span<const uint8_t> bytes, WhenFull when_full) {
        return ReceiveInput(bytes, when_full);
      });
  return status.ok() ? vcpus_.Boot(entry_) : status;
}

void Machine::EndThreads(const StopRequest& end) {
  // First what a thread may wait for, then the threads.
  uart_.Close();
  virtio_console_->Close();
  input_->Close();
  // From here on Ctrl-C is a signal again.
  terminal_.Close();
  if (end.reason == StopRequest::Reason::kUser) {
    output_->Abandon();
  }
  vcpus_.Join();
  // Requests of before are still served: what the guest has written is written out.
  for (const auto& device : virtio_) {
    device->Stop();
  }
}

}  // namespace zvmm
