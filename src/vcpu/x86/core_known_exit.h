// Core: what each enter goes through, inline in vcpu/processor_enter.h: folding what an exit owes
// into the next run, and exits whose instruction is known. Whatever is not plain is left to the
// functions of core*.cc, which come to the same for what is.
//
// It is compiled for general registers alone there: what is a call keeps the others
// (base/vector_registers.h).

#pragma once

#include <cstring>

#include "base/vector_registers.h"
#include "vcpu/x86/core.h"
#include "vcpu/x86/operand.h"

namespace zircon::vcpu::x86 {

inline constexpr uint8_t kOperandSizeOf64BitCode = 4;

// What a packet has behind its head becomes zero, word by word: compilers that may use general
// registers alone make more of it.
inline void ClearPayload(zx_port_packet_t* packet) {
  packet->user.u64[0] = 0;
  packet->user.u64[1] = 0;
  packet->user.u64[2] = 0;
  packet->user.u64[3] = 0;
}
static_assert(sizeof(zx_packet_user_t) == 4 * sizeof(uint64_t) &&
              sizeof(zx_packet_guest_io_t) <= sizeof(zx_packet_user_t) &&
              sizeof(zx_packet_guest_mem_t) <= sizeof(zx_packet_user_t));

// The kernel, given the right bytes, must end with just the registers that the VMM wants; then they
// are put where the next run finds them, and nothing more is to be done.
inline bool Core::SettleByRun() {
  if (owed_.kind == PendingExit::kNone) return true;
  if (owed_.kind == PendingExit::kIn) {
    // The kernel's emulator writes its own flags back. Four bytes clear the upper half of RAX on
    // their way.
    if (regs().rflags != owed_.rflags) return false;
    if (owed_.size == 4 && regs().rax >> 32 != 0) return false;
    kvm_run& run = page();
    // The kernel takes as many as it waits for; a copy of a known size is no call.
    std::memcpy(reinterpret_cast<uint8_t*>(&run) + run.io.data_offset, &regs().rax, 4);
  } else if (owed_.kind != PendingExit::kLoad || !FoldLoad()) {
    return false;
  }
  owed_.kind = PendingExit::kNone;
  return true;
}

inline bool Core::FoldLoad() {
  if (regs().rflags != owed_.rflags) return false;
  const GeneralRegister& destination = owed_.destination;
  // `value` cut to its low `size` bytes, at least one.
  const auto low = [](uint64_t value, uint8_t size) {
    return value & (~uint64_t{0} >> (64 - 8 * size));
  };
  const uint64_t whole = *RegisterSlot(&regs(), destination.number);
  const uint64_t wanted = destination.high_byte ? (whole >> 8) & 0xFF : whole;
  const uint64_t bytes = low(wanted, owed_.size);
  uint64_t result = bytes;
  if (owed_.form == Form::kLoadSign) [[unlikely]] {
    // As 64 bits, with the sign of the bytes that are loaded.
    const int shift = 64 - 8 * owed_.size;
    const auto extended = static_cast<uint64_t>(static_cast<int64_t>(bytes << shift) >> shift);
    result = low(extended, destination.size);
  }
  uint64_t differs = wanted ^ result;
  // 8- and 16-bit destinations leave the rest of the register; 32-bit ones clear it.
  if (destination.size < 4) [[unlikely]]
    differs = low(differs, destination.size);
  if (differs != 0) return false;
  std::memcpy(page().mmio.data, &bytes, sizeof(bytes));
  return true;
}

inline void Core::TakeIo(uint64_t key, zx_port_packet_t* packet) {
  const kvm_run& run = page();
  packet->key = key;
  packet->type = ZX_PKT_TYPE_GUEST_IO;
  packet->status = ZX_OK;
  ClearPayload(packet);
  zx_packet_guest_io_t& io = packet->guest_io;
  io.port = run.io.port;
  io.access_size = run.io.size;
  owed_ = PendingExit{};
  if (run.io.direction == KVM_EXIT_IO_IN) {
    io.input = true;
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
}

inline bool Core::HandleKnownIo(zx_port_packet_t* packet) {
  const kvm_run& run = page();
  const bool input = run.io.direction == KVM_EXIT_IO_IN;
  if (run.io.count != 1 || !io_trap_.Contains(run.io.port) || !ports_.Knows(regs(), input)) {
    return false;
  }
  counters_.Count(ZIRCON_KVM_EXIT_IO);
  TakeIo(io_trap_.key, packet);
  return true;
}

inline void Core::FillMemPacket(const guest::Trap& trap, uint64_t address, uint64_t rip,
                                uint8_t length, uint8_t operand_size,
                                zx_port_packet_t* packet) const {
  packet->key = trap.key;
  packet->type = ZX_PKT_TYPE_GUEST_MEM;
  packet->status = ZX_OK;
  ClearPayload(packet);
  zx_packet_guest_mem_t& mem = packet->guest_mem;
  mem.addr = address;
  mem.cr3 = sregs().cr3;
  mem.rip = rip;
  mem.instruction_size = length;
  mem.default_operand_size = operand_size;
}

inline bool Core::HandleKnownAccess(zx_port_packet_t* packet) {
  const kvm_run& run = page();
  const uint64_t address = run.mmio.phys_addr;
  const guest::Trap* trap = memory_trap_;
  if (trap == nullptr || !trap->Contains(address)) [[unlikely]]
    trap = base::KeepingVectors([this, address] { return MemoryTrap(address); });
  if (trap == nullptr || trap->kind != ZX_GUEST_TRAP_MEM || !registers_.HaveCopiedSregs()) {
    return false;
  }
  const uint64_t rip = regs().rip;
  if (run.mmio.is_write != 0) {
    // A repeated one, or one that owes the trap of a single step.
    if ((regs().rflags & (kTrapFlag | kResumeFlag)) != 0) return false;
    const uint8_t length =
        accesses_.FindStore(view_, regs(), sregs(), address, run.mmio.len, run.mmio.data);
    if (length == 0) return false;
    owed_ = PendingExit{};
    FillMemPacket(*trap, address, rip - length, length, kOperandSizeOf64BitCode, packet);
  } else {
    const KnownLoad* load = accesses_.FindLoad(regs(), sregs(), run.mmio.len);
    if (load == nullptr) return false;
    TakeLoad(*load);
    FillMemPacket(*trap, address, rip, load->length, kOperandSizeOf64BitCode, packet);
  }
  counters_.Count(ZIRCON_KVM_EXIT_MMIO);
  return true;
}

// Its destination is owed to the kernel.
inline void Core::TakeLoad(const KnownLoad& load) {
  owed_.TakeKind(load.owed);
  owed_.rflags = regs().rflags;
  owed_.next_rip = regs().rip + load.length;
}

inline bool Core::HandleKnownExit(zx_port_packet_t* packet) {
  switch (page().exit_reason) {
    case KVM_EXIT_IO:
      return HandleKnownIo(packet);
    case KVM_EXIT_MMIO:
      return HandleKnownAccess(packet);
    default:
      return false;
  }
}

}  // namespace zircon::vcpu::x86
