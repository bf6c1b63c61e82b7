// Core: exits for I/O ports (contract TRAP-IO rows).

#include <zircon/errors.h>

#include <cstring>

#include "vcpu/x86/core.h"
#include "vcpu/x86/core_known_exit.h"
#include "vcpu/x86/port_finder.h"

namespace zircon::vcpu::x86 {

// Where the trap is another than the last one, or the instruction is not known.
Turn Core::HandleIo(zx_port_packet_t* packet) {
  const kvm_run& run = page();
  const bool input = run.io.direction == KVM_EXIT_IO_IN;
  const guest::Trap* trap = guest_.space().traps().io.Find(run.io.port);
  if (trap == nullptr || run.io.count != 1 || !ports_.Knows(regs(), input)) {
    if (!registers_.HaveSregs()) return LookAgain();
    const PortInstruction insn = FindPortInstruction(view_, regs(), sregs(), run);
    if (insn.string) return RefuseIo(insn, ZX_ERR_NOT_SUPPORTED);
    if (trap == nullptr) return RefuseIo(insn, ZX_ERR_NOT_FOUND);
    ports_.Remember(view_, regs(), sregs(), insn, input);
  }
  io_trap_ = {.base = trap->base, .size = trap->size, .key = trap->key};
  TakeIo(trap->key, packet);
  return Turn::Packet();
}

// The kernel finishes the access, whatever comes of it; then the registers go back to where the
// instruction is executed again.
Turn Core::RefuseIo(const PortInstruction& insn, zx_status_t status) {
  kvm_run& run = page();
  if (insn.stores) {
    // The kernel will store what it finds in the buffer: what is there already. Upwards only; a
    // program that goes downwards through a refused string loses those bytes.
    view_.Read(sregs(), insn.destination, reinterpret_cast<uint8_t*>(&run) + run.io.data_offset,
               size_t{run.io.count} * run.io.size);
  }
  regs() = insn.before;
  return RewindAndGive(status);
}

}  // namespace zircon::vcpu::x86
