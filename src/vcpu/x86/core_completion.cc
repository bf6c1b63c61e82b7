// Core: settling what an exit owes the kernel (vcpu/x86/pending_exit.h).

#include <zircon/errors.h>

#include <cerrno>
#include <cstring>

#include "guest/kvm_status.h"
#include "vcpu/x86/core.h"
#include "vcpu/x86/core_known_exit.h"
#include "vcpu/x86/injection.h"
#include "vcpu/x86/operand.h"

namespace zircon::vcpu::x86 {
namespace {

// An instruction that comes back more often repeats, whatever has been decoded: the guest may have
// changed its code since. It is cut short below.
constexpr int kLongestUnrepeated = 24;

}  // namespace

zx_status_t Core::Settle(bool* entered) {
  *entered = false;
  if (dead_ != ZX_OK) return dead_;
  if (owed_.settled_by_run()) return ZX_OK;
  if (SettleByRun()) return ZX_OK;
  *entered = true;
  return owed_.kind == PendingExit::kRewind ? Rewind() : FinishKeepingRegisters();
}

zx_status_t Core::FinishInKernel(StoreExit* pieces) {
  kvm_run& run = page();
  // What the VMM has written since is not for an instruction that began before. A store is over but
  // for its report: what is written then, between two tries, is the guest's.
  if (pieces == nullptr) run.kvm_dirty_regs = 0;
  int returns = 0;
  int error = EAGAIN;
  for (int i = 0; i < kMostReturns && (error == 0 || error == EAGAIN); ++i) {
    if (owed_.repeated || returns >= kLongestUnrepeated) {
      // This iteration is the last.
      run.s.regs.regs.rcx = 1;
      run.kvm_dirty_regs = KVM_SYNC_X86_REGS;
    }
    // A null selector looks nothing up, a zero address is as good as any.
    const bool reads = run.exit_reason == KVM_EXIT_MMIO && run.mmio.is_write == 0;
    if (reads) std::memset(run.mmio.data, 0, sizeof(run.mmio.data));
    run.immediate_exit = 1;
    error = registers_.RunForAll();
    if (error != 0) continue;
    ++returns;
    const bool writes = run.exit_reason == KVM_EXIT_MMIO && run.mmio.is_write != 0;
    if (writes && pieces != nullptr) pieces->Add(run.mmio.phys_addr, run.mmio.len, run.mmio.data);
  }
  // The byte stays set: a signal that came meanwhile has left no other trace (vcpu/processor.cc).
  switch (error) {
    case EINTR:
      if (pieces != nullptr) pieces->Complete();
      return ZX_OK;
    case 0:
      return Unending(pieces != nullptr ? "a store" : "an instruction");
    case EAGAIN:  // again and again: for now it cannot
      return HandleRunError(ENOMEM).status;
    default:
      return HandleRunError(error).status;
  }
}

zx_status_t Core::FinishFrom(const kvm_regs& wanted, const kvm_sregs& before) {
  const zx_status_t status = FinishInKernel();
  if (status != ZX_OK) {
    // As if it had not been tried: the next enter goes on where the kernel has stopped.
    regs() = wanted;
    registers_.KeepSregs(before);
  }
  return status;
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
  QueueException(&page(), kDebugException);
}

zx_status_t Core::FinishKeepingRegisters() {
  if (!registers_.HaveSregs()) return ZX_ERR_NO_MEMORY;
  kvm_regs wanted = regs();
  const kvm_sregs before = sregs();
  const zx_status_t status = FinishFrom(wanted, before);
  if (status != ZX_OK) return status;
  wanted.rip = owed_.next_rip != 0 ? owed_.next_rip : regs().rip;
  wanted.rflags &= ~kResumeFlag;
  RestoreAfterFinish(wanted, before);
  // The instruction is over, so that its trap is due if the flag was set when it began; whether the
  // kernel has queued it (a load), forgotten it (a store), or queued something else instead.
  if ((owed_.rflags & kTrapFlag) != 0) OweSingleStep();
  owed_ = PendingExit{};
  if (!steps()) return ZX_OK;
  const int error = fd_.SetRegs(wanted);
  return error != 0 ? guest::StatusFromErrno(error) : RestartStep();
}

zx_status_t Core::Rewind() {
  if (!registers_.HaveSregs()) return ZX_ERR_NO_MEMORY;
  const kvm_regs wanted = regs();
  const kvm_sregs before = sregs();
  // What keeps it from being rewound now does so again at the next enter, or no more.
  owed_.kind = PendingExit::kRewind;
  const zx_status_t status = FinishFrom(wanted, before);
  if (status != ZX_OK) return status;
  RestoreAfterFinish(wanted, before);
  owed_ = PendingExit{};
  return ZX_OK;
}

Turn Core::RewindAndGive(zx_status_t status) {
  const zx_status_t rewound = Rewind();
  return Turn::Status(rewound == ZX_OK ? status : rewound);
}

}  // namespace zircon::vcpu::x86
