// The machine as a debugger's target: its VCPUs where they stay, its RAM through their page tables.

#pragma once

#include <zircon-kvm/debug.h>

#include <functional>
#include <map>

#include "debug/breakpoints.h"
#include "debug/debug_target.h"
#include "debug/vcpu_stops.h"
#include "guest_memory.h"

namespace zvmm {

// Refers to all. The debugger's thread's.
class MachineTarget final : public DebugTarget {
 public:
  MachineTarget(VcpuStops& stops, Breakpoints& breakpoints, const MemoryView& memory,
                std::function<void()> kill)
      : stops_(stops), breakpoints_(breakpoints), memory_(memory), kill_(std::move(kill)) {}

  std::vector<unsigned> Vcpus() override { return stops_.ids(); }
  bool ReadRegisters(unsigned vcpu, DebugRegisters& registers) override;
  bool WriteRegisters(unsigned vcpu, const DebugRegisters& registers) override;
  size_t ReadMemory(unsigned vcpu, uint64_t address, std::span<uint8_t> bytes) override;
  bool WriteMemory(unsigned vcpu, uint64_t address, std::span<const uint8_t> bytes) override;
  Result Insert(unsigned vcpu, const Breakpoint& breakpoint) override;
  Result Remove(unsigned vcpu, const Breakpoint& breakpoint) override;
  void GoOn(const std::function<DebugGo(unsigned vcpu)>& how) override;
  void Kill() override { kill_(); }

  // Takes all breakpoints out, for a debugger that has gone without doing so.
  void RemoveAll();

 private:
  // The bytes at a linear address, to the end of the page at most; empty if they are not RAM.
  std::span<uint8_t> Place(unsigned vcpu, uint64_t linear, size_t size);
  const zircon_kvm_system_registers_t* SystemOf(unsigned vcpu);

  VcpuStops& stops_;
  Breakpoints& breakpoints_;
  const MemoryView& memory_;
  const std::function<void()> kill_;
  // What has been asked since the machine stopped.
  std::map<unsigned, zircon_kvm_system_registers_t> systems_;
};

}  // namespace zvmm
