// Core: the x86-64 half of a VCPU: its register file, what an exit still owes the kernel, what is
// to be injected, and what each exit means. vcpu/processor.h drives it turn by turn and knows
// nothing of x86. What each enter goes through is inline, in vcpu/x86/core_known_exit.h.
//
// Ownership: the Processor's. Thread safety: the owner thread.

#pragma once

#include <zircon-kvm/debug.h>
#include <zircon/syscalls/hypervisor.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include <array>
#include <cstdint>

#include "guest/guest.h"
#include "kvm/vcpu_fd.h"
#include "vcpu/exit_counters.h"
#include "vcpu/x86/access_memory.h"
#include "vcpu/x86/eoi_flag.h"
#include "vcpu/x86/guest_view.h"
#include "vcpu/x86/instruction.h"
#include "vcpu/x86/local_apic.h"
#include "vcpu/x86/pending_exit.h"
#include "vcpu/x86/pending_interrupts.h"
#include "vcpu/x86/port_finder.h"
#include "vcpu/x86/register_file.h"
#include "vcpu/x86/store_finder.h"
#include "vcpu/x86/tsc_clock.h"

namespace zircon::vcpu {

// What one turn of the run loop came to.
struct Turn {
  enum Kind {
    kContinue,  // into the guest again
    kPacket,    // the VMM gets the packet
    kHalt,      // the guest waits for an interrupt
    kBell,      // a bell is to be queued first: Core::bell()
    kStatus,    // enter gives `status`
  };
  Kind kind = kContinue;
  zx_status_t status = ZX_OK;

  static Turn Continue() { return {kContinue, ZX_OK}; }
  static Turn Packet() { return {kPacket, ZX_OK}; }
  static Turn Halt() { return {kHalt, ZX_OK}; }
  static Turn Bell() { return {kBell, ZX_OK}; }
  static Turn Status(zx_status_t status) { return {kStatus, status}; }
};

namespace x86 {

// A store into a BELL trap whose packet is not in the port yet.
struct PendingBell {
  const guest::Trap* trap = nullptr;
  uint64_t address = 0;
};

// The code of an instruction that accessed a MEM trap; 0 behind its length.
using InstructionBytes = std::array<uint8_t, kMaxInstructionLength>;

class Core {
 public:
  Core(kvm::VcpuFd& fd, guest::Guest& guest, uint32_t id, PendingInterrupts* pending,
       ExitCounters* counters);

  // The VCPU is as new, or as another left it (`used`). An errno.
  [[nodiscard]] int Initialize(uint64_t entry, bool used);

  // ---- State, between enters ----

  void ReadState(zx_vcpu_state_t* state) const;
  void WriteState(const zx_vcpu_state_t& state);
  void WriteIo(const zx_vcpu_io_t& io);

  // ---- For a debugger (core_debug.cc), between enters ----

  // Brings the VCPU to where nothing is owed and everything is known: the instruction of the last
  // packet is over. ZX_OK, or what enter would give. What follows needs it.
  [[nodiscard]] zx_status_t Rest();
  // Whether it may be changed: not past running, nor in the middle of an instruction.
  bool can_be_written() const { return dead_ == ZX_OK && !exit_unseen(); }
  [[nodiscard]] zx_status_t ReadRegisters(zircon_kvm_general_registers_t* to);
  [[nodiscard]] zx_status_t ReadRegisters(zircon_kvm_system_registers_t* to);
  [[nodiscard]] zx_status_t ReadRegisters(zircon_kvm_debug_registers_t* to);
  [[nodiscard]] zx_status_t ReadRegisters(zircon_kvm_vector_registers_t* to);
  [[nodiscard]] zx_status_t ReadRegisters(zircon_kvm_apic_registers_t* to);
  [[nodiscard]] zx_status_t ReadRegisters(zircon_kvm_events_t* to);
  [[nodiscard]] zx_status_t WriteRegisters(const zircon_kvm_general_registers_t& from);
  [[nodiscard]] zx_status_t WriteRegisters(const zircon_kvm_system_registers_t& from);
  [[nodiscard]] zx_status_t WriteRegisters(const zircon_kvm_debug_registers_t& from);
  [[nodiscard]] zx_status_t WriteRegisters(const zircon_kvm_vector_registers_t& from);
  [[nodiscard]] zx_status_t ReadMachineRegister(uint32_t index, uint64_t* value);
  [[nodiscard]] zx_status_t WriteMachineRegister(uint32_t index, uint64_t value);
  [[nodiscard]] zx_status_t SetDebug(const zircon_kvm_debug_t& wanted);

  // ---- Turns ----

