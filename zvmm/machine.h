// The virtual machine: memory, VCPUs, devices and how they are connected.
//
//   auto machine = Machine::Create(options);         // reads and checks the files, makes the guest
//   StopRequest end = (*machine)->Run(signals);      // boots; returns when the machine stops

#pragma once

#include <lib/zx/guest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "boot/cpu_entry.h"
#include "debug/gdb_server.h"
#include "guest_memory.h"
#include "host/signals.h"
#include "host/standard_console.h"
#include "options.h"
#include "pc_devices.h"
#include "statistics.h"
#include "stop.h"
#include "vcpus.h"
#include "virtio/disk_image.h"
#include "virtio/virtio_console.h"
#include "virtio/virtio_slots.h"

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

  absl::Status AddVirtioDevices(std::vector<std::unique_ptr<DiskImage>> disks);
  absl::Status AddConsole();
  absl::Status AddDebugger();
  absl::Status AddNetwork(const NetOptions& network);
  bool ReceiveInput(std::span<const uint8_t> bytes, WhenFull when_full);
  void TakeSignals(Signals& signals);
  void TakeEndSignal(int number);
  absl::Status Boot();
  void EndThreads(const StopRequest& end);
  void ReportStatistics();

  const Options options_;
  StopLatch stop_;
  zx::guest guest_;
  std::unique_ptr<GuestMemory> memory_;
  CpuEntry entry_;
  std::chrono::steady_clock::time_point begin_;

  // What refers to something comes after it. Run() ends the threads that use them.
  std::unique_ptr<StandardConsole> console_;
  std::unique_ptr<Trace> trace_;    // null: nobody wants one
  std::unique_ptr<GdbServer> gdb_;  // null: nobody debugs
  Vcpus vcpus_;
  PcDevices devices_;
  VirtioSlots virtio_;
  VirtioConsole* virtio_console_ = nullptr;  // Belongs to virtio_.
};

}  // namespace zvmm
