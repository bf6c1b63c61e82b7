// One VCPU: enters the guest, and answers what comes out of it.

#pragma once

#include <lib/zx/guest.h>
#include <lib/zx/vcpu.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include <chrono>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boot/cpu_entry.h"
#include "devices/device.h"
#include "guest_memory.h"
#include "mmio/mmio_decode.h"
#include "stop.h"
#include "vcpu_counts.h"

namespace zvmm {

// What a VCPU asks of the others.
class VcpuRequests : public InterruptSink {
 public:
  // Starts VCPU `id` in real mode at `entry`.
  virtual void Startup(uint64_t id, uint64_t entry) = 0;
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

  // Runs until `stop` is requested and the VCPU kicked, or the guest cannot go on. `timed`: counts
  // time too.
  absl::Status Run(const StopLatch& stop, bool timed);

 private:
  Vcpu(zx::vcpu vcpu, const MemoryView& memory, VcpuRequests& requests, VcpuCounts& counts);

  zx_status_t Enter(zx_port_packet_t& packet, bool timed);
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
