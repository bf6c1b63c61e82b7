// A VCPU that a debugger looks at, as its own thread sees it: when it stays, and which of its
// packets are the debugger's.

#pragma once

#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include <optional>

#include "debug/breakpoints.h"
#include "debug/vcpu_stops.h"

namespace zvmm {

// Refers to all. Belongs to the VCPU's thread.
class DebuggedVcpu {
 public:
  DebuggedVcpu(unsigned id, zx_handle_t vcpu, VcpuStops& stops, const Breakpoints& breakpoints);
  ~DebuggedVcpu();
  DebuggedVcpu(const DebuggedVcpu&) = delete;
  DebuggedVcpu& operator=(const DebuggedVcpu&) = delete;

  // Before each enter: stays here while the machine is stopped.
  void BeforeEnter();
  // What enter gave. True: it was a stop, and the VCPU has stayed; there is nothing to handle.
  bool TookStop(zx_status_t status, const zx_port_packet_t& packet);
  // The guest cannot go on: stays here until the debugger has seen it.
  void AtCrash();

 private:
  void Stay(const std::optional<DebugStop>& stop);
  std::optional<DebugStop> StopOf(const zx_port_packet_t& packet);
  // Whether the guest is behind a breakpoint that is an IN; then it is put in front of it.
  std::optional<DebugStop> StopBehindIn(uint8_t executed);
  DebugStop StopAt(DebugStop::Why why, const Breakpoint& hit = {}) const {
    return {.why = why, .vcpu = id_, .hit = hit};
  }

  const unsigned id_;
  const zx_handle_t vcpu_;
  VcpuStops& stops_;
  const Breakpoints& breakpoints_;
  bool told_ = false;  // KVM has been told something
  // One instruction, and then it stays: from the debugger's wish to the enter that executes it.
  enum class Step : uint8_t { kNone, kBegins, kUnderWay };
  Step step_ = Step::kNone;
};

}  // namespace zvmm
