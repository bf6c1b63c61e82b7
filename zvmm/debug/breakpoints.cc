#include "debug/breakpoints.h"

#include <utility>

namespace zvmm {
namespace {

uint32_t KindOf(const Breakpoint& breakpoint) {
  switch (breakpoint.kind) {
    case Breakpoint::Kind::kWrite:
      return ZIRCON_KVM_BREAKPOINT_WRITE;
    case Breakpoint::Kind::kAccess:
      return ZIRCON_KVM_BREAKPOINT_ACCESS;
    default:
      return ZIRCON_KVM_BREAKPOINT_EXECUTE;
  }
}

}  // namespace

bool Breakpoints::AddHardware(const Breakpoint& breakpoint) {
  for (auto& place : hardware_) {
    if (!place) {
      place = breakpoint;
      return true;
    }
  }
  return false;
}

void Breakpoints::RemoveHardware(const Breakpoint& breakpoint) {
  for (auto& place : hardware_) {
    if (place == breakpoint) {
      place.reset();
      return;
    }
  }
}

zircon_kvm_debug_t Breakpoints::ForVcpu(bool step) const {
  zircon_kvm_debug_t debug = {};
  if (step) {
    debug.flags |= ZIRCON_KVM_DEBUG_STEP | ZIRCON_KVM_DEBUG_HOLD_EVENTS;
  }
  if (!software_.empty() && abilities_.instruction == DebugAbilities::kInt3) {
    debug.flags |= ZIRCON_KVM_DEBUG_BREAKPOINTS;
  }
  for (size_t i = 0; i < hardware_.size(); ++i) {
    if (hardware_[i]) {
      debug.breakpoints[i] = {hardware_[i]->address, KindOf(*hardware_[i]), hardware_[i]->size};
    }
  }
  return debug;
}

void Breakpoints::Hide(uint64_t address, std::span<uint8_t> bytes) const {
  for (auto at = software_.lower_bound(address);
       at != software_.end() && at->first - address < bytes.size(); ++at) {
    bytes[at->first - address] = at->second;
  }
}

void Breakpoints::Keep(uint64_t address, std::span<uint8_t> bytes) {
  for (auto at = software_.lower_bound(address);
       at != software_.end() && at->first - address < bytes.size(); ++at) {
    at->second = std::exchange(bytes[at->first - address], abilities_.instruction);
  }
}

}  // namespace zvmm
