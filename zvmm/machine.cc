#include "machine.h"

#include <lib/zx/resource.h>
#include <lib/zx/vmar.h>
#include <signal.h>
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
#include "boot/smbios.h"
#include "debug/debug_probe.h"
#include "exit_status.h"
#include "host/log.h"
#include "host/write_file.h"
#include "net/frame_port.h"
#include "virtio/virtio_block.h"
#include "virtio/virtio_net.h"
#include "virtio/virtio_rng.h"
#include "zx_error.h"

namespace zvmm {
namespace {

absl::StatusOr<std::vector<std::unique_ptr<DiskImage>>> OpenDisks(const Options& options) {
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

absl::Status CreateGuest(const Options& options, zx::guest& guest, zx::vmar& space) {
  // In words, where there are any.
  char why[256] = "";
  if (zircon_kvm_check(why, sizeof(why)) != ZX_OK) {
    return absl::UnavailableError(why);
  }
  zx::resource resource;
  if (zx_status_t status = zircon_kvm_hypervisor_resource(resource.reset_and_get_address());
      status != ZX_OK) {
    return ZxError("zircon_kvm_hypervisor_resource", status);
  }
  if (zx_status_t status = zx::guest::create(resource, 0, &guest, &space); status != ZX_OK) {
    return ZxError("zx_guest_create", status);
  }
  if (options.interrupts == InterruptKind::kLibrary) {
    return absl::OkStatus();
  }
  const zx_status_t status =
      zircon_kvm_guest_set_interrupts(guest.get(), ZIRCON_KVM_INTERRUPTS_KERNEL, options.cpus);
  return status == ZX_OK ? absl::OkStatus() : ZxError("--interrupts kernel", status);
}

absl::StatusOr<std::unique_ptr<FramePort>> OpenNetwork(const NetOptions& network) {
  return network.kind == NetOptions::Kind::kTap ? OpenTap(network.name)
                                                : ConnectFrameSocket(network.name);
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
  if (absl::Status status = CreateGuest(options, guest, space); !status.ok()) {
    return status;
  }
  auto memory = GuestMemory::Create(memory_size);
  if (!memory.ok()) {
    return memory.status();
  }
  if (absl::Status status = (*memory)->MapInto(space); !status.ok()) {
    return status;
  }
  const std::vector<uint8_t> tables = BuildAcpiTables(kAcpiTables, options.cpus, options.hpet);
  (*memory)->view().Put(kAcpiTables, tables);
  (*memory)->view().Put(kSmbios, BuildSmbios(kSmbios, (*memory)->view().layout(), options.cpus));

  std::unique_ptr<Machine> machine(new Machine(std::move(guest), *std::move(memory), options));
  machine->entry_ = (*load)(kAcpiTables, machine->memory_->view());
  auto console = StandardConsole::Open(machine->stop_);
  if (!console.ok()) {
    return console.status();
  }
  machine->console_ = *std::move(console);
  if (absl::Status status = machine->devices_.Connect(options, machine->guest_, space,
                                                      machine->memory_->view().layout());
      !status.ok()) {
    return status;
  }
  if (!options.trace_file.empty()) {
    auto trace = Trace::Open(options.trace_file);
    if (!trace.ok()) {
      return trace.status();
    }
    machine->trace_ = *std::move(trace);
    machine->vcpus_.SetTrace(machine->trace_.get());
  }
  if (absl::Status status = machine->AddDebugger(); !status.ok()) {
    return status;
  }
  if (absl::Status status = machine->AddVirtioDevices(*std::move(disks)); !status.ok()) {
    return status;
  }
  return machine;
}

Machine::Machine(zx::guest guest, std::unique_ptr<GuestMemory> memory, const Options& options)
    : options_(options),
      guest_(std::move(guest)),
      memory_(std::move(memory)),
      vcpus_(guest_, options.cpus, memory_->view(), stop_,
             options.statistics || !options.statistics_file.empty()),
      devices_(stop_, vcpus_,
               [this](uint8_t byte) {
                 console_->Write({&byte, 1});
               }),
      virtio_(devices_.pci(), devices_.io_apic(), vcpus_, memory_->view()) {}

absl::Status Machine::AddVirtioDevices(std::vector<std::unique_ptr<DiskImage>> disks) {
  if (absl::Status status = AddConsole(); !status.ok()) {
    return status;
  }
  for (size_t i = 0; i < disks.size(); ++i) {
    const auto added = virtio_.Add(
        std::make_unique<VirtioBlock>(std::move(disks[i]), absl::StrCat("zvmm-disk-", i), stop_));
    if (!added.ok()) {
      return added.status();
    }
  }
  for (const NetOptions& network : options_.networks) {
    if (absl::Status status = AddNetwork(network); !status.ok()) {
      return status;
    }
  }
  return virtio_.Add(std::make_unique<VirtioRng>()).status();
}

absl::Status Machine::AddDebugger() {
  if (!options_.gdb) {
    return absl::OkStatus();
  }
  zx::resource resource;
  if (zx_status_t status = zircon_kvm_hypervisor_resource(resource.reset_and_get_address());
      status != ZX_OK) {
    return ZxError("zircon_kvm_hypervisor_resource", status);
  }
  auto gdb =
      GdbServer::Create(*options_.gdb, ProbeDebugAbilities(resource), memory_->view(), [this] {
        stop_.Request({.reason = StopRequest::Reason::kUser,
                       .status = kExitSignalBase + SIGKILL,
                       .message = "ended by gdb"});
      });
  if (!gdb.ok()) {
    return gdb.status();
  }
  gdb_ = *std::move(gdb);
  vcpus_.SetDebugger(gdb_.get());
  return absl::OkStatus();
}

absl::Status Machine::AddConsole() {
  auto console = std::make_unique<VirtioConsole>(
      [this](std::span<const uint8_t> bytes) { console_->Write(bytes); });
  virtio_console_ = console.get();
  const auto transport = virtio_.Add(std::move(console));
  if (!transport.ok()) {
    return transport.status();
  }
  virtio_console_->SetWaker([transport = *transport] { transport->Wake(VirtioConsole::kReceive); });
  return absl::OkStatus();
}

absl::Status Machine::AddNetwork(const NetOptions& network) {
  const std::string name = absl::StrCat(
      "--net ", network.kind == NetOptions::Kind::kTap ? "tap=" : "unix=", network.name);
  auto port = OpenNetwork(network);
  if (!port.ok()) {
    return absl::Status(port.status().code(),
                        absl::StrCat(name, ": ", std::string(port.status().message())));
  }
  auto card = std::make_unique<VirtioNet>(network.mac);
  VirtioNet& device = *card;
  const auto transport = virtio_.Add(std::move(card));
  if (!transport.ok()) {
    return transport.status();
  }
  return device.Connect(name, *std::move(port),
                        [transport = *transport](unsigned index) { transport->Wake(index); });
}

bool Machine::ReceiveInput(std::span<const uint8_t> bytes, WhenFull when_full) {
  return options_.console == ConsoleKind::kSerial ? devices_.console().Receive(bytes, when_full)
                                                  : virtio_console_->Receive(bytes, when_full);
}

StopRequest Machine::Run(Signals& signals) {
  begin_ = std::chrono::steady_clock::now();
  TakeSignals(signals);
  if (absl::Status status = Boot(); !status.ok()) {
    stop_.Request({.status = kExitNotRun, .message = std::string(status.message())});
  }
  StopRequest end = stop_.Wait();
  EndThreads(end);
  if (trace_ != nullptr) {
    if (absl::Status status = trace_->Close(); !status.ok()) {
      Say(std::string(status.message()));
    }
  }
  const absl::Status written = console_->FinishOutput();
  if (!written.ok() && end.reason != StopRequest::Reason::kUser) {
    end = {.message = std::string(written.message())};
  }
  // They refer to this machine.
  signals.SetActions({});
  ReportStatistics();
  return end;
}

void Machine::TakeSignals(Signals& signals) {
  signals.SetActions({.end = [this](int number) { TakeEndSignal(number); },
                      .suspend = [this] { console_->Suspend(); },
                      .resume = [this] { console_->Resume(); },
                      .report = [this] { ReportStatistics(); }});
}

void Machine::TakeEndSignal(int number) {
  const bool first = stop_.Request({.reason = StopRequest::Reason::kUser,
                                    .status = kExitSignalBase + number,
                                    .message = absl::StrCat("ended by signal ", number)});
  if (!first) {
    // Whatever is still being waited for.
    console_->Leave();
    Say(absl::StrCat("ended by signal ", number, "; output of the guest may be lost"));
    DieBySignal(number);
  }
}

absl::Status Machine::Boot() {
  if (absl::Status status = devices_.Start(); !status.ok()) {
    return status;
  }
  if (gdb_ != nullptr) {
    if (absl::Status status = gdb_->Start(); !status.ok()) {
      return status;
    }
  }
  const absl::Status status =
      console_->Start([this](std::span<const uint8_t> bytes, WhenFull when_full) {
        return ReceiveInput(bytes, when_full);
      });
  return status.ok() ? vcpus_.Boot(entry_) : status;
}

void Machine::EndThreads(const StopRequest& end) {
  // First what a thread may wait for, then the threads.
  devices_.CloseInput();
  virtio_console_->Close();
  console_->CloseInput();
  if (end.reason == StopRequest::Reason::kUser) {
    console_->Abandon();
  }
  if (gdb_ != nullptr) {
    gdb_->Finish();
  }
  vcpus_.Join();
  // What was asked for before is still served: all that the guest has written is written out.
  virtio_.Stop();
  devices_.Finish();
}

void Machine::ReportStatistics() {
  if (!options_.statistics && options_.statistics_file.empty()) {
    return;
  }
  Statistics statistics;
  statistics.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  vcpus_.AddTo(statistics);
  devices_.AddTo(statistics);
  statistics.AddHostExits();
  if (options_.statistics) {
    Say(StatisticsText(statistics));
  }
  if (!options_.statistics_file.empty()) {
    if (absl::Status status = WriteFile(options_.statistics_file, StatisticsJson(statistics));
        !status.ok()) {
      Say(std::string(status.message()));
    }
  }
}

}  // namespace zvmm
