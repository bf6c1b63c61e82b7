// Core: exits for I/O ports (contract TRAP-IO rows).

#include <zircon/errors.h>

#include <cstring>

#include "vcpu/x86/core.h"
#include "vcpu/x86/port_finder.h"

namespace zircon::vcpu::x86 {

Turn Core::HandleIo(zx_port_packet_t* packet) {
  const kvm_run& run = fd_.run();
  const bool input = run.io.direction == KVM_EXIT_IO_IN;
  const guest::Trap* trap = IoTrap(run.io.port);
  if (trap == nullptr || run.io.count != 1 || !ports_.Knows(regs(), input)) [[unlikely]] {
    Turn instead;
    if (!IsTrappedPortInstruction(trap, &instead)) return instead;
  }

  packet->key = trap->key;
  packet->type = ZX_PKT_TYPE_GUEST_IO;
  packet->status = ZX_OK;
  packet->guest_io = {};
  zx_packet_guest_io_t& io = packet->guest_io;
  io.port = run.io.port;
  io.access_size = run.io.size;
  io.input = input;
  if (input) {
    owed_.kind = PendingExit::kIn;
    owed_.size = run.io.size;
    owed_.rflags = regs().rflags;
    // Four bytes clear RAX before the VMM answers; one and two leave what it was.
    if (run.io.size == 4) regs().rax = 0;
  } else {
    // Four bytes in any case, of which the access's are kept: a copy of a known size is no call.
    uint32_t data;
    std::memcpy(&data, reinterpret_cast<const uint8_t*>(&run) + run.io.data_offset, sizeof(data));
    io.u32 = data & (0xFFFFFFFF >> (32 - 8 * run.io.size));
  }
  return Turn::Packet();
}

bool Core::IsTrappedPortInstruction(const guest::Trap* trap, Turn* instead) {
  if (!registers_.HaveSregs()) {
    *instead = LookAgain();
    return false;
  }
  const kvm_run& run = fd_.run();
  const PortInstruction insn = FindPortInstruction(view_, regs(), sregs(), run);
  if (insn.string || trap == nullptr) {
    *instead = RefuseIo(insn, insn.string ? ZX_ERR_NOT_SUPPORTED : ZX_ERR_NOT_FOUND);
    return false;
  }
  ports_.Remember(view_, regs(), sregs(), insn, run.io.direction == KVM_EXIT_IO_IN);
  return true;
}

// The kernel finishes the access, whatever comes of it; then the registers go back to where the
// instruction is executed again.
Turn Core::RefuseIo(const PortInstruction& insn, zx_status_t status) {
  kvm_run& run = fd_.run();
  if (insn.destination != 0) {
    // The kernel will store what it finds in the buffer: what is there already. Upwards only; a
    // program that goes downwards through a refused string loses those bytes.
    view_.Read(sregs(), insn.destination, reinterpret_cast<uint8_t*>(&run) + run.io.data_offset,
               size_t{run.io.count} * run.io.size);
  }
  regs() = insn.before;
  const zx_status_t rewound = Rewind();
  return Turn::Status(rewound == ZX_OK ? status : rewound);
}

}  // namespace zircon::vcpu::x86
