#include "vcpu/x86/core.h"

#include <zircon/errors.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "base/log.h"
#include "base/monotonic.h"
#include "guest/kvm_status.h"
#include "vcpu/x86/core_state.h"
#include "vcpu/x86/initial_state.h"
#include "vcpu/x86/injection.h"
#include "vcpu/x86/kernel_apic.h"
#include "vcpu/x86/msr.h"
#include "vcpu/x86/operand.h"
#include "vcpu/x86/pvclock.h"

namespace zircon::vcpu::x86 {
namespace {

// An exception waits for an event that is on its way to the guest: how long until it is tried
// again, in nanoseconds. The event takes one entry, even an emulated processor's.
constexpr int64_t kExceptionRetry = 1'000'000;

constexpr uint32_t kFallbackTscKhz = 1'000'000;

// The ring that the guest is in: its stack segment has it, in every mode.
constexpr uint8_t kLeastPrivilege = 3;
uint8_t Privilege(const kvm_sregs& sregs) { return sregs.ss.dpl; }

}  // namespace

Core::Core(kvm::VcpuFd& fd, guest::Guest& guest, uint32_t id, PendingInterrupts* pending,
           ExitCounters* counters)
    : counters_(*counters),
      registers_(fd),
      apic_(id, guest.host().deadline_timer, pending),
      fd_(fd),
      guest_(guest),
      id_(id),
      pending_(*pending),
      view_(guest.space(), &fd),
      kernel_apic_(guest.apics() == guest::x86::Apics::kKernel) {}

int Core::Initialize(uint64_t entry, bool used) {
  const int error = SetInitialState(fd_, guest_.host(), id_, guest_.apics(), entry, used);
  if (error != 0) return error;
  registers_.Begin(!guest_.host().ready_means_no_event);
  uint32_t khz = kFallbackTscKhz;
  if (fd_.TscKhz(&khz) != 0) khz = kFallbackTscKhz;
  clock_ = TscClock(khz);
  return 0;
}

void Core::ReadState(zx_vcpu_state_t* state) const {
  const kvm_regs& from = regs();
  state->rax = from.rax;
  state->rcx = from.rcx;
  state->rdx = from.rdx;
  state->rbx = from.rbx;
  state->rsp = from.rsp;
  state->rbp = from.rbp;
  state->rsi = from.rsi;
  state->rdi = from.rdi;
  state->r8 = from.r8;
  state->r9 = from.r9;
  state->r10 = from.r10;
  state->r11 = from.r11;
  state->r12 = from.r12;
  state->r13 = from.r13;
  state->r14 = from.r14;
  state->r15 = from.r15;
  state->rflags = from.rflags & kUserFlags;
}

void Core::TakeState(const zx_vcpu_state_t& state, uint64_t rflags) {
  kvm_regs& to = regs();
  to.rax = state.rax;
  to.rcx = state.rcx;
  to.rdx = state.rdx;
  to.rbx = state.rbx;
  to.rsp = state.rsp;
  to.rbp = state.rbp;
  to.rsi = state.rsi;
  to.rdi = state.rdi;
  to.r8 = state.r8;
  to.r9 = state.r9;
  to.r10 = state.r10;
  to.r11 = state.r11;
  to.r12 = state.r12;
  to.r13 = state.r13;
  to.r14 = state.r14;
  to.r15 = state.r15;
  to.rflags = rflags;
  registers_.MarkRegs();
  if (steps()) static_cast<void>(RestartStep());
}

void Core::WriteIo(const zx_vcpu_io_t& io) {
  kvm_regs& to = regs();
  const uint64_t mask = (uint64_t{1} << (8 * io.access_size)) - 1;
  to.rax = (to.rax & ~mask) | (io.u32 & mask);
  // An IN that is owed takes it from RAX through the run buffer, as far as that is wide.
  if (owed_.kind != PendingExit::kIn || io.access_size > owed_.size) registers_.MarkRegs();
}

zx_status_t Core::PrepareRun(bool interrupts_added) {
  if (interrupts_added || may_have_pending_ || may_have_deadline()) {
    const zx_status_t status = PrepareEvents(interrupts_added);
    if (status != ZX_OK) return status;
  }
  // The run to come settles it.
  owed_ = PendingExit{};
  return ZX_OK;
}

zx_status_t Core::PrepareEvents(bool interrupts_added) {
  ExpireTimer();
  if (interrupts_added) may_have_pending_ = true;
  exception_waits_ = false;
  if (hold_events_) {
    fd_.run().request_interrupt_window = 0;
    return ZX_OK;
  }
  if (may_have_pending_) {
    // The kernel would not wake a halted VCPU for an exception.
    EndHalt();
    const zx_status_t status = Inject();
    exception_waits_ = may_have_pending_ && IsException(pending_.Highest());
    if (status != ZX_OK) return status;
  }
  return ZX_OK;
}

zx_status_t Core::Inject() {
  const bool fault_owed = owed_.kind == PendingExit::kFault;
  for (;;) {
    switch (
        InjectNext(&page(), fault_owed, registers_.knows_events(), &pending_, &may_have_pending_)) {
      case InjectionResult::kInterrupt:
        eoi_flag_.Raise(view_);
        return ZX_OK;
      case InjectionResult::kChosen:
        return ZX_OK;
      case InjectionResult::kNotSupported:
        return ZX_ERR_NOT_SUPPORTED;
      case InjectionResult::kNeedsEvents:
        if (!registers_.HaveEvents()) return ZX_ERR_NO_MEMORY;
        // Whether NMIs are blocked must not be forgotten when events are given to the kernel.
        if (pending_.Has(kNmi)) registers_.KeepEvents();
        break;
    }
  }
}

void Core::EndHalt() {
  // It fails where the kernel has no memory for the answer, on its stack: that is, never.
  if (kernel_apic_) static_cast<void>(x86::EndHalt(fd_));
}

int64_t Core::TimerDeadline() {
  int64_t deadline = INT64_MAX;
  const uint64_t tsc = apic_.timer_deadline();
  if (tsc != LocalApic::kNever) {
    if (tsc != timer_tsc_) {
      timer_tsc_ = tsc;
      timer_monotonic_ = clock_.MonotonicAt(tsc);
    }
    deadline = timer_monotonic_;
  }
  if (exception_waits_) deadline = std::min(deadline, base::MonotonicNow() + kExceptionRetry);
  return deadline;
}

void Core::ExpireTimer() {
  const uint64_t deadline = apic_.timer_deadline();
  if (deadline == LocalApic::kNever) return;
  const uint64_t now = TscClock::Now();
  if (now >= deadline && apic_.ExpireTimer(now)) may_have_pending_ = true;
}

Turn Core::HandleExit(zx_port_packet_t* packet) {
  const kvm_run& run = page();
  view_.Forget();
  const bool store_begun = owed_.kind == PendingExit::kStore;
  owed_ = PendingExit{};
  if (store_begun) return HandleStore(packet);
  switch (run.exit_reason) {
    case KVM_EXIT_IO:
      counters_.Count(ZIRCON_KVM_EXIT_IO);
      return HandleIo(packet);
    case KVM_EXIT_MMIO:
      counters_.Count(ZIRCON_KVM_EXIT_MMIO);
      return HandleMmio(packet);
    case KVM_EXIT_HLT:
      counters_.Count(ZIRCON_KVM_EXIT_HLT);
      // An NMI that KVM keeps back until the guest can take it is pending all the same.
      return registers_.knows_events() && registers_.events().nmi.pending != 0 ? Turn::Continue()
                                                                               : Turn::Halt();
    case KVM_EXIT_X86_RDMSR:
      counters_.Count(ZIRCON_KVM_EXIT_RDMSR);
      return HandleReadMsr();
    case KVM_EXIT_X86_WRMSR:
      counters_.Count(ZIRCON_KVM_EXIT_WRMSR);
      return HandleWriteMsr(packet);
    case KVM_EXIT_IRQ_WINDOW_OPEN:
      counters_.Count(ZIRCON_KVM_EXIT_IRQ_WINDOW);
      return Turn::Continue();
    case KVM_EXIT_INTR:
    case KVM_EXIT_SET_TPR:
      counters_.Count(ZIRCON_KVM_EXIT_INTR);
      return Turn::Continue();
    case KVM_EXIT_SHUTDOWN:
      // On some processors the exit has reset the VCPU: running it again would start elsewhere.
      counters_.Count(ZIRCON_KVM_EXIT_SHUTDOWN);
      LOG_DEBUG("VCPU {}: triple fault at {:#x}", id_, regs().rip);
      dead_ = ZX_ERR_NOT_SUPPORTED;
      return Turn::Status(dead_);
    case KVM_EXIT_DEBUG:
      counters_.Count(ZIRCON_KVM_EXIT_OTHER);
      return debug_.control != 0 ? HandleDebug(packet)
                                 : LogOnce("an exit without a meaning", run.exit_reason);
    case KVM_EXIT_FAIL_ENTRY:
      counters_.Count(ZIRCON_KVM_EXIT_FAIL_ENTRY);
      return Turn::Status(ZX_ERR_BAD_STATE);
    case KVM_EXIT_INTERNAL_ERROR:
      counters_.Count(ZIRCON_KVM_EXIT_INTERNAL_ERROR);
      if (run.internal.suberror == KVM_INTERNAL_ERROR_EMULATION) return HandleEmulationFailure();
      return LogOnce("internal error", run.internal.suberror);
    default:
      counters_.Count(ZIRCON_KVM_EXIT_OTHER);
      return LogOnce("an exit without a meaning", run.exit_reason);
  }
}

Turn Core::HandleRunError(int error) {
  if (error == ENOMEM || error == EFAULT) {
    // A page of a mapping could not be had; the instruction has not been executed.
    // Once: the VMM may try again for ever.
    if (!std::exchange(told_no_memory_, true)) {
      LOG_WARN("VCPU {}: the host has no memory for the guest (errno {})", id_, error);
    }
    return Turn::Status(ZX_ERR_NO_MEMORY);
  }
  return LogOnce("KVM_RUN fails with errno", static_cast<uint64_t>(error));
}

Turn Core::LookAgain() {
  owed_.kind = PendingExit::kUnseen;
  return HandleRunError(ENOMEM);
}

Turn Core::LogOnce(const char* what, uint64_t number) {
  LOG_ERROR("VCPU {} cannot go on: {} {}, RIP {:#x}", id_, what, number, regs().rip);
  dead_ = ZX_ERR_INTERNAL;
  return Turn::Status(dead_);
}

zx_status_t Core::Unending(const char* what) {
  LOG_ERROR("VCPU {} cannot go on: {} that does not end, exit reason {}, RIP {:#x}", id_, what,
            page().exit_reason, regs().rip);
  dead_ = ZX_ERR_INTERNAL;
  return dead_;
}

void Core::AnswerMsr(const MsrResult& result) {
  const bool faults = result.kind == MsrResult::kFault;
  page().msr.error = faults ? 1 : 0;
  if (faults) owed_ = PendingExit::Fault();
}

MsrResult Core::ReadOwnMsr(uint32_t msr, uint64_t* value) const {
  if (LocalApic::Covers(msr)) return apic_.Read(msr, value);
  if (IsClockMsr(msr)) return MsrResult::Fault();
  if (!EoiFlag::Covers(msr)) return ReadMsr(msr, id_, value);
  *value = eoi_flag_.value();
  return MsrResult::Done();
}

Turn Core::HandleReadMsr() {
  kvm_run& run = page();
  uint64_t value = 0;
  const uint32_t msr = run.msr.index;
  const MsrResult result = ReadOwnMsr(msr, &value);
  run.msr.data = value;
  AnswerMsr(result);
  return Turn::Continue();
}

Turn Core::HandleWriteMsr(zx_port_packet_t* packet) {
  kvm_run& run = page();
  const uint32_t msr = run.msr.index;
  const uint64_t value = run.msr.data;
  const MsrResult result = LocalApic::Covers(msr) ? apic_.Write(msr, value, packet)
                           : EoiFlag::Covers(msr) ? eoi_flag_.Write(value)
                           : IsClockMsr(msr)      ? WriteClockMsr(fd_, guest_.space(), msr, value)
                                                  : WriteMsr(msr, id_, value);
  AnswerMsr(result);
  switch (result.kind) {
    case MsrResult::kPacket:
      // An NMI to itself is pending already.
      if (pending_.Any()) may_have_pending_ = true;
      return Turn::Packet();
    case MsrResult::kError:
      return Turn::Status(result.status);
    case MsrResult::kRefuse:
      return RefuseMsr(result.status);
    case MsrResult::kHost:
      if (result.error == ENOMEM) return RefuseMsr(HandleRunError(ENOMEM).status);
      return LogOnce("KVM_SET_MSRS fails with errno", static_cast<uint64_t>(result.error));
    default:
      // A write to the APIC itself may have made something pending.
      if (pending_.Any()) may_have_pending_ = true;
      return Turn::Continue();
  }
}

Turn Core::RefuseMsr(zx_status_t status) {
  if (!registers_.HaveSregs()) return LookAgain();
  return RewindAndGive(status);
}

Turn Core::HandleEmulationFailure() {
  // KVM may have queued a #UD with the exit; taking the registers back as they are drops it, so
  // that the same instruction is tried again.
  if (!registers_.HaveSregs() || !registers_.HaveEvents()) return LookAgain();
  registers_.events().exception = {};
  registers_.MarkRegs();
  registers_.MarkEvents();
  // Code that is not mapped in guest-physical memory is one cause: all of it, or what comes after
  // the first bytes. The rest is what KVM cannot do.
  const uint64_t code = LinearCode(sregs(), regs().rip);
  uint8_t bytes[kMaxInstructionLength];
  const size_t have = view_.Read(sregs(), code, bytes, sizeof(bytes));
  Instruction insn;
  const bool whole = Decode(bytes, have, CodeModeOf(sregs()), &insn);
  uint64_t gpa = 0;
  if (have < sizeof(bytes) && !whole && view_.Translate(sregs(), code + have, &gpa)) {
    const zx_status_t why = guest_.space().Explain(gpa, false);
    if (why != ZX_OK) return Turn::Status(why);
  }
  // What a program of the guest does must not stop the guest: to it the instruction does not exist.
  // SYSENTER and SYSEXIT do not exist in the long mode of AMD's processors, which is where KVM
  // cannot execute them.
  const bool is_sysenter = whole && insn.form == Form::kSysenter;
  const bool undefined = Privilege(sregs()) == kLeastPrivilege || is_sysenter;
  if (!undefined) return Turn::Status(ZX_ERR_NOT_SUPPORTED);
  QueueException(&page(), kUndefinedOpcode);
  return Turn::Continue();
}

}  // namespace zircon::vcpu::x86