  // Whether the next run settles what the last exit owes; if so, that is arranged.
  bool SettleByRun();
  // Settles what the last exit owes. ZX_OK, or what enter gives. *entered: the kernel was entered
  // for it.
  [[nodiscard]] zx_status_t Settle(bool* entered);
  // Chooses what to inject. ZX_OK, or what enter gives.
  [[nodiscard]] zx_status_t PrepareRun(bool interrupts_added);
  // After PrepareRun(): whether it would do nothing if it were asked again, up to the timer's
  // deadline.
  bool nothing_waits() const {
    return !may_have_pending_ && !exception_waits_ && bell_.trap == nullptr && dead_ == ZX_OK;
  }
  // Whether that deadline has not come.
  bool nothing_due() const {
    const uint64_t deadline = apic_.timer_deadline();
    return deadline == LocalApic::kNever || TscClock::Now() < deadline;
  }
  // Whether the exit in the run page has not been looked at yet (the kernel had no memory).
  bool exit_unseen() const { return owed_.unseen(); }
  // KVM_RUN: an errno.
  [[nodiscard]] int Run() { return registers_.Run(); }
  kvm_run& page() const { return registers_.page(); }
  // Where the guest stands, at an exit.
  const __u64& rip() const { return regs().rip; }
  // An exit that HandleExit() has had to look at once: packet and all, as that would do it. False:
  // it is to look at this one too; nothing has been done.
  bool HandleKnownExit(zx_port_packet_t* packet);
  // What the exit in the run page means; `packet` is filled for kPacket.
  Turn HandleExit(zx_port_packet_t* packet);
  // KVM_RUN itself failed with `error` (not EINTR, EAGAIN).
  Turn HandleRunError(int error);

  // The bytes of the instruction behind a GUEST_MEM packet that HandleExit() has just made; none
  // for other packets. ZX_ERR_NOT_FOUND if the guest's page tables do not lead to them.
  [[nodiscard]] zx_status_t ReadInstruction(const zx_port_packet_t& packet, InstructionBytes* code);

  PendingBell& bell() { return bell_; }

  // Slots or traps have changed since the last turn.
  void ForgetTables() {
    ports_.Forget();
    accesses_.Forget();
    io_trap_ = {};
    memory_trap_ = nullptr;
  }

  // The VCPU has been kicked: the guest goes on behind a HLT that it is in.
  void EndHalt();

  // When the guest's timer is due or another try is, in nanoseconds of CLOCK_MONOTONIC (INT64_MAX:
  // never).
  int64_t TimerDeadline();
  // False: TimerDeadline() is never.
  bool may_have_deadline() const {
    return apic_.timer_deadline() != LocalApic::kNever || exception_waits_;
  }
  // After PrepareRun(): whether the guest exits as soon as it can take an interrupt.
  bool exits_for_interrupts() const {
    return page().request_interrupt_window != 0 && !exception_waits_;
  }
  // Makes the timer's interrupt pending if it is due.
  void ExpireTimer();
  // The host's clocks have run apart since the deadline was computed: compute it anew.
  void ForgetTimerTime() { timer_tsc_ = LocalApic::kNever; }

  // Whether a halted guest has a reason to go on. The next PrepareRun() will see it, although the
  // request that came with it may have been taken by then.
  bool TakeNoteOfPending() {
    const bool any = pending_.Any();
    if (any) may_have_pending_ = true;
    return any;
  }

 private:
  static constexpr uint64_t kTrapFlag = 1u << 8;
  static constexpr uint64_t kResumeFlag = 1u << 16;
  static constexpr uint32_t kDebugException = 1;
  static constexpr uint64_t kDr6SingleStep = 1u << 14;

  kvm_regs& regs() { return registers_.regs(); }
  const kvm_regs& regs() const { return registers_.regs(); }
  const kvm_sregs& sregs() const { return registers_.sregs(); }

  // The trap that covers it, or null; the last one is remembered.
  const guest::Trap* MemoryTrap(uint64_t gpa);

  // What WriteState() has found to differ.
  [[gnu::noinline]] void TakeState(const zx_vcpu_state_t& state, uint64_t rflags);

  // pending exits (core_completion.cc)
  bool FoldLoad();
  // Lets the kernel finish the instruction. What it reads is zeros; of a store that is reported in
  // pieces `pieces` gets the rest. ZX_OK, or what enter gives: ZX_ERR_NO_MEMORY where the kernel
  // cannot for now, and another call goes on from there.
  [[nodiscard]] zx_status_t FinishInKernel(StoreExit* pieces = nullptr);
  // The same, with registers that are still these when the kernel cannot.
  [[nodiscard]] zx_status_t FinishFrom(const kvm_regs& wanted, const kvm_sregs& before);
  // Puts the registers back, and what else the kernel may have made of bytes that do not matter.
  void RestoreAfterFinish(const kvm_regs& wanted, const kvm_sregs& before);
  // The guest gets the trap of a single step before its next instruction.
  void OweSingleStep();
  [[nodiscard]] zx_status_t FinishKeepingRegisters();
  // The instruction is as if it had not been begun: the same exit comes again.
  [[nodiscard]] zx_status_t Rewind();
  // The same, and enter gives `status`.
  Turn RewindAndGive(zx_status_t status);

