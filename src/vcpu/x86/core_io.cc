// Core: exits for I/O ports (contract TRAP-IO rows).

#include <zircon/errors.h>

#include <cstring>

#include "vcpu/x86/core.h"

namespace zircon::vcpu::x86 {
namespace {

bool SamePort(const Instruction& insn, const kvm_run& run, uint64_t rdx) {
  const uint64_t port = insn.has_immediate ? insn.immediate : rdx & 0xFFFF;
  return insn.port_size == run.io.size && port == run.io.port;
}

}  // namespace

// INS and OUTS come as the same exit as IN and OUT. Only the instruction tells: at RIP, or, where the
// host's emulator has moved RIP on already, before it.
bool Core::IsStringIo(const kvm_run& run) {
  if (run.io.count != 1) return true;
  const CodeMode mode = CodeModeOf(sregs());
  const uint64_t rip = (mode == CodeMode::k64 ? 0 : sregs().cs.base) + regs().rip;
  const bool out = run.io.direction == KVM_EXIT_IO_OUT;
  uint8_t bytes[kMaxInstructionLength];
  const size_t have = view_.Read(sregs(), rip, bytes, sizeof(bytes));
  // The usual case without a decoder: IN or OUT without a prefix.
  if (have >= 1) {
    const uint8_t opcode = bytes[0];
    const bool by_dx = out ? opcode == 0xEE || opcode == 0xEF : opcode == 0xEC || opcode == 0xED;
    const bool by_byte = out ? opcode == 0xE6 || opcode == 0xE7 : opcode == 0xE4 || opcode == 0xE5;
    const uint8_t wide = mode == CodeMode::k16 ? 2 : 4;
    const uint8_t size = (opcode & 1) != 0 ? wide : 1;
    if (size == run.io.size &&
        ((by_dx && (regs().rdx & 0xFFFF) == run.io.port) ||
         (by_byte && have >= 2 && bytes[1] == run.io.port))) {
      return false;
    }
  }
  Instruction insn;
  if (Decode(bytes, have, mode, &insn)) {
    if (insn.form == (out ? Form::kPortOut : Form::kPortIn) &&
        SamePort(insn, run, regs().rdx)) {
      return false;
    }
    // A repeated string instruction stays where it is until its last iteration.
    if (insn.form == Form::kPortString) return true;
  }
  if (!out) return true;
  // RIP has been moved on: the shortest instruction that ends here tells a string by its last byte.
  uint8_t last[2];
  if (view_.Read(sregs(), rip - 2, last, sizeof(last)) != sizeof(last)) return false;
  const bool string = last[1] == 0x6E || last[1] == 0x6F;
  const bool by_byte = (last[0] == 0xE6 || last[0] == 0xE7) && last[1] == run.io.port;
  return string && !by_byte;
}

Turn Core::HandleIo(zx_port_packet_t* packet) {
  const kvm_run& run = fd_.run();
  const bool in = run.io.direction == KVM_EXIT_IO_IN;
  const guest::Trap* trap = guest_.space().traps().io.Find(run.io.port);
  zx_status_t refused = ZX_OK;
  if (IsStringIo(run)) {
    refused = ZX_ERR_NOT_SUPPORTED;
  } else if (trap == nullptr) {
    refused = ZX_ERR_NOT_FOUND;
  }
  if (refused != ZX_OK) {
    if (!in) return RefuseOut(refused);
    const zx_status_t status = Rewind();
    return Turn::Status(status == ZX_OK ? refused : status);
  }

  packet->key = trap->key;
  packet->type = ZX_PKT_TYPE_GUEST_IO;
  packet->status = ZX_OK;
  packet->guest_io = {};
  zx_packet_guest_io_t& io = packet->guest_io;
  io.port = run.io.port;
  io.access_size = run.io.size;
  io.input = in;
  if (in) {
    owed_.kind = PendingExit::kIn;
    owed_.size = run.io.size;
    owed_.rflags = regs().rflags;
    // Four bytes clear RAX before the VMM answers; one and two leave what it was.
    if (run.io.size == 4) regs().rax = 0;
  } else {
    std::memcpy(io.data, reinterpret_cast<const uint8_t*>(&run) + run.io.data_offset, run.io.size);
  }
  return Turn::Packet();
}

// An OUT that no trap takes: RIP goes back to it. At the exit RIP is on the instruction, or past it
// where the host's emulator made it; a string has moved RSI and RCX too.
Turn Core::RefuseOut(zx_status_t status) {
  const kvm_regs before = regs();
  const uint32_t size = fd_.run().io.size;
  const uint16_t port = fd_.run().io.port;
  const CodeMode mode = CodeModeOf(sregs());
  const uint64_t base = mode == CodeMode::k64 ? 0 : sregs().cs.base;
  if (!FinishInKernel()) return LogOnce("an OUT that does not end: exit reason", fd_.run().exit_reason);
  kvm_regs after = before;
  if (regs().rip == before.rip) {
    // Past it already. The longest instruction that ends here and fits is the OUT.
    uint8_t bytes[kMaxInstructionLength];
    for (size_t length = 1; length <= 4; ++length) {
      Instruction insn;
      if (view_.Read(sregs(), base + before.rip - length, bytes, length) != length) break;
      if (!Decode(bytes, length, mode, &insn) || insn.length != length) continue;
      const bool plain = insn.form == Form::kPortOut && insn.port_size == size &&
                         (insn.has_immediate ? insn.immediate : before.rdx & 0xFFFF) == port;
      const bool string = insn.form == Form::kPortString && insn.port_size == size;
      if (!plain && !string) continue;
      after.rip = before.rip - length;
      if (string) {
        constexpr uint64_t kDirectionFlag = 1u << 10;
        after.rsi = (before.rflags & kDirectionFlag) != 0 ? before.rsi + size : before.rsi - size;
        if (insn.repeated) after.rcx = before.rcx + 1;
      }
      break;
    }
  }
  regs() = after;
  MarkRegsDirty();
  return Turn::Status(status);
}

}  // namespace zircon::vcpu::x86
