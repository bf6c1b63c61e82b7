// All VCPUs of the machine, one thread each.
//
// The first starts the kernel; the guest starts the others, one after the other. The ids of VCPUs
// come from the order in which they are created, so a new one is created only after the one before.

#pragma once

#include <lib/zx/guest.h>
#include <zircon/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "absl/status/status.h"
#include "boot/cpu_entry.h"
#include "debug/gdb_server.h"
#include "guest_memory.h"
#include "statistics.h"
#include "stop.h"
#include "vcpu.h"
#include "vcpu_counts.h"

namespace zvmm {

// Owns the threads; refers to the rest. Thread-safe: devices and VCPUs call Interrupt() and
// Startup(), the main thread the others.
class Vcpus final : public VcpuRequests {
 public:
  static constexpr unsigned kMost = 64;

  // `count` is 1 to kMost. `timed`: their time is counted.
  Vcpus(const zx::guest& guest, unsigned count, const MemoryView& memory, StopLatch& stop,
        bool timed);

  // Stops what still runs.
  ~Vcpus() override;

  // Before the first VCPU: `gdb` looks at all of them.
  void SetDebugger(GdbServer* gdb) { gdb_ = gdb; }
  // Likewise.
  void SetTrace(Trace* trace) { trace_ = trace; }

  // Starts the first VCPU.
  absl::Status Boot(const CpuEntry& entry);

  // Ends all threads. A stop must have been requested.
  void Join();

  // Adds what those that were started have done.
  void AddTo(Statistics& statistics);

  void Interrupt(uint64_t vcpu_mask, uint8_t vector) override;
  void Startup(uint64_t id, uint64_t entry) override;

 private:
  struct Slot {
    std::thread thread;
    std::atomic<bool> tried{false};  // The thread has created its VCPU, or failed to:
    absl::Status failure;
    std::optional<Vcpu> vcpu;  // The thread's own; closed after all threads have ended.
    // The VCPU's handle for all threads; ZX_HANDLE_INVALID as long as there is none.
    std::atomic<zx_handle_t> handle{ZX_HANDLE_INVALID};
    PendingStartup startup;
    VcpuCounts counts;
  };

  // Starts the next slot's thread and waits until its VCPU exists. With mutex_ held.
  absl::Status StartNext(CpuEntry entry);
  void ThreadMain(unsigned id, CpuEntry entry);
  // Runs the slot's VCPU; gives where it is to start again, if it is.
  std::optional<uint64_t> RunVcpu(unsigned id);
  // In place of the slot's VCPU a new one, which gets the same id.
  absl::Status ReplaceVcpu(Slot& slot, uint64_t entry);
  absl::Status CreateVcpu(Slot& slot, const CpuEntry& entry);

  const zx::guest& guest_;
  const unsigned count_;
  const bool crowded_;  // The host has fewer.
  const MemoryView& memory_;
  StopLatch& stop_;
  const bool timed_;
  GdbServer* gdb_ = nullptr;
  Trace* trace_ = nullptr;

  std::mutex mutex_;  // For starting and joining.
  unsigned started_ = 0;
  bool joining_ = false;
  std::array<Slot, kMost> slots_;
};

}  // namespace zvmm
