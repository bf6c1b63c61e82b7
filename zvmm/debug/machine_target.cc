#include "debug/machine_target.h"

#include <zircon/errors.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "boot/memory_map.h"
#include "debug/linear_address.h"

namespace zvmm {
namespace {

template <typename T>
bool Read(zx_handle_t vcpu, uint32_t kind, T& registers) {
  return zircon_kvm_vcpu_read_registers(vcpu, kind, &registers, sizeof(registers)) == ZX_OK;
}

template <typename T>
bool Write(zx_handle_t vcpu, uint32_t kind, const T& registers) {
  return zircon_kvm_vcpu_write_registers(vcpu, kind, &registers, sizeof(registers)) == ZX_OK;
}

}  // namespace

bool MachineTarget::ReadRegisters(unsigned vcpu, DebugRegisters& registers) {
  bool done = false;
  stops_.Do(vcpu, [&](zx_handle_t handle) {
    done = Read(handle, ZIRCON_KVM_REGISTERS_GENERAL, registers.general) &&
           Read(handle, ZIRCON_KVM_REGISTERS_SYSTEM, registers.system) &&
           Read(handle, ZIRCON_KVM_REGISTERS_VECTOR, registers.vector);
  });
  return done;
}

bool MachineTarget::WriteRegisters(unsigned vcpu, const DebugRegisters& registers) {
  bool done = false;
  systems_.erase(vcpu);
  stops_.Do(vcpu, [&](zx_handle_t handle) {
    // What is as it was is not written: the host's kernel need not take it.
    DebugRegisters old = {};
    const auto write = [handle](uint32_t kind, auto& before, const auto& after) {
      return Read(handle, kind, before) &&
             (std::memcmp(&before, &after, sizeof(after)) == 0 || Write(handle, kind, after));
    };
    done = write(ZIRCON_KVM_REGISTERS_SYSTEM, old.system, registers.system) &&
           write(ZIRCON_KVM_REGISTERS_VECTOR, old.vector, registers.vector) &&
           write(ZIRCON_KVM_REGISTERS_GENERAL, old.general, registers.general);
  });
  return done;
}

const zircon_kvm_system_registers_t* MachineTarget::SystemOf(unsigned vcpu) {
  const auto known = systems_.find(vcpu);
  if (known != systems_.end()) {
    return &known->second;
  }
  zircon_kvm_system_registers_t system = {};
  bool done = false;
  stops_.Do(vcpu,
            [&](zx_handle_t handle) { done = Read(handle, ZIRCON_KVM_REGISTERS_SYSTEM, system); });
  return done ? &systems_.emplace(vcpu, system).first->second : nullptr;
}

std::span<uint8_t> MachineTarget::Place(unsigned vcpu, uint64_t linear, size_t size) {
  const zircon_kvm_system_registers_t* system = SystemOf(vcpu);
  if (system == nullptr) {
    return {};
  }
  const auto physical = TranslateFor(memory_, *system, linear);
  const size_t length = std::min<size_t>(size, kPageSize - linear % kPageSize);
  return physical ? memory_.Range(*physical, length) : std::span<uint8_t>();
}

size_t MachineTarget::ReadMemory(unsigned vcpu, uint64_t address, std::span<uint8_t> bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const std::span<uint8_t> place = Place(vcpu, address + done, bytes.size() - done);
    if (place.empty()) {
      break;
    }
    std::memcpy(bytes.data() + done, place.data(), place.size());
    done += place.size();
  }
  breakpoints_.Hide(address, bytes.first(done));
  return done;
}

bool MachineTarget::WriteMemory(unsigned vcpu, uint64_t address, std::span<const uint8_t> bytes) {
  std::vector<std::span<uint8_t>> places;
  for (size_t found = 0; found < bytes.size(); found += places.back().size()) {
    places.push_back(Place(vcpu, address + found, bytes.size() - found));
    if (places.back().empty()) {
      return false;
    }
  }
  std::vector<uint8_t> wanted(bytes.begin(), bytes.end());
  breakpoints_.Keep(address, wanted);
  size_t done = 0;
  for (const std::span<uint8_t> place : places) {
    std::memcpy(place.data(), wanted.data() + done, place.size());
    done += place.size();
  }
  return true;
}

DebugTarget::Result MachineTarget::Insert(unsigned vcpu, const Breakpoint& breakpoint) {
  if (breakpoint.kind != Breakpoint::Kind::kSoftware) {
    if (!breakpoints_.abilities().hardware) {
      return Result::kNotSupported;
    }
    return breakpoints_.AddHardware(breakpoint) ? Result::kDone : Result::kFailed;
  }
  if (breakpoints_.HasSoftware(breakpoint.address)) {
    return Result::kDone;
  }
  const std::span<uint8_t> place = Place(vcpu, breakpoint.address, 1);
  if (place.empty()) {
    return Result::kFailed;
  }
  breakpoints_.software().emplace(breakpoint.address, place[0]);
  place[0] = breakpoints_.abilities().instruction;
  return Result::kDone;
}

DebugTarget::Result MachineTarget::Remove(unsigned vcpu, const Breakpoint& breakpoint) {
  if (breakpoint.kind != Breakpoint::Kind::kSoftware) {
    breakpoints_.RemoveHardware(breakpoint);
    return Result::kDone;
  }
  const auto found = breakpoints_.software().find(breakpoint.address);
  if (found == breakpoints_.software().end()) {
    return Result::kDone;
  }
  // Not if the guest has put something else there, or the page is away.
  const std::span<uint8_t> place = Place(vcpu, breakpoint.address, 1);
  if (!place.empty() && place[0] == breakpoints_.abilities().instruction) {
    place[0] = found->second;
  }
  breakpoints_.software().erase(found);
  return Result::kDone;
}

void MachineTarget::RemoveAll() {
  const std::vector<unsigned> vcpus = Vcpus();
  while (!vcpus.empty() && !breakpoints_.software().empty()) {
    Remove(vcpus[0], {.address = breakpoints_.software().begin()->first});
  }
  for (size_t i = 0; i < ZIRCON_KVM_BREAKPOINTS; ++i) {
    if (breakpoints_.hardware(i)) {
      breakpoints_.RemoveHardware(*breakpoints_.hardware(i));
    }
  }
}

void MachineTarget::GoOn(const std::function<DebugGo(unsigned vcpu)>& how) {
  systems_.clear();
  stops_.GoOn(how);
}

}  // namespace zvmm
