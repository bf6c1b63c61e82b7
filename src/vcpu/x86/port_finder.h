// Which instruction made an exit for an I/O port. IN, OUT, INS and OUTS come as the same exit, and
// hosts differ in what they have done by then:
//
//   instruction     RIP at the exit                          registers
//   IN, INS         on it                                    as before it
//   OUT             on it, or past it (software KVMs)        as before it
//   OUTS            past it                                  RSI moved
//   REP OUTS        on it, RFLAGS.RF set                     RSI, RCX moved
//
// So for an output both what stands at RIP and what ends there are looked at, and what was written
// decides: it is RAX's low bytes for OUT, memory for OUTS.
//
// Thread safety: the owner thread, inside enter.

#pragma once

#include <cstdint>

#include "kvm/kvm_abi.h"
#include "vcpu/x86/guest_view.h"

namespace zircon::vcpu::x86 {

struct PortInstruction {
  bool string = false;
  kvm_regs before = {};      // the registers with which it would be executed again
  uint64_t destination = 0;  // INS: the linear address that it stores to, else 0
};

// Whether it is a plain IN or OUT, by the opcode alone: the usual case, without a decoder.
bool IsPlainPortInstruction(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                            const kvm_run& run);
PortInstruction FindPortInstruction(GuestView& view, const kvm_regs& regs, const kvm_sregs& sregs,
                                    const kvm_run& run);

}  // namespace zircon::vcpu::x86
