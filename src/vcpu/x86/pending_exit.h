// PendingExit: what the instruction that exited still owes the kernel when the VMM has the VCPU.
//
//   kind      the exit            at the next enter
//   kNone     OUT, store, MSR …   nothing: the kernel finishes it by itself
//   kIn       IN                  RAX goes into the run buffer, if that gives the same registers;
//                                 else as kOther
//   kLoad     MOV-type load       the destination register goes into the run buffer, likewise
//   kOther    any other read      the kernel finishes it with immediate_exit; then the registers
//             (ALU, RMW, …)       become those that the VMM saw and wrote, RIP past the instruction
//   kRewind   a refused access    the kernel finishes it, the registers become what they are, and
//                                 it is executed again (tried before: the kernel had no memory)
//   kUnseen   any                 the exit is looked at: the kernel had no memory to tell of it
//   kStore    a store in pieces   likewise, with the pieces that it has told of (Core::store_)
//   kFault    MSR that is not     nothing but to put no event in beside the #GP, which the kernel
//             the guest's         queues by itself and which would take that event's place
//
// The VMM never sees half an instruction: read_state shows the registers as the contract wants them
// from the moment enter returns, write_state changes those, and what is owed is settled later.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "vcpu/x86/instruction.h"

namespace zircon::vcpu::x86 {

// How often the kernel may come back for one instruction before that is over. Most do a few times:
// the pieces of a split access, read and written, the eight registers of a POPA. The longest is a
// REP INS. The kernel reads up to 1,024 bytes ahead from the port and stores them all at once;
// where the store meets no memory it comes back for every 8 of them.
inline constexpr int kMostReturns = 32 + 1024 / 8;

struct PendingExit {
  enum Kind : uint8_t { kNone, kIn, kLoad, kOther, kRewind, kUnseen, kStore, kFault };

  Kind kind = kNone;
  uint8_t size = 0;             // kIn, kLoad: bytes that the kernel waits for
  bool repeated = false;        // kOther: a REP prefix; the remaining iterations are dropped
  Form form = Form::kOther;     // kLoad: how the bytes become a register
  GeneralRegister destination;  // kLoad
  uint64_t rflags = 0;          // as at the exit: an edit shows against it
  uint64_t next_rip = 0;        // behind the instruction; 0 when only the kernel knows

  // All but what each exit brings, its flags and where it is: what stands before them, as one word.
  void TakeKind(const PendingExit& from);
  static PendingExit Fault() {
    PendingExit fault;
    fault.kind = kFault;
    return fault;
  }

  // Whether nothing is to be settled before the next run.
  bool settled_by_run() const { return kind == kNone || kind == kFault || unseen(); }
  // Whether the exit is still to be looked at.
  bool unseen() const { return kind == kUnseen || kind == kStore; }
};

static_assert(offsetof(PendingExit, rflags) == sizeof(uint64_t));

inline void PendingExit::TakeKind(const PendingExit& from) {
  std::memcpy(static_cast<void*>(this), &from, sizeof(uint64_t));
}

}  // namespace zircon::vcpu::x86
