#include "debug/debugged_vcpu.h"

#include <zircon-kvm/debug.h>
#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include <cstring>

#include "host/log.h"

namespace zvmm {
namespace {

constexpr uint32_t kBreakpointVector = 3;

bool IsIn(const zx_port_packet_t& packet) {
  return ZX_PKT_IS_GUEST_IO(packet.type) && packet.guest_io.input &&
         packet.guest_io.access_size == 1;
}

// Moves RIP by `distance`, if `wanted` says so of where it is.
template <typename Wanted>
std::optional<uint64_t> MoveRip(zx_handle_t vcpu, uint64_t distance, Wanted wanted) {
  zircon_kvm_general_registers_t general = {};
  if (zircon_kvm_vcpu_read_registers(vcpu, ZIRCON_KVM_REGISTERS_GENERAL, &general,
                                     sizeof(general)) != ZX_OK) {
    return std::nullopt;
  }
  general.rip += distance;
  if (!wanted(general.rip)) {
    return std::nullopt;
  }
  if (distance != 0 && zircon_kvm_vcpu_write_registers(vcpu, ZIRCON_KVM_REGISTERS_GENERAL, &general,
                                                       sizeof(general)) != ZX_OK) {
    return std::nullopt;
  }
  return general.rip;
}

}  // namespace

DebuggedVcpu::DebuggedVcpu(unsigned id, zx_handle_t vcpu, VcpuStops& stops,
                           const Breakpoints& breakpoints)
    : id_(id), vcpu_(vcpu), stops_(stops), breakpoints_(breakpoints) {
  stops_.Add(id_, vcpu_);
}

DebuggedVcpu::~DebuggedVcpu() { stops_.Remove(id_); }

void DebuggedVcpu::BeforeEnter() {
  if (step_ == Step::kUnderWay) {
    // Its instruction gave a packet, and is over.
    Stay(StopAt(DebugStop::Why::kStep));
  } else if (stops_.wanted()) {
    Stay(std::nullopt);
  }
  if (step_ == Step::kBegins) {
    step_ = Step::kUnderWay;
  }
}

bool DebuggedVcpu::TookStop(zx_status_t status, const zx_port_packet_t& packet) {
  if (status == ZX_ERR_CANCELED) {
    // By a kick: it has not executed anything.
    if (step_ == Step::kUnderWay) {
      step_ = Step::kBegins;
    }
    return false;
  }
  const bool in = breakpoints_.abilities().instruction == DebugAbilities::kIn;
  std::optional<DebugStop> stop;
  if (status == ZX_OK) {
    stop = StopOf(packet);
  } else if (in && status == ZX_ERR_NOT_FOUND) {
    // Port 0xFFFF, which has no device: RIP is on the instruction.
    stop = StopBehindIn(0);
  }
  if (stop) {
    Stay(stop);
    return true;
  }
  return status == ZX_OK && ZIRCON_KVM_PKT_IS_DEBUG(packet.type);
}

std::optional<DebugStop> DebuggedVcpu::StopOf(const zx_port_packet_t& packet) {
  if (!ZIRCON_KVM_PKT_IS_DEBUG(packet.type)) {
    const bool in = breakpoints_.abilities().instruction == DebugAbilities::kIn;
    return in && IsIn(packet) ? StopBehindIn(1) : std::nullopt;
  }
  zircon_kvm_stop_t stop = {};
  std::memcpy(&stop, &packet.user, sizeof(stop));
  if ((stop.reasons & ZIRCON_KVM_STOP_BREAKPOINT) != 0) {
    const Breakpoint hit = {.address = stop.address};
    if (breakpoints_.HasSoftware(stop.address)) {
      return StopAt(DebugStop::Why::kBreakpoint, hit);
    }
    // The guest's own: it gets its exception, as the processor would have given it.
    if (MoveRip(vcpu_, 1, [](uint64_t) { return true; })) {
      zx_vcpu_interrupt(vcpu_, kBreakpointVector);
    }
    return std::nullopt;
  }
  for (size_t i = 0; i < ZIRCON_KVM_BREAKPOINTS; ++i) {
    if ((stop.reasons & ZIRCON_KVM_STOP_HARDWARE(i)) != 0 && breakpoints_.hardware(i)) {
      return StopAt(DebugStop::Why::kBreakpoint, *breakpoints_.hardware(i));
    }
  }
  return StopAt(DebugStop::Why::kStep);
}

std::optional<DebugStop> DebuggedVcpu::StopBehindIn(uint8_t executed) {
  const auto rip = MoveRip(vcpu_, uint64_t{0} - executed,
                           [this](uint64_t at) { return breakpoints_.HasSoftware(at); });
  if (!rip) {
    return std::nullopt;
  }
  return StopAt(DebugStop::Why::kBreakpoint, {.address = *rip});
}

void DebuggedVcpu::AtCrash() { Stay(StopAt(DebugStop::Why::kCrash)); }

void DebuggedVcpu::Stay(const std::optional<DebugStop>& stop) {
  const bool steps = stops_.Stay(id_, stop) == DebugGo::kStep;
  step_ = steps ? Step::kBegins : Step::kNone;
  const zircon_kvm_debug_t debug = breakpoints_.ForVcpu(steps);
  const zircon_kvm_debug_t nothing = {};
  const bool any = std::memcmp(&debug, &nothing, sizeof(debug)) != 0;
  if (!any && !told_) {
    return;
  }
  told_ = any;
  if (zircon_kvm_vcpu_set_debug(vcpu_, &debug, sizeof(debug)) != ZX_OK) {
    Say("this host's KVM has no single steps or breakpoints");
  }
}

}  // namespace zvmm
