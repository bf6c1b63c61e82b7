// The breakpoints that are in the guest. Changed while the machine is stopped, read by the VCPUs'
// threads while it runs (debug/vcpu_stops.h orders the two).

#pragma once

#include <zircon-kvm/debug.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "debug/debug_target.h"

namespace zvmm {

// What stops a guest on this host (debug/debug_probe.h).
struct DebugAbilities {
  // The instruction that is put in the place of another. INT3 stops everywhere; hosts that cannot
  // keep it from the guest have "in (%dx), %al", which stops the guest's kernel only: its programs
  // may not execute it.
  static constexpr uint8_t kInt3 = 0xCC;
  static constexpr uint8_t kIn = 0xEC;
  uint8_t instruction = kInt3;
  bool hardware = true;  // The processor's breakpoints work.
};

// Not thread-safe: as said above.
class Breakpoints {
 public:
  explicit Breakpoints(const DebugAbilities& abilities) : abilities_(abilities) {}

  const DebugAbilities& abilities() const { return abilities_; }

  // Those in the code, with the bytes that they stand for.
  std::map<uint64_t, uint8_t>& software() { return software_; }
  bool HasSoftware(uint64_t address) const { return software_.contains(address); }

  // False: four are there already.
  bool AddHardware(const Breakpoint& breakpoint);
  void RemoveHardware(const Breakpoint& breakpoint);
  const std::optional<Breakpoint>& hardware(size_t index) const { return hardware_[index]; }

  // What a VCPU is told.
  zircon_kvm_debug_t ForVcpu(bool step) const;

  // Bytes read at `address`: as they are without breakpoints.
  void Hide(uint64_t address, std::span<uint8_t> bytes) const;
  // Bytes written there: what they are behind a breakpoint. `bytes` becomes what is to be written.
  void Keep(uint64_t address, std::span<uint8_t> bytes);

 private:
  const DebugAbilities abilities_;
  std::map<uint64_t, uint8_t> software_;
  std::array<std::optional<Breakpoint>, ZIRCON_KVM_BREAKPOINTS> hardware_;
};

}  // namespace zvmm
