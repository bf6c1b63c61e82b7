// Core: exits for guest memory: traps, and accesses that nothing is mapped for (contract TRAP-MEM,
// TRAP-BELL and FAULT rows).

#include <zircon/errors.h>

#include <algorithm>
#include <cstring>

#include "base/log.h"
#include "vcpu/x86/control_bits.h"
#include "vcpu/x86/core.h"
#include "vcpu/x86/core_known_exit.h"
#include "vcpu/x86/operand.h"

namespace zircon::vcpu::x86 {
namespace {

// Instructions whose read the kernel completes by copying bytes into a register.
bool IsPlainLoad(const Instruction& insn) {
  return insn.form == Form::kLoad || insn.form == Form::kLoadZero || insn.form == Form::kLoadSign;
}

constexpr uint32_t kWholePiece = 8;  // the most that one exit has

}  // namespace

const guest::Trap* Core::MemoryTrap(uint64_t gpa) {
  if (memory_trap_ != nullptr && memory_trap_->Contains(gpa)) return memory_trap_;
  const guest::Trap* found = guest_.space().traps().memory.Find(gpa);
  if (found != nullptr) memory_trap_ = found;
  return found;
}

Turn Core::HandleMmio(zx_port_packet_t* packet) {
  const kvm_run& run = page();
  const guest::Trap* trap = MemoryTrap(run.mmio.phys_addr);
  if (trap != nullptr && RingsAtOnce(*trap)) {
    bell_ = {trap, run.mmio.phys_addr};
    return Turn::Bell();
  }
  if (!registers_.HaveSregs()) return LookAgain();
  if (run.mmio.is_write == 0) return HandleLoad(trap, packet);
  store_.Begin(run.mmio.phys_addr, run.mmio.len, run.mmio.data);
  return HandleStore(packet);
}

// A bell's packet has the address and nothing else. Where KVM has reported all of the store, and no
// repetition or single step is under way, nobody needs to know the instruction: a piece of less
// than 8 bytes that does not end where its page does is the last.
bool Core::RingsAtOnce(const guest::Trap& trap) const {
  const kvm_run& run = page();
  return trap.kind == ZX_GUEST_TRAP_BELL && run.mmio.is_write != 0 && run.mmio.len < kWholePiece &&
         (run.mmio.phys_addr + run.mmio.len) % kPageSize != 0 &&
         (regs().rflags & (kTrapFlag | kResumeFlag)) == 0;
}

zx_status_t Core::FindStore(Store* store, bool* found) {
  kvm_fpu vectors;
  for (;;) {
    switch (stores_.Find(view_, regs(), sregs(), store_, store)) {
      case StoreFinder::Answer::kFound:
        *found = true;
        return ZX_OK;
      case StoreFinder::Answer::kNothingFits:
        *found = false;
        return ZX_OK;
      case StoreFinder::Answer::kMorePieces: {
        const zx_status_t status = FinishInKernel(&store_);
        if (status != ZX_OK) return status;
        break;
      }
      case StoreFinder::Answer::kVectorRegisters:
        // Without them the candidates stay what they are.
        store_.SetVectors(fd_.GetFpu(&vectors) == 0 ? &vectors : nullptr);
        break;
    }
  }
}

// The kernel reports a store when it has finished the instruction: RIP is past it.
Turn Core::HandleStore(zx_port_packet_t* packet) {
  const uint64_t address = store_.piece(0).gpa;
  const guest::Trap* trap = MemoryTrap(address);
  if (trap == nullptr) return RefuseStore();
  Store store;
  bool found = false;
  const zx_status_t status = FindStore(&store, &found);
  if (status != ZX_OK) return StopInStore(status);
  const bool repeats = found && store.progress == Progress::kRepeats;
  const uint64_t rip = found ? store.Rip(regs(), sregs()) : regs().rip;
  const uint8_t length = found ? store.insn->length : 0;
  // A store in pieces is one packet: the kernel finishes the rest unseen. So is a repeated one,
  // whose remaining iterations are dropped. The kernel forgets the trap of a single step.
  const bool pieces_left = !store_.complete() && (!found || !store.whole);
  if (repeats || pieces_left || (regs().rflags & kTrapFlag) != 0) {
    owed_.kind = PendingExit::kOther;
    owed_.rflags = regs().rflags;
    owed_.next_rip = repeats ? rip + length : 0;
  }
  if (trap->kind == ZX_GUEST_TRAP_BELL) {
    bell_ = {trap, address};
    return Turn::Bell();
  }
  FillMemPacket(*trap, address, rip, length, DefaultOperandSize(sregs()), packet);
  if (found && !repeats && store.whole && store_.count() == 1 && stores_.code() != nullptr) {
    accesses_.RememberStore(view_, regs(), sregs(), stores_.ending(), stores_.code(), address);
  }
  return Turn::Packet();
}

// RIP is still on the instruction, and the registers are what they were before it.
Turn Core::HandleLoad(const guest::Trap* trap, zx_port_packet_t* packet) {
  const kvm_run& run = page();
  const uint64_t address = run.mmio.phys_addr;
  uint8_t bytes[kMaxInstructionLength];
  const size_t have = view_.Read(sregs(), LinearCode(sregs(), regs().rip), bytes, sizeof(bytes));
  Instruction load;
  const bool known = loads_.Decode(bytes, have, CodeModeOf(sregs()), &load);
  // The kernel, finishing it, would go through all its iterations.
  owed_.repeated = known && load.repeated;
  if (trap == nullptr) {
    const zx_status_t why = guest_.space().Explain(address, false);
    return RewindAndGive(why == ZX_OK ? ZX_ERR_NOT_FOUND : why);
  }

  owed_.rflags = regs().rflags;
  owed_.kind = PendingExit::kOther;
  owed_.next_rip = known ? regs().rip + load.length : 0;
  if (trap->kind == ZX_GUEST_TRAP_BELL) {
    // A bell cannot be read; the instruction is over all the same.
    return Turn::Status(ZX_ERR_NOT_SUPPORTED);
  }
  FillMemPacket(*trap, address, regs().rip, known ? load.length : 0, DefaultOperandSize(sregs()),
                packet);
  if (known && IsPlainLoad(load) && load.memory.access_size == run.mmio.len) {
    TakeLoad(KnownLoad::Of(load, static_cast<uint8_t>(run.mmio.len)));
    accesses_.RememberLoad(view_, regs(), sregs(), load, bytes);
  }
  return Turn::Packet();
}

zx_status_t Core::ReadInstruction(const zx_port_packet_t& packet, InstructionBytes* code) {
  *code = {};
  if (packet.type != ZX_PKT_TYPE_GUEST_MEM) return ZX_OK;
  const zx_packet_guest_mem_t& mem = packet.guest_mem;
  // Of an instruction that is not known the first byte tells whether code can be read at all.
  const size_t wanted = std::max<size_t>(mem.instruction_size, 1);
  const size_t have = view_.Read(sregs(), LinearCode(sregs(), mem.rip), code->data(), wanted);
  if (mem.instruction_size == 0) *code = {};
  return have == wanted ? ZX_OK : ZX_ERR_NOT_FOUND;
}

Turn Core::RefuseStore() {
  const uint64_t address = store_.piece(0).gpa;
  const zx_status_t why = guest_.space().Explain(address, true);
  // All of it first: half a store may be that of another instruction.
  zx_status_t status = FinishInKernel(&store_);
  Store store;
  bool found = false;
  if (status == ZX_OK) status = FindStore(&store, &found);
  if (status != ZX_OK) return StopInStore(status);
  if (found) {
    regs() = store.Before(regs(), sregs());
    registers_.MarkRegs();
  } else {
    LOG_DEBUG("VCPU {}: a store to {:#x} cannot be repeated: no instruction before RIP {:#x} fits",
              id_, address, regs().rip);
  }
  return Turn::Status(why == ZX_OK ? ZX_ERR_NOT_FOUND : why);
}

Turn Core::StopInStore(zx_status_t status) {
  owed_.kind = PendingExit::kStore;
  return Turn::Status(status);
}

}  // namespace zircon::vcpu::x86
