// One VCPU: enters the guest, and answers what comes out of it.

#pragma once

#include <lib/zx/guest.h>
#include <lib/zx/vcpu.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boot/cpu_entry.h"
#include "debug/debugged_vcpu.h"
#include "devices/device.h"
#include "guest_memory.h"
#include "mmio/mmio_decode.h"
#include "stop.h"
#include "trace.h"
#include "vcpu_counts.h"

namespace zvmm {

// What a VCPU asks of the others.
class VcpuRequests : public InterruptSink {
 public:
  // Starts VCPU `id` in real mode at `entry`.
  virtual void Startup(uint64_t id, uint64_t entry) = 0;
};

// Another VCPU's wish to have this one start again at `entry`. Any thread; whoever sets it kicks
// the VCPU.
class PendingStartup {
 public:
  void Set(uint64_t entry) { entry_.store(entry); }
  std::optional<uint64_t> Take() {
    const uint64_t entry = entry_.exchange(kNone);
    return entry == kNone ? std::nullopt : std::optional(entry);
  }

 private:
  static constexpr uint64_t kNone = ~uint64_t{0};
  std::atomic<uint64_t> entry_{kNone};
};

// Owns the VCPU; refers to the rest. Belongs to the thread that creates it (a rule of zx_vcpu_*);
// only the handle may be used by others, to kick and to interrupt.
class Vcpu {
 public:
  static absl::StatusOr<Vcpu> Create(const zx::guest& guest, uint64_t entry,
                                     const MemoryView& memory, VcpuRequests& requests,
                                     VcpuCounts& counts);

  zx_handle_t handle() const { return vcpu_.get(); }

  // Sets the registers of the first VCPU; others start with zeros.
  absl::Status SetRegisters(const CpuEntry& entry);

  // Who looks at it while it runs.
  struct Watchers {
    bool times = false;                // Its time is counted.
    TraceTrack* track = nullptr;       // If it is traced.
    DebuggedVcpu* debugged = nullptr;  // If there may be a debugger.
  };

  // Runs until `stop` is requested and the VCPU kicked, the guest cannot go on, or the VCPU is to
  // start again: then it gives where. That wish counts only where the guest has taken the processor
  // off line: there is no packet for INIT, and guests send two STARTUPs, of which the second must
  // not hurt.
  absl::StatusOr<std::optional<uint64_t>> Run(const StopLatch& stop, PendingStartup& startup,
                                              const Watchers& watchers);

 private:
  Vcpu(zx::vcpu vcpu, const MemoryView& memory, VcpuRequests& requests, VcpuCounts& counts);

  zx_status_t Enter(zx_port_packet_t& packet, const Watchers& watchers);
  // It stands behind a HLT with interrupts off, which only INIT (or an NMI) ends.
  bool IsOffLine() const;
  absl::Status HandlePacket(const zx_port_packet_t& packet);
  absl::Status HandleIo(uint64_t key, const zx_packet_guest_io_t& io);
  absl::Status HandleMemory(uint64_t key, const zx_packet_guest_mem_t& access);
  absl::Status HandleRequest(const zx_packet_guest_vcpu_t& request);
  absl::Status EnterFailed(zx_status_t status) const;

  zx::vcpu vcpu_;
  const MemoryView* memory_;
  VcpuRequests* requests_;
  VcpuCounts* counts_;
  std::chrono::steady_clock::time_point left_{};  // When it came out last, if that is counted.
  MmioDecoder decoder_;
};

}  // namespace zvmm