  // port exits (core_io.cc)
  Turn HandleIo(zx_port_packet_t* packet);
  Turn RefuseIo(const PortInstruction& insn, zx_status_t status);
  bool HandleKnownIo(zx_port_packet_t* packet);
  // The packet of an IN or OUT, and what an IN owes.
  void TakeIo(uint64_t key, zx_port_packet_t* packet);

  // memory exits (core_memory.cc)
  Turn HandleMmio(zx_port_packet_t* packet);
  bool RingsAtOnce(const guest::Trap& trap) const;
  // Of store_, as the next one too.
  Turn HandleStore(zx_port_packet_t* packet);
  Turn HandleLoad(const guest::Trap* trap, zx_port_packet_t* packet);
  Turn RefuseStore();
  bool HandleKnownAccess(zx_port_packet_t* packet);
  void TakeLoad(const KnownLoad& load);
  // Its instruction, with what more it takes from the kernel to be sure of it. ZX_OK, or what enter
  // gives.
  [[nodiscard]] zx_status_t FindStore(Store* store, bool* found);
  // The kernel has not told all of it: the next enter looks again.
  Turn StopInStore(zx_status_t status);
  void FillMemPacket(const guest::Trap& trap, uint64_t address, uint64_t rip, uint8_t length,
                     uint8_t operand_size, zx_port_packet_t* packet) const;

  // steps and breakpoints (core_debug.cc)
  bool steps() const { return (debug_.control & KVM_GUESTDBG_SINGLESTEP) != 0; }
  [[nodiscard]] zx_status_t RestartStep();
  Turn HandleDebug(zx_port_packet_t* packet);
  bool IsDirectMsr(uint32_t index) const;

  // The kernel has no memory to tell what the exit means: enter says so, and the next looks again.
  Turn LookAgain();
  // The timer, and what is pending.
  [[nodiscard]] zx_status_t PrepareEvents(bool interrupts_added);
  // As InjectNext(), with the events that it takes.
  [[nodiscard]] zx_status_t Inject();

  // other exits (core.cc)
  // Of a register that the library keeps for the guest.
  MsrResult ReadOwnMsr(uint32_t msr, uint64_t* value) const;
  Turn HandleReadMsr();
  // Tells the kernel how the RDMSR or WRMSR ends.
  void AnswerMsr(const MsrResult& result);
  Turn HandleWriteMsr(zx_port_packet_t* packet);
  // WRMSR; enter gives that.
  Turn RefuseMsr(zx_status_t status);
  Turn HandleEmulationFailure();
  Turn LogOnce(const char* what, uint64_t number);
  // The kernel exits again and again for one instruction.
  zx_status_t Unending(const char* what);

  // What a trap of I/O ports says, at hand.
  struct PortTrap {
    uint64_t base = 0;
    uint64_t size = 0;
    uint64_t key = 0;
    bool Contains(uint64_t port) const { return port - base < size; }
  };

  ExitCounters& counters_;
  RegisterFile registers_;
  PendingExit owed_;
  PortTrap io_trap_;  // the last one
  LocalApic apic_;
  EoiFlag eoi_flag_;
  PortMemory ports_;
  AccessMemory accesses_;

  kvm::VcpuFd& fd_;
  guest::Guest& guest_;
  const uint32_t id_;
  PendingInterrupts& pending_;
  bool may_have_pending_ = false;  // the owner's own note of pending_
  TscClock clock_;
  // An exception is pending that the run before could not take (contract INT-11): IF is no hurdle
  // for it, so no interrupt window tells when it can.
  bool exception_waits_ = false;
  // The timer's deadline in both clocks; computed again when the counter's changes.
  uint64_t timer_tsc_ = LocalApic::kNever;
  int64_t timer_monotonic_ = INT64_MAX;

  PendingBell bell_;
  const guest::Trap* memory_trap_ = nullptr;
  GuestView view_;
  StoreFinder stores_;
  StoreExit store_;  // the last one whose instruction was looked for
  DecodeCache loads_;
  bool told_no_memory_ = false;
  bool hold_events_ = false;
  const bool kernel_apic_;      // Its local APIC is the kernel's; apic_ is never asked then.
  kvm_guest_debug debug_ = {};  // what the kernel was told last
  // A state from which no run can come back (triple fault, an exit without a meaning): enter gives
  // this from then on.
  zx_status_t dead_ = ZX_OK;
};

}  // namespace x86
}  // namespace zircon::vcpu
