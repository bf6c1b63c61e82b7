// Core: settling what an exit owes the kernel (vcpu/x86/pending_exit.h).

#include <zircon/errors.h>

#include <cerrno>
#include <cstring>

#include "vcpu/x86/core.h"
#include "vcpu/x86/injection.h"
#include "vcpu/x86/operand.h"

namespace zircon::vcpu::x86 {
namespace {

// An instruction comes back a few times (the pieces of a split access, read and written, the eight
// registers of a POPA). One that comes back more often repeats, whatever has been decoded: the
// guest may have changed its code since. It is cut short below.
constexpr int kLongestUnrepeated = 24;
constexpr int kMaxReturns = 64;
constexpr int kDebug = 1;
constexpr uint64_t kDr6SingleStep = 1u << 14;

// `value` cut to its low `size` bytes.
uint64_t Low(uint64_t value, uint8_t size) {
  return size >= 8 ? value : value & ((uint64_t{1} << (8 * size)) - 1);
}

// What a register of `size` bytes holds, as 64 bits, when the `from` low bytes of it were loaded
// with a sign.
uint64_t SignExtend(uint64_t value, uint8_t from, uint8_t size) {
  const int shift = 64 - 8 * from;
  const auto extended = static_cast<uint64_t>(static_cast<int64_t>(value << shift) >> shift);
  return Low(extended, size);
}

}  // namespace

zx_status_t Core::SettleOwed(bool* entered) {
  if (dead_ != ZX_OK) return dead_;
  if (FoldIntoRun()) {
    owed_ = PendingExit{};
    return ZX_OK;
  }
  *entered = true;
  return FinishKeepingRegisters();
}

// Whether the kernel, given the right bytes, will end with just the registers that the VMM wants;
// then they are put where the next run finds them, and nothing more is to be done.
bool Core::FoldIntoRun() {
  if (owed_.kind == PendingExit::kOther) return false;
  kvm_run& run = fd_.run();
  // The kernel's emulator writes its own flags back.
  if (regs().rflags != owed_.rflags) return false;

  if (owed_.kind == PendingExit::kIn) {
    // Four bytes clear the upper half of RAX on their way.
    if (owed_.size == 4 && regs().rax >> 32 != 0) return false;
    // The kernel takes as many as it waits for; a copy of a known size is no call.
    std::memcpy(reinterpret_cast<uint8_t*>(&run) + run.io.data_offset, &regs().rax, 4);
    return true;
  }

  const GeneralRegister& destination = owed_.destination;
  const uint64_t whole = *RegisterSlot(&regs(), destination.number);
  const uint64_t wanted = destination.high_byte ? (whole >> 8) & 0xFF : whole;
  const uint64_t bytes = Low(wanted, owed_.size);
  // 8- and 16-bit destinations leave the rest of the register; 32-bit ones clear it.
  uint64_t result = bytes;
  if (owed_.form == Form::kLoadSign) result = SignExtend(bytes, owed_.size, destination.size);
  const uint8_t defined = destination.size >= 4 ? 8 : destination.size;
  if (Low(wanted, defined) != Low(result, defined)) return false;
  std::memcpy(run.mmio.data, &bytes, sizeof(bytes));
  return true;
}

bool Core::FinishInKernel(StoreExit* pieces) {
  kvm_run& run = fd_.run();
  run.kvm_dirty_regs = 0;
  int error = 0;
  for (int i = 0; i < kMaxReturns && error == 0; ++i) {
    if (owed_.repeated || i >= kLongestUnrepeated) {
      // This iteration is the last.
      run.s.regs.regs.rcx = 1;
      run.kvm_dirty_regs = KVM_SYNC_X86_REGS;
    }
    // A null selector looks nothing up, a zero address is as good as any.
    const bool reads = run.exit_reason == KVM_EXIT_MMIO && run.mmio.is_write == 0;
    if (reads) std::memset(run.mmio.data, 0, sizeof(run.mmio.data));
    run.immediate_exit = 1;
    error = registers_.RunForAll();
    const bool writes = error == 0 && run.exit_reason == KVM_EXIT_MMIO && run.mmio.is_write != 0;
    if (writes && pieces != nullptr) pieces->Add(run.mmio.phys_addr, run.mmio.len, run.mmio.data);
  }
  // The byte stays set: a signal that came meanwhile has left no other trace (vcpu/processor.cc).
  if (pieces != nullptr) pieces->Complete();
  return error == EINTR || error == EAGAIN;
}

// The kernel has executed the instruction on bytes that do not matter: a DIV may have queued a #DE,
// a load of a segment register may have changed it.
void Core::RestoreAfterFinish(const kvm_regs& wanted, const kvm_sregs& before) {
  regs() = wanted;
  registers_.MarkRegs();
  if (std::memcmp(&sregs(), &before, sizeof(before)) != 0) registers_.SetSregs(before);
  kvm_vcpu_events& events = registers_.events();
  if (events.exception.injected != 0 || events.exception.pending != 0) {
    events.exception = {};
    registers_.MarkEvents();
  }
}

// By way of the debug registers: an exception that is given to the kernel has no DR6 with it.
void Core::OweSingleStep() {
  kvm_debugregs debug = {};
  if (fd_.GetDebugRegs(&debug) == 0 && (debug.dr6 & kDr6SingleStep) == 0) {
    debug.dr6 |= kDr6SingleStep;
    static_cast<void>(fd_.SetDebugRegs(debug));
  }
  QueueException(&fd_.run(), kDebug);
}

zx_status_t Core::FinishKeepingRegisters() {
  if (!registers_.HaveSregs()) return ZX_ERR_NO_MEMORY;
  kvm_regs wanted = regs();
  const kvm_sregs before = sregs();
  if (!FinishInKernel()) return Unending("an instruction").status;
  wanted.rip = owed_.next_rip != 0 ? owed_.next_rip : regs().rip;
  wanted.rflags &= ~kResumeFlag;
  RestoreAfterFinish(wanted, before);
  // The instruction is over, so that its trap is due if the flag was set when it began; whether the
  // kernel has queued it (a load), forgotten it (a store), or queued something else instead.
  if ((owed_.rflags & kTrapFlag) != 0) OweSingleStep();
  owed_ = PendingExit{};
  return ZX_OK;
}

zx_status_t Core::Rewind() {
  if (!registers_.HaveSregs()) return ZX_ERR_NO_MEMORY;
  const kvm_regs wanted = regs();
  const kvm_sregs before = sregs();
  if (!FinishInKernel()) return Unending("an instruction").status;
  RestoreAfterFinish(wanted, before);
  owed_ = PendingExit{};
  return ZX_OK;
}

}  // namespace zircon::vcpu::x86
