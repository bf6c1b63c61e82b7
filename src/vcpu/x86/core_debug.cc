// Core: what a debugger sees of the VCPU and does to it (contract DEBUG rows), between enters.

#include <zircon/errors.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "guest/kvm_status.h"
#include "vcpu/x86/core.h"
#include "vcpu/x86/kernel_apic.h"

namespace zircon::vcpu::x86 {
namespace {

constexpr uint32_t kBreakpointException = 3;
constexpr uint64_t kDr6Breakpoints = 0xF;
constexpr uint64_t kDr7Exact = 1u << 9;
constexpr uint64_t kDr7Reserved = 1u << 10;

// What the kernel does not take, and what it lacks.
zx_status_t Refusal(int error) {
  return error == EINVAL ? ZX_ERR_INVALID_ARGS : guest::StatusFromErrno(error);
}

// The attributes of a segment, each with its place in the public word.
template <typename Segment, typename Each>
void ForAttributes(Segment& segment, Each each) {
  each(segment.type, 0, 0xF);
  each(segment.s, 4, 1);
  each(segment.dpl, 5, 3);
  each(segment.present, 7, 1);
  each(segment.avl, 12, 1);
  each(segment.l, 13, 1);
  each(segment.db, 14, 1);
  each(segment.g, 15, 1);
}

zircon_kvm_segment_t FromKernel(const kvm_segment& from) {
  zircon_kvm_segment_t to = {};
  to.base = from.base;
  to.limit = from.limit;
  to.selector = from.selector;
  ForAttributes(from, [&to](uint8_t value, int shift, int mask) {
    to.attributes = static_cast<uint16_t>(to.attributes | (value & mask) << shift);
  });
  return to;
}

kvm_segment ToKernel(const zircon_kvm_segment_t& from) {
  kvm_segment to = {};
  to.base = from.base;
  to.limit = from.limit;
  to.selector = from.selector;
  ForAttributes(to, [&from](uint8_t& value, int shift, int mask) {
    value = static_cast<uint8_t>(from.attributes >> shift & mask);
  });
  to.unusable = to.present == 0;
  return to;
}

// The segments of both structures, pair by pair.
template <typename Ours, typename Kernels, typename Each>
void ForSegments(Ours& ours, Kernels& kernels, Each each) {
  each(ours.cs, kernels.cs);
  each(ours.ds, kernels.ds);
  each(ours.es, kernels.es);
  each(ours.fs, kernels.fs);
  each(ours.gs, kernels.gs);
  each(ours.ss, kernels.ss);
  each(ours.tr, kernels.tr);
  each(ours.ldt, kernels.ldt);
}

// Its bits in DR7: enabled in all tasks, what it is for, and how long it is.
bool ControlOf(const zircon_kvm_breakpoint_t& breakpoint, size_t index, uint64_t* control) {
  uint64_t kind = 0;
  switch (breakpoint.kind) {
    case ZIRCON_KVM_BREAKPOINT_OFF:
      return true;
    case ZIRCON_KVM_BREAKPOINT_EXECUTE:
      if (breakpoint.size != 1) return false;
      break;
    case ZIRCON_KVM_BREAKPOINT_WRITE:
      kind = 1;
      break;
    case ZIRCON_KVM_BREAKPOINT_ACCESS:
      kind = 3;
      break;
    default:
      return false;
  }
  uint64_t length = 0;
  switch (breakpoint.size) {
    case 1:
      break;
    case 2:
      length = 1;
      break;
    case 4:
      length = 3;
      break;
    case 8:
      length = 2;
      break;
    default:
      return false;
  }
  if (breakpoint.address % breakpoint.size != 0) return false;
  *control |= uint64_t{2} << (2 * index) | (length << 2 | kind) << (16 + 4 * index);
  return true;
}

}  // namespace

zx_status_t Core::Rest() {
  // Past running, or an exit that is to be looked at: the registers are as that left them.
  if (dead_ != ZX_OK || exit_unseen()) return ZX_OK;
  bool entered = false;
  const zx_status_t status = Settle(&entered);
  if (status != ZX_OK) return status;
  if (exit_unseen()) return ZX_OK;
  // The kernel takes what it is owed and what was changed, and tells everything.
  fd_.run().immediate_exit = 1;
  const int error = registers_.RunForAll();
  owed_ = PendingExit{};
  if (error == EINTR || error == EAGAIN) return ZX_OK;
  if (error != 0) return HandleRunError(error).status;
  // The instruction has come to another exit, or to the end of a step: the next enter's.
  owed_.kind = PendingExit::kUnseen;
  return ZX_OK;
}

zx_status_t Core::ReadRegisters(zircon_kvm_general_registers_t* to) {
  const kvm_regs& from = regs();
  *to = {from.rax, from.rcx, from.rdx, from.rbx, from.rsp, from.rbp,
         from.rsi, from.rdi, from.r8,  from.r9,  from.r10, from.r11,
         from.r12, from.r13, from.r14, from.r15, from.rip, from.rflags};
  return ZX_OK;
}

zx_status_t Core::WriteRegisters(const zircon_kvm_general_registers_t& from) {
  const kvm_regs wanted = {.rax = from.rax,
                           .rbx = from.rbx,
                           .rcx = from.rcx,
                           .rdx = from.rdx,
                           .rsi = from.rsi,
                           .rdi = from.rdi,
                           .rsp = from.rsp,
                           .rbp = from.rbp,
                           .r8 = from.r8,
                           .r9 = from.r9,
                           .r10 = from.r10,
                           .r11 = from.r11,
                           .r12 = from.r12,
                           .r13 = from.r13,
                           .r14 = from.r14,
                           .r15 = from.r15,
                           .rip = from.rip,
                           .rflags = from.rflags};
  const int error = fd_.SetRegs(wanted);
  if (error != 0) return Refusal(error);
  regs() = wanted;
  return RestartStep();
}

zx_status_t Core::ReadRegisters(zircon_kvm_system_registers_t* to) {
  if (!registers_.HaveSregs()) return ZX_ERR_NO_MEMORY;
  const kvm_sregs& from = sregs();
  ForSegments(*to, from, [](auto& ours, const auto& kernels) { ours = FromKernel(kernels); });
  to->gdt_base = from.gdt.base;
  to->gdt_limit = from.gdt.limit;
  to->idt_base = from.idt.base;
  to->idt_limit = from.idt.limit;
  to->cr0 = from.cr0;
  to->cr2 = from.cr2;
  to->cr3 = from.cr3;
  to->cr4 = from.cr4;
  to->cr8 = from.cr8;
  to->efer = from.efer;
  to->apic_base = from.apic_base;
  // A processor without XSAVE has none.
  const int error = fd_.GetXcr0(&to->xcr0);
  return error == EINVAL ? ZX_OK : guest::StatusFromErrno(error);
}

zx_status_t Core::WriteRegisters(const zircon_kvm_system_registers_t& from) {
  if (!registers_.HaveSregs()) return ZX_ERR_NO_MEMORY;
  // An interrupt that is on its way stays.
  kvm_sregs to = sregs();
  ForSegments(from, to, [](const auto& ours, auto& kernels) { kernels = ToKernel(ours); });
  to.gdt.base = from.gdt_base;
  to.gdt.limit = static_cast<uint16_t>(from.gdt_limit);
  to.idt.base = from.idt_base;
  to.idt.limit = static_cast<uint16_t>(from.idt_limit);
  to.cr0 = from.cr0;
  to.cr2 = from.cr2;
  to.cr3 = from.cr3;
  to.cr4 = from.cr4;
  to.cr8 = from.cr8;
  to.efer = from.efer;
  int error = fd_.SetSregs(to);
  if (error != 0) return Refusal(error);
  // As the kernel has them now.
  error = registers_.FetchSregs() ? 0 : ENOMEM;
  view_.Forget();
  return error != 0 ? Refusal(error) : RestartStep();
}

zx_status_t Core::ReadRegisters(zircon_kvm_debug_registers_t* to) {
  kvm_debugregs from = {};
  const int error = fd_.GetDebugRegs(&from);
  std::copy(std::begin(from.db), std::end(from.db), to->dr);
  to->dr6 = from.dr6;
  to->dr7 = from.dr7;
  return guest::StatusFromErrno(error);
}

zx_status_t Core::WriteRegisters(const zircon_kvm_debug_registers_t& from) {
  kvm_debugregs to = {};
  std::copy(std::begin(from.dr), std::end(from.dr), to.db);
  to.dr6 = from.dr6;
  to.dr7 = from.dr7;
  return Refusal(fd_.SetDebugRegs(to));
}

zx_status_t Core::ReadRegisters(zircon_kvm_vector_registers_t* to) {
  static_assert(sizeof(kvm_xsave) >= sizeof(*to));
  return guest::StatusFromErrno(fd_.GetXsave(reinterpret_cast<kvm_xsave*>(to)));
}

zx_status_t Core::WriteRegisters(const zircon_kvm_vector_registers_t& from) {
  return Refusal(fd_.SetXsave(reinterpret_cast<const kvm_xsave&>(from)));
}

zx_status_t Core::ReadRegisters(zircon_kvm_apic_registers_t* to) {
  *to = {};
  to->id = id_;
  if (kernel_apic_) return guest::StatusFromErrno(TellKernelApic(fd_, to));
  apic_.Tell(to);
  return ZX_OK;
}

zx_status_t Core::ReadRegisters(zircon_kvm_events_t* to) {
  *to = {};
  if (!registers_.HaveEvents()) return ZX_ERR_NO_MEMORY;
  const kvm_vcpu_events& from = registers_.events();
  for (uint32_t vector = 0; vector < kVectors; ++vector) {
    if (pending_.Has(vector)) to->pending[vector / 64] |= uint64_t{1} << (vector % 64);
  }
  to->exception = from.exception.injected != 0 || from.exception.pending != 0;
  to->exception_vector = from.exception.nr;
  to->exception_has_error_code = from.exception.has_error_code;
  to->exception_error_code = from.exception.error_code;
  to->interrupt = from.interrupt.injected != 0;
  to->interrupt_vector = from.interrupt.nr;
  to->interrupt_shadow = from.interrupt.shadow != 0;
  to->nmi = from.nmi.injected != 0 || from.nmi.pending != 0;
  to->nmi_blocked = from.nmi.masked != 0;
  return kernel_apic_ ? guest::StatusFromErrno(TellKernelApic(fd_, to)) : ZX_OK;
}

bool Core::IsDirectMsr(uint32_t index) const {
  const auto direct = guest::x86::DirectMsrsOf(guest_.host(), guest_.apics());
  return std::any_of(direct.begin(), direct.end(), [index](const kvm::MsrRange& range) {
    return index - range.first < range.count;
  });
}

zx_status_t Core::ReadMachineRegister(uint32_t index, uint64_t* value) {
  if (IsDirectMsr(index) || (kernel_apic_ && LocalApic::Covers(index))) {
    const int error = fd_.GetMsr(index, value);
    return error == EINVAL ? ZX_ERR_NOT_SUPPORTED : guest::StatusFromErrno(error);
  }
  return ReadOwnMsr(index, value).kind == MsrResult::kDone ? ZX_OK : ZX_ERR_NOT_SUPPORTED;
}

zx_status_t Core::WriteMachineRegister(uint32_t index, uint64_t value) {
  if (!IsDirectMsr(index)) return ZX_ERR_NOT_SUPPORTED;
  const int error = fd_.SetMsr(index, value);
  if (error != 0) return Refusal(error);
  // EFER and the bases of segments are among them.
  return registers_.FetchSregs() ? ZX_OK : ZX_ERR_NO_MEMORY;
}

zx_status_t Core::SetDebug(const zircon_kvm_debug_t& wanted) {
  constexpr uint32_t kFlags =
      ZIRCON_KVM_DEBUG_STEP | ZIRCON_KVM_DEBUG_BREAKPOINTS | ZIRCON_KVM_DEBUG_HOLD_EVENTS;
  if ((wanted.flags & ~kFlags) != 0) return ZX_ERR_INVALID_ARGS;
  kvm_guest_debug debug = {};
  uint64_t control = 0;
  for (size_t i = 0; i < ZIRCON_KVM_BREAKPOINTS; ++i) {
    if (!ControlOf(wanted.breakpoints[i], i, &control)) return ZX_ERR_INVALID_ARGS;
    debug.arch.debugreg[i] = wanted.breakpoints[i].address;
  }
  if (control != 0) {
    debug.control |= KVM_GUESTDBG_USE_HW_BP;
    debug.arch.debugreg[7] = control | kDr7Exact | kDr7Reserved;
  }
  if ((wanted.flags & ZIRCON_KVM_DEBUG_STEP) != 0) debug.control |= KVM_GUESTDBG_SINGLESTEP;
  if ((wanted.flags & ZIRCON_KVM_DEBUG_BREAKPOINTS) != 0) debug.control |= KVM_GUESTDBG_USE_SW_BP;
  // What waits in the kernel's APIC only the kernel can hold.
  if (kernel_apic_ && (wanted.flags & ZIRCON_KVM_DEBUG_HOLD_EVENTS) != 0) {
    debug.control |= KVM_GUESTDBG_BLOCKIRQ;
  }
  if (debug.control != 0) debug.control |= KVM_GUESTDBG_ENABLE;
  const int error = fd_.SetGuestDebug(debug);
  if (error != 0) return error == EINVAL ? ZX_ERR_NOT_SUPPORTED : guest::StatusFromErrno(error);
  debug_ = debug;
  // The end of a step that was asked for before is no news.
  if (exit_unseen() && fd_.run().exit_reason == KVM_EXIT_DEBUG) owed_ = PendingExit{};
  hold_events_ = (wanted.flags & ZIRCON_KVM_DEBUG_HOLD_EVENTS) != 0;
  // What was held is looked at again.
  if (pending_.Any()) may_have_pending_ = true;
  return ZX_OK;
}

// KVM takes the step for over when it is given registers with another RIP than at the beginning.
zx_status_t Core::RestartStep() {
  return steps() ? guest::StatusFromErrno(fd_.SetGuestDebug(debug_)) : ZX_OK;
}

Turn Core::HandleDebug(zx_port_packet_t* packet) {
  const kvm_debug_exit_arch& exit = fd_.run().debug.arch;
  zircon_kvm_stop_t stop = {};
  stop.address = exit.pc;
  if (exit.exception == kBreakpointException) {
    stop.reasons = ZIRCON_KVM_STOP_BREAKPOINT;
  } else if (exit.exception == kDebugException) {
    if ((exit.dr6 & kDr6SingleStep) != 0) stop.reasons |= ZIRCON_KVM_STOP_STEP;
    // A register's bit may be set where it is not enabled.
    const uint64_t hit = exit.dr6 & kDr6Breakpoints;
    for (uint32_t i = 0; i < ZIRCON_KVM_BREAKPOINTS; ++i) {
      const bool enabled = (debug_.arch.debugreg[7] >> (2 * i) & 3) != 0;
      if (enabled && (hit >> i & 1) != 0) stop.reasons |= ZIRCON_KVM_STOP_HARDWARE(i);
    }
  }
  if (RestartStep() != ZX_OK) return LookAgain();
  *packet = {};
  packet->type = ZIRCON_KVM_PKT_TYPE_DEBUG;
  static_assert(sizeof(stop) == sizeof(packet->user));
  std::memcpy(&packet->user, &stop, sizeof(stop));
  return Turn::Packet();
}

}  // namespace zircon::vcpu::x86
