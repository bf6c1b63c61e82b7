#include "debug/debug_probe.h"

#include <lib/zx/guest.h>
#include <lib/zx/vcpu.h>
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <zircon-kvm/debug.h>

#include <cstdint>

#include "boot/memory_map.h"
#include "host/start_thread.h"

namespace zvmm {
namespace {

constexpr uint64_t kMemory = 4 * kPageSize;  // Three tables, one page of code.
constexpr uint64_t kCode = 3 * kPageSize;
constexpr uint16_t kPort = 0x10;

// A guest that executes `code` in 64-bit mode, until it comes to an OUT to kPort. Whether it stops
// before.
bool Stops(const zx::resource& hypervisor, std::initializer_list<uint8_t> code,
           const zircon_kvm_debug_t& debug) {
  zx::guest guest;
  zx::vmar space;
  zx::vmo memory;
  zx_vaddr_t at = 0;
  if (zx::guest::create(hypervisor, 0, &guest, &space) != ZX_OK ||
      zx::vmo::create(kMemory, 0, &memory) != ZX_OK ||
      space.map(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC, 0, memory,
                0, kMemory, &at) != ZX_OK) {
    return false;
  }
  // The first 2 MiB onto themselves.
  constexpr uint64_t kPresentWritable = 3;
  constexpr uint64_t kLarge = 1 << 7;
  const uint64_t entries[] = {kPageSize | kPresentWritable, 2 * kPageSize | kPresentWritable,
                              kLarge | kPresentWritable};
  for (size_t i = 0; i < std::size(entries); ++i) {
    if (memory.write(&entries[i], i * kPageSize, sizeof(entries[i])) != ZX_OK) {
      return false;
    }
  }
  zx::vcpu vcpu;
  if (memory.write(code.begin(), kCode, code.size()) != ZX_OK ||
      guest.set_trap(ZX_GUEST_TRAP_IO, kPort, 1, zx::port(), 0) != ZX_OK ||
      zx::vcpu::create(guest, 0, kCode, &vcpu) != ZX_OK ||
      zircon_kvm_vcpu_set_debug(vcpu.get(), &debug, sizeof(debug)) != ZX_OK) {
    return false;
  }
  zx_port_packet_t packet = {};
  return vcpu.enter(&packet) == ZX_OK && ZIRCON_KVM_PKT_IS_DEBUG(packet.type);
}

}  // namespace

DebugAbilities ProbeDebugAbilities(const zx::resource& hypervisor) {
  DebugAbilities abilities = {.instruction = DebugAbilities::kIn, .hardware = false};
  // A VCPU is its thread's, and this one may have another to come.
  auto thread = StartThread("debug-probe", [&] {
    zircon_kvm_debug_t debug = {};
    debug.flags = ZIRCON_KVM_DEBUG_BREAKPOINTS;
    if (Stops(hypervisor, {0xCC, 0xE6, kPort, 0xE6, kPort}, debug)) {
      abilities.instruction = DebugAbilities::kInt3;
    }
    debug = {};
    debug.breakpoints[0] = {kCode + 1, ZIRCON_KVM_BREAKPOINT_EXECUTE, 1};
    abilities.hardware = Stops(hypervisor, {0x90, 0x90, 0xE6, kPort, 0xE6, kPort}, debug);
  });
  if (thread.ok()) {
    thread->join();
  }
  return abilities;
}

}  // namespace zvmm
