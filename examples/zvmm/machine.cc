#include "machine.h"

#include <errno.h>
#include <lib/zx/resource.h>
#include <lib/zx/vmar.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <zircon-kvm/host.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "boot/acpi_tables.h"
#include "boot/linux_boot.h"
#include "boot/memory_map.h"
#include "exit_status.h"
#include "signals.h"
#include "terminal.h"
#include "zx_error.h"

namespace zvmm {
namespace {

constexpr uint16_t kCom1 = 0x3F8;
constexpr unsigned kCom1Pin = 4;

// Puts the name of a file in front of what is wrong with it.
absl::Status Annotate(const std::string& path, const absl::Status& status) {
  return {status.code(), absl::StrCat(path, ": ", std::string(status.message()))};
}

absl::StatusOr<LinuxBoot> ReadBoot(const Options& options) {
  LinuxBoot boot;
  boot.command_line = options.command_line;
  auto kernel = ReadWholeFile(options.kernel);
  if (!kernel.ok()) {
    return kernel.status();
  }
  auto image = ParseLinuxImage(*kernel);
  if (!image.ok()) {
    return Annotate(options.kernel, image.status());
  }
  boot.image = *std::move(image);
  if (options.initrd.empty()) {
    return boot;
  }
  auto initrd = ReadWholeFile(options.initrd);
  if (!initrd.ok()) {
    return initrd.status();
  }
  if (absl::Status status = CheckInitrd(*initrd); !status.ok()) {
    return Annotate(options.initrd, status);
  }
  boot.initrd = *std::move(initrd);
  return boot;
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
  auto boot = ReadBoot(options);
  if (!boot.ok()) {
    return boot.status();
  }
  auto placement = PlaceLinux(*boot, MemoryLayout(memory_size));
  if (!placement.ok()) {
    return placement.status();
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
  machine->entry_ = LoadLinux(*boot, *placement, kAcpiTables, machine->memory_->view());
  if (absl::Status status = machine->ConnectDevices(options); !status.ok()) {
    return status;
  }
  return machine;
}

Machine::Machine(zx::guest guest, std::unique_ptr<GuestMemory> memory, const Options& options)
    : guest_(std::move(guest)),
      memory_(std::move(memory)),
      console_(STDIN_FILENO, STDOUT_FILENO, stop_),
      vcpus_(guest_, options.cpus, memory_->view(), stop_),
      io_apic_(vcpus_),
      uart_(
          kCom1, [this](bool level) { io_apic_.SetLine(kCom1Pin, level); },
          [this](uint8_t byte) { console_.Write(byte); }),
      i8042_(stop_),
      host_bridge_(stop_),
      acpi_pm_(stop_),
      exit_port_(stop_) {}

absl::Status Machine::ConnectDevices(const Options& options) {
  ports_.Add(Pic::kMaster, 2, pic_);
  ports_.Add(Pic::kSlave, 2, pic_);
  ports_.Add(Pic::kTrigger, 2, pic_);
  ports_.Add(Pit::kPorts, 4, pit_);
  ports_.Add(Pit::kSpeaker, 1, pit_);
  ports_.Add(I8042::kData, 1, i8042_);
  ports_.Add(I8042::kStatusAndCommand, 1, i8042_);
  ports_.Add(Cmos::kIndexPort, 2, cmos_);
  ports_.Add(kCom1, Uart::kPorts, uart_);
  ports_.Add(AcpiPm::kPorts, AcpiPm::kPortCount, acpi_pm_);
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
  MmioDevice* const io_apic = &io_apic_;
  if (zx_status_t status = guest_.set_trap(ZX_GUEST_TRAP_MEM, IoApic::kAddress, IoApic::kSize,
                                           zx::port(), reinterpret_cast<uint64_t>(io_apic));
      status != ZX_OK) {
    return ZxError("zx_guest_set_trap for the I/O APIC", status);
  }
  return absl::OkStatus();
}

StopRequest Machine::Run() {
  const RawTerminal terminal(STDIN_FILENO);
  console_.StartInput([this](std::span<const uint8_t> bytes) { return uart_.Receive(bytes); },
                      terminal.active());
  vcpus_.Boot(entry_);
  WaitForStop();
  // First what a thread may wait for, then the threads. What the guest wrote before it stopped is
  // still written out.
  uart_.Close();
  console_.Close();
  vcpus_.Join();
  return stop_.request();
}

void Machine::WaitForStop() {
  const sigset_t signals = EndSignals();
  const int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
  const absl::Cleanup closer = [signal_fd] { close(signal_fd); };
  while (!stop_.requested()) {
    pollfd fds[] = {{.fd = stop_.fd(), .events = POLLIN, .revents = 0},
                    {.fd = signal_fd, .events = POLLIN, .revents = 0}};
    if (poll(fds, std::size(fds), -1) < 0 && errno != EINTR) {
      stop_.Request({.message = "poll failed"});
    }
    signalfd_siginfo info;
    if (fds[1].revents != 0 && read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
      stop_.Request({.reason = StopRequest::Reason::kUser,
                     .status = kExitSignalBase + static_cast<int>(info.ssi_signo),
                     .message = absl::StrCat("ended by signal ", info.ssi_signo)});
    }
  }
}

}  // namespace zvmm
